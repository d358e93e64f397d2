/* share.c: what a follower is sent next: a stretch of the log, thinned where it is too much, encoded once for all who
 * stand at the same place. */
#include <stdlib.h>

#include "server/hub.h"
#include "wire/websocket.h"

enum { LINE_POINTS = 1000, EVENTS_AT_ONCE = 65536, POINT_BYTES = 50, LINE_SPARE = 8192 };

static bool wants(struct subscription *subscription, const struct run *run, const struct event *event)
{
    if (!(subscription->topics & event_topic(event->kind)))
        return false;
    return event->kind != EVENT_POINT || subscription_wants(subscription, run, event->series);
}

/* ---- thinning: of each series its first, least, greatest and last point ---- */

static bool marks_ready(struct hub *hub, const struct run *run)
{
    if (hub->marks_count < run->series_count) {
        struct hub_mark *marks = realloc(hub->marks, run->series_count * sizeof *marks);
        if (!marks)
            return false;
        hub->marks = marks;
        hub->marks_count = run->series_count;
    }
    memset(hub->marks, 0, hub->marks_count * sizeof *hub->marks);
    return true;
}

static void mark(struct hub_mark *mark, uint64_t n, double value)
{
    if (!mark->any)
        *mark = (struct hub_mark){.first = n, .least = n, .greatest = n, .last = n, .any = true};
    mark->last = n;
    if (!__builtin_isfinite(value))
        return; /* such points all stay; they have no place in an order */
    if (!mark->finite) {
        mark->finite = true;
        mark->least = mark->greatest = n;
        mark->least_value = mark->greatest_value = value;
    }
    if (value < mark->least_value) {
        mark->least_value = value;
        mark->least = n;
    }
    if (value > mark->greatest_value) {
        mark->greatest_value = value;
        mark->greatest = n;
    }
}

/* The points that a stretch may have: so many for each tick that the release has waited, and of that a stretch's part.
 */
static uint64_t points_allowed(const struct subscription *subscription, uint64_t stretch)
{
    uint64_t released = subscription->release - subscription->released;
    uint64_t allowed = (uint64_t)LIMIT_TICK_POINTS * subscription->ticks;
    return stretch < released ? allowed * stretch / released : allowed;
}

/* Marks the points from `from` to `to` that stay; false when all do. A value that is not finite always stays. */
static bool thin(struct hub *hub, struct subscription *subscription, const struct run *run, uint64_t from, uint64_t to)
{
    uint64_t points = 0;
    for (uint64_t n = from; n != to; n++)
        points += hub_event(hub, n)->kind == EVENT_POINT && wants(subscription, run, hub_event(hub, n));
    if (points <= points_allowed(subscription, to - from) || !marks_ready(hub, run))
        return false;
    for (uint64_t n = from; n != to; n++) {
        const struct event *event = hub_event(hub, n);
        if (event->kind == EVENT_POINT && event->series < hub->marks_count)
            mark(&hub->marks[event->series], n, event->value);
    }
    return true;
}

static bool stays(const struct hub *hub, const struct event *event, uint64_t n)
{
    const struct hub_mark *mark = &hub->marks[event->series];
    return n == mark->first || n == mark->last || n == mark->least || n == mark->greatest ||
           !__builtin_isfinite(event->value);
}

/* ---- encoding ---- */

struct encoding {
    struct hub *hub;
    struct buf *out;
    bool thinning;
    size_t points;
    uint64_t thinned;
};

static void flush_points(struct encoding *e, uint64_t n)
{
    if (e->points == 0 && e->thinned == 0)
        return;
    event_scalars_line(e->out, e->hub->epoch, n, e->hub->points, e->points, e->thinned);
    e->hub->thinned += e->thinned;
    e->points = 0;
    e->thinned = 0;
}

static void encode_event(struct encoding *e, const struct event *event, uint64_t n)
{
    if (event->kind != EVENT_POINT) {
        flush_points(e, n);
        event_line(e->out, event_name(event->kind), e->hub->epoch, n + 1, event->text, event->text_size);
        return;
    }
    if (e->thinning && !stays(e->hub, event, n)) {
        e->thinned++;
        return;
    }
    e->hub->points[e->points++] = (struct event_point){
        .series = event->series, .step = event->step, .time_ns = event->time_ns, .value = event->value};
    if (e->points == LINE_POINTS)
        flush_points(e, n + 1);
}

/* Encodes from share->from on. A line of points may be as long as what is left of the chunk. */
static void encode(struct hub *hub, struct subscription *subscription, const struct run *run, struct shared *share)
{
    struct encoding e = {.hub = hub, .out = &share->chunk->bytes};
    uint64_t n = share->from, end = subscription->release;
    if (end - n > EVENTS_AT_ONCE)
        end = n + EVENTS_AT_ONCE;
    e.thinning = (subscription->topics & TOPIC_SCALARS) && thin(hub, subscription, run, n, end);
    for (; n != end && e.out->size + e.points * POINT_BYTES < LIMIT_CHUNK_BYTES - LINE_SPARE; n++) {
        const struct event *event = hub_event(hub, n);
        share->counts[hub_topic(event)]++;
        if (wants(subscription, run, event))
            encode_event(&e, event, n);
    }
    flush_points(&e, n);
    share->to = n;
}

/* The lines of a chunk become messages. */
static void frame(struct chunk *chunk)
{
    struct buf framed;
    buf_init(&framed);
    websocket_frame_lines(&framed, chunk->bytes.data, chunk->bytes.size);
    framed.failed = framed.failed || chunk->bytes.failed;
    buf_finish(&chunk->bytes);
    chunk->bytes = framed;
}

/* ---- sharing ---- */

static struct chunk *take_shared(struct subscription *subscription, struct follower *follower)
{
    for (size_t i = 0; i < SHARED_CHUNKS; i++) {
        const struct shared *share = &subscription->shared[i];
        if (!share->chunk || share->from != follower->cursor)
            continue;
        follower->cursor = share->to;
        for (unsigned t = 0; t < HUB_TOPICS; t++)
            follower->counts[t] += share->counts[t];
        return chunk_hold(share->chunk);
    }
    return NULL;
}

static bool share(struct hub *hub, struct subscription *subscription, const struct run *run, uint64_t from)
{
    struct shared *slot = &subscription->shared[subscription->shared_next++ % SHARED_CHUNKS];
    chunk_drop(slot->chunk);
    *slot = (struct shared){.from = from, .chunk = chunk_create()};
    if (!slot->chunk)
        return false;
    encode(hub, subscription, run, slot);
    if (subscription->framed)
        frame(slot->chunk);
    if (!slot->chunk->bytes.failed)
        return true;
    chunk_drop(slot->chunk);
    slot->chunk = NULL;
    return false;
}

struct chunk *hub_chunk(struct hub *hub, struct follower *follower, const struct run *run)
{
    struct subscription *subscription = follower->subscription;
    if (!hub->points && !(hub->points = malloc(LINE_POINTS * sizeof *hub->points)))
        return NULL;
    while (follower_lags(follower)) {
        struct chunk *chunk = take_shared(subscription, follower);
        if (!chunk) {
            if (!share(hub, subscription, run, follower->cursor))
                return NULL;
            continue;
        }
        if (chunk->bytes.size > 0)
            return chunk;
        chunk_drop(chunk); /* nothing in that stretch for this subscription */
    }
    return NULL;
}

void hub_forget_shared(struct hub *hub)
{
    for (struct subscription *s = hub->subscriptions; s; s = s->next)
        subscription_forget_shared(s);
}
