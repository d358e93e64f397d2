/* resume.h: what one life of a run leaves to the next, in the file RUN/resume: revisions and values of all settings,
 * the newest checkpoint, the last step. Revisions go on counting in each life; values are compared and told, never
 * applied. */
#ifndef TRAINER_RESUME_H
#define TRAINER_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include <trimtab/trimtab.h>

#include "base/value.h"
#include "channel/liveness.h"
#include "channel/resume_file.h"

/* A setting as an earlier life left it. */
struct resume_setting {
    char *name;
    struct value value;
    char *text; /* of a string the value, of a choice its name: what value.text points to; else NULL */
    uint64_t revision;
};

struct resume_checkpoint {
    char *id, *path; /* NULL: none */
    int64_t step;
    uint64_t bytes;
};

struct resume {
    bool asked;    /* by options.resume or $TRIMTAB_RESUME */
    bool lived;    /* the run had a life before this one */
    bool begun;    /* the first control point of this life has passed */
    uint64_t life; /* counts from 1 */
    struct resume_file file;
    struct err err; /* why the file is not used; code 0: it is */
    struct resume_setting *known;
    uint32_t known_count, known_capacity;
    struct resume_checkpoint earlier, newest; /* of the lives before this one; of all */
    bool has_step;
    int64_t step;      /* of the last control point of the earlier life */
    int64_t kept_ns;   /* monotonic: when the file was written last */
    int64_t kept_step; /* what it says */
};

void resume_init(struct resume *resume, bool asked);
void resume_finish(struct resume *resume);

/* Reads the file; `last` is who trained before. The folder is open and locked, the mailbox not made yet. */
void resume_open(trimtab_run *run, const struct holder *last);
/* Where the file could not be used: tells it. */
void resume_tell_fault(trimtab_run *run);
/* NULL: no earlier life had a setting of this name. */
const struct resume_setting *resume_setting(const struct resume *resume, const char *name);
uint64_t resume_revision(const struct resume *resume, const char *name);

/* Writes the file: the values that were told, or where it may `read` (inside a control point) those in effect. What
 * does not fit, or finds no room, leaves the file as it was. */
void resume_keep(trimtab_run *run, bool read);
/* The same now and then, for the step's sake. */
void resume_look(trimtab_run *run, int64_t now_ns);
/* Takes note of a checkpoint, and writes the file. */
void resume_checkpoint(trimtab_run *run, const char *id, const char *path, uint64_t bytes);

/* At the first control point: of a resumed run tells what differs; writes the file. */
void resume_begin(trimtab_run *run);

#endif
