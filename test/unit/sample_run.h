/* sample_run.h: a run and a ticket of it, by hand, and how its JSON is compared. */
#ifndef SAMPLE_RUN_H
#define SAMPLE_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/run.h"
#include "model/ticket.h"

struct sample {
    struct run run;
    struct series series[2];
    struct setting settings[6];
    struct choice choices[2];
    struct action actions[1];
    struct param params[3];
    struct config configs[1];
    struct ticket ticket;         /* a set of lr, applied */
    struct outcome_item items[3]; /* the third, of the text, is not counted in */
};

enum { SAMPLE_NOW_S = 1790000000 };
#define SAMPLE_NOW_NS (INT64_C(1000000000) * SAMPLE_NOW_S)

void sample_init(struct sample *sample);

/* `out` is this JSON, where ' stands for "; it is emptied. */
void check_json(struct buf *out, const char *expected);

#endif
