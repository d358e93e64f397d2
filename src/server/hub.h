/* hub.h: the broadcast log: a bounded log of values, read through cursors. Nothing is queued per client, nobody waits
 * for anybody: who falls off its tail is told a gap.
 *
 * Events are numbered from 0; the cursor of a follower is the number of the next event that it has not seen. What is
 * told lies before its subscription's `release`, which the tick moves on: so a subscription with a rate gets in one
 * message what came between, and all who follow the same get the same bytes. */
#ifndef SERVER_HUB_H
#define SERVER_HUB_H

#include "model/event.h"
#include "server/subscription.h"
#include "wire/event.h"

enum {
    HUB_SOON_NS = 100000000,
    HUB_HALF_BYTES = LIMIT_BACKLOG_BYTES / 8 * 3 /* the ring, a power of two of events, fills three quarters of it */
};

struct client;

struct follower {
    struct subscription *subscription;
    struct client *client; /* whose it is */
    struct follower *next, *previous;
    uint64_t cursor;
    uint64_t counts[HUB_TOPICS]; /* events of each topic of the subscription before the cursor */
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
    uint64_t published[HUB_TOPICS], evicted[HUB_TOPICS];
    uint64_t volume;  /* bytes ever published */
    uint64_t thinned; /* points that were merged away, in each subscription */
    struct subscription *subscriptions;
    unsigned interest[HUB_TOPICS]; /* subscriptions that want it */
    uint64_t told;                 /* `next` at the last tick */
    uint64_t told_volume;          /* the volume to which the tick has brought every subscription */
    int64_t lagging_ns;            /* monotonic: when the next subscription with a rate is due; INT64_MAX: none */
    struct event_point *points;    /* scratch: the points of one line */
    struct hub_mark *marks;        /* scratch: a mark a series */
    uint32_t marks_count;
};

void hub_init(struct hub *hub, uint64_t epoch);
void hub_finish(struct hub *hub); /* nobody follows any more */
uint64_t hub_held_bytes(const struct hub *hub);

void hub_publish_point(struct hub *hub, uint32_t series, int64_t step, int64_t time_ns, double value);
/* `members` is moved into the log (and is empty afterwards). */
void hub_publish(struct hub *hub, enum event_kind kind, struct buf *members);
/* Does anybody follow this topic? */
bool hub_wanted(const struct hub *hub, unsigned topic);

/* A follower at the head of the log; `framed`: each line is a WebSocket's message. 0, or -1 for want of memory. */
int hub_follow(struct hub *hub, struct follower *follower, unsigned topics, const struct request_arg *globs,
               int64_t rate_ns, bool framed);
/* It goes on at `cursor` where the log still holds it: true, else false (and it stands where it stood). */
bool hub_since(struct hub *hub, struct follower *follower, uint64_t epoch, uint64_t cursor);
void hub_unfollow(struct hub *hub, struct follower *follower);

/* Is there something to tell now; so much that it cannot wait for the tick; something within HUB_SOON_NS? */
bool hub_is_due(const struct hub *hub, int64_t mono_ns);
bool hub_pressed(const struct hub *hub);
bool hub_behind(const struct hub *hub, int64_t mono_ns);
/* Releases what is due, or all: subscriptions with something new are `fresh`. */
void hub_tick(struct hub *hub, int64_t mono_ns, bool all);

static inline bool follower_lags(const struct follower *follower)
{
    return follower->cursor < follower->subscription->release;
}

/* True when the follower has fallen off the tail: *missed says how much, and it stands at the head. */
bool hub_gap(struct hub *hub, struct follower *follower, uint64_t missed[HUB_TOPICS], uint64_t *from, uint64_t *to);

/* share.c */
/* The next share for this follower, one reference for the caller, its cursor moved on; NULL when there is nothing to
 * send (the cursor is then at the release) or for want of memory. */
struct chunk *hub_chunk(struct hub *hub, struct follower *follower, const struct run *run);
void hub_forget_shared(struct hub *hub);

static inline struct event *hub_event(const struct hub *hub, uint64_t n)
{
    return &hub->ring[n & (hub->capacity - 1)];
}

static inline unsigned hub_topic(const struct event *event)
{
    return (unsigned)__builtin_ctz(event_topic(event->kind));
}

#endif
