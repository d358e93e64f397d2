/* subscription.h: what followers want; shared by all who want the same. */
#ifndef SERVER_SUBSCRIPTION_H
#define SERVER_SUBSCRIPTION_H

#include "model/request.h"
#include "model/run.h"
#include "net/chunk.h"

enum { HUB_TOPICS = 8, SHARED_CHUNKS = 4 };

struct follower;

/* Encoded once: whoever stands at `from` gets the same bytes. */
struct shared {
    uint64_t from, to;
    struct chunk *chunk;
    uint64_t counts[HUB_TOPICS]; /* events of each topic in it */
};

struct subscription {
    struct subscription *next;
    struct follower *followers; /* at least one */
    unsigned topics;
    int64_t rate_ns; /* the least time between two messages; 0: each tick */
    bool framed;     /* each line is a message of a WebSocket */
    char **globs;    /* series; none: all */
    size_t globs_count;
    uint8_t *wanted; /* a byte a series: is it wanted? */
    uint32_t wanted_count;

    /* Up to `release` its followers may be told; the tick moves it from `released`, after so many `ticks`. */
    uint64_t released, release;
    unsigned ticks, waited;  /* waited: ticks since the last release that brought something and did not move it */
    bool fresh;              /* the last tick brought something for them */
    int64_t release_ns;      /* monotonic: when it was moved last */
    uint64_t volume;         /* bytes ever published by then */
    uint64_t seen;           /* events of its topics ever published by then */
    uint64_t dull, dull_end; /* the newest stretch without an event for it: who stands there goes on at its end */
    struct shared shared[SHARED_CHUNKS];
    unsigned shared_next;
};

/* NULL for want of memory. `globs` are copied. */
struct subscription *subscription_create(unsigned topics, const struct request_arg *globs, int64_t rate_ns,
                                         bool framed);
void subscription_destroy(struct subscription *subscription);
bool subscription_is(const struct subscription *subscription, unsigned topics, const struct request_arg *globs,
                     int64_t rate_ns, bool framed);
bool subscription_wants(struct subscription *subscription, const struct run *run, uint32_t series);
/* Ends the sharing of chunks. */
void subscription_forget_shared(struct subscription *subscription);

#endif
