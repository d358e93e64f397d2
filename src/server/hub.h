/* hub.h: the broadcast log: a bounded log of values, read through cursors. Nothing is queued per client, nobody waits
 * for anybody: who falls off its tail is told a gap.
 *
 * Events are numbered from 0; the cursor of a follower is the number of the next event that it has not seen. */
#ifndef SERVER_HUB_H
#define SERVER_HUB_H

#include "model/event.h"
#include "net/chunk.h"
#include "wire/event.h"

enum { HUB_TOPICS = 32 };

/* What a follower wants; shared by all who want the same. */
struct subscription {
    struct subscription *next;
    unsigned references;
    unsigned topics;
    char **globs; /* series; none: all */
    size_t globs_count;
    uint8_t *wanted; /* a byte a series: is it wanted? */
    uint32_t wanted_count;
    struct { /* encoded this turn: whoever stands at `from` gets the same bytes */
        uint64_t from, to;
        struct chunk *chunk;
        uint64_t counts[HUB_TOPICS];
    } shared[4];
    unsigned shared_next;
};

struct follower {
    struct subscription *subscription;
    uint64_t cursor;
    uint64_t counts[HUB_TOPICS]; /* events of each topic before the cursor */
};

struct hub_mark { /* first, least, greatest and last point of a series, when points are thinned */
    uint64_t first, least, greatest, last;
    double least_value, greatest_value;
    bool any, finite;
};

struct hub {
    struct event *ring;
    uint64_t capacity; /* a power of two, or 0 */
    uint64_t first, next;
    uint64_t text_bytes;
    uint64_t epoch;
    uint64_t published[HUB_TOPICS];
    struct subscription *subscriptions;
    struct event_point *points; /* scratch: the points of one line */
    struct hub_mark *marks;     /* scratch: a mark a series */
    uint32_t marks_count;
};

void hub_init(struct hub *hub, uint64_t epoch);
void hub_finish(struct hub *hub);

void hub_publish_point(struct hub *hub, uint32_t series, int64_t step, int64_t time_ns, double value);
/* `members` is moved into the log (and is empty afterwards). */
void hub_publish(struct hub *hub, enum event_kind kind, struct buf *members);

/* NULL for want of memory. `globs` are copied; `series` are all there are now. */
struct subscription *hub_subscribe(struct hub *hub, unsigned topics, const struct request_arg *globs);
void hub_unsubscribe(struct hub *hub, struct subscription *subscription);
bool subscription_wants(struct subscription *subscription, const struct run *run, uint32_t series);

/* A follower at the head of the log, or at `cursor` where the log still holds it: true, else false (and it stands at
 * the head). */
bool hub_follow(struct hub *hub, struct follower *follower, struct subscription *subscription, bool since,
                uint64_t epoch, uint64_t cursor);
/* True when the follower has fallen off the tail: *missed says how much, and it stands at the head. */
bool hub_gap(struct hub *hub, struct follower *follower, uint64_t missed[HUB_TOPICS], uint64_t *from, uint64_t *to);
/* The next share for this follower, one reference for the caller, its cursor moved on; NULL when there is nothing to
 * send (the cursor is then at the head) or for want of memory. */
struct chunk *hub_chunk(struct hub *hub, struct follower *follower, const struct run *run);
/* Ends the sharing of this turn's chunks. */
void hub_forget_shared(struct hub *hub);

#endif
