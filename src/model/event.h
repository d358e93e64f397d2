/* event.h: one value of the broadcast log. */
#ifndef MODEL_EVENT_H
#define MODEL_EVENT_H

#include "model/run.h"
#include "model/ticket.h"

enum event_kind {
    EVENT_POINT,      /* topic scalars */
    EVENT_RUN,        /* run */
    EVENT_SETTING,    /* settings */
    EVENT_STARTED,    /* outcomes */
    EVENT_OUTCOME,    /* outcomes */
    EVENT_MESSAGE,    /* messages */
    EVENT_CHECKPOINT, /* messages */
    EVENT_DECLARED,   /* declarations */
    EVENT_CLIENT,     /* clients */
    EVENT_OUTPUT      /* output */
};

unsigned event_topic(enum event_kind kind);

/* Small events are whole in here; the others carry their text, formatted once by wire/ when they were published:
 * the members of the JSON object after "event" and "cursor". */
struct event {
    enum event_kind kind;
    uint32_t series; /* POINT */
    int64_t step, time_ns;
    double value;
    char *text; /* all but POINT: owned, e.g. "\"name\":\"lr\",\"value\":0.001" */
    uint32_t text_size;
};

#endif
