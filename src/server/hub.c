#include "server/hub.h"

#include <stdlib.h>

enum { LINE_POINTS = 1000, EVENTS_AT_ONCE = 65536 };

void hub_init(struct hub *hub, uint64_t epoch)
{
    *hub = (struct hub){.epoch = epoch};
}

static struct event *event_at(struct hub *hub, uint64_t n)
{
    return &hub->ring[n & (hub->capacity - 1)];
}

static unsigned topic_index(enum event_kind kind)
{
    return (unsigned)__builtin_ctz(event_topic(kind));
}

static void evict(struct hub *hub)
{
    struct event *event = event_at(hub, hub->first);
    hub->text_bytes -= event->text_size;
    free(event->text);
    hub->first++;
}

void hub_finish(struct hub *hub)
{
    hub_forget_shared(hub);
    while (hub->first != hub->next)
        evict(hub);
    free(hub->ring);
    free(hub->points);
    free(hub->marks);
}

static uint64_t held_bytes(const struct hub *hub)
{
    return (hub->next - hub->first) * sizeof(struct event) + hub->text_bytes;
}

/* Doubles the ring; false when it is as large as it may be (the oldest then goes). */
static bool grow(struct hub *hub)
{
    uint64_t capacity = hub->capacity ? hub->capacity * 2 : 1024;
    if (capacity * sizeof(struct event) > LIMIT_BACKLOG_BYTES)
        return false;
    struct event *ring = malloc(capacity * sizeof *ring);
    if (!ring)
        return false;
    for (uint64_t n = hub->first; n != hub->next; n++)
        ring[n & (capacity - 1)] = *event_at(hub, n);
    free(hub->ring);
    hub->ring = ring;
    hub->capacity = capacity;
    return true;
}

static void publish(struct hub *hub, const struct event *event)
{
    if (hub->next - hub->first == hub->capacity && !grow(hub)) {
        if (hub->capacity == 0)
            return;
        evict(hub);
    }
    *event_at(hub, hub->next++) = *event;
    hub->published[topic_index(event->kind)]++;
    hub->text_bytes += event->text_size;
    while (held_bytes(hub) > LIMIT_BACKLOG_BYTES && hub->next - hub->first > 1)
        evict(hub);
}

void hub_publish_point(struct hub *hub, uint32_t series, int64_t step, int64_t time_ns, double value)
{
    struct event event = {.kind = EVENT_POINT, .series = series, .step = step, .time_ns = time_ns, .value = value};
    publish(hub, &event);
}

void hub_publish(struct hub *hub, enum event_kind kind, struct buf *members)
{
    if (!members->failed && members->data) {
        struct event event = {.kind = kind, .text = members->data, .text_size = (uint32_t)members->size};
        publish(hub, &event);
        buf_init(members);
    }
    buf_finish(members);
}

static bool same_globs(const struct subscription *subscription, const struct request_arg *globs)
{
    size_t count = globs->present ? globs->count : 0;
    if (subscription->globs_count != count)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!text_is(globs->pairs[i].value.text, subscription->globs[i]))
            return false;
    return true;
}

static void subscription_destroy(struct subscription *subscription)
{
    for (size_t i = 0; i < subscription->globs_count; i++)
        free(subscription->globs[i]);
    for (size_t i = 0; i < sizeof subscription->shared / sizeof subscription->shared[0]; i++)
        chunk_drop(subscription->shared[i].chunk);
    free(subscription->globs);
    free(subscription->wanted);
    free(subscription);
}

static bool copy_globs(struct subscription *subscription, const struct request_arg *globs)
{
    if (!globs->present)
        return true;
    subscription->globs = calloc(globs->count, sizeof *subscription->globs);
    if (!subscription->globs)
        return false;
    for (size_t i = 0; i < globs->count; i++) {
        subscription->globs[i] = strndup(globs->pairs[i].value.text.data, globs->pairs[i].value.text.size);
        if (!subscription->globs[i])
            return false;
        subscription->globs_count++;
    }
    return true;
}

struct subscription *hub_subscribe(struct hub *hub, unsigned topics, const struct request_arg *globs)
{
    for (struct subscription *s = hub->subscriptions; s; s = s->next)
        if (s->topics == topics && same_globs(s, globs)) {
            s->references++;
            return s;
        }
    struct subscription *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return NULL;
    if (!copy_globs(fresh, globs)) {
        subscription_destroy(fresh);
        return NULL;
    }
    fresh->topics = topics;
    fresh->references = 1;
    fresh->next = hub->subscriptions;
    hub->subscriptions = fresh;
    return fresh;
}

void hub_unsubscribe(struct hub *hub, struct subscription *subscription)
{
    if (!subscription || --subscription->references > 0)
        return;
    for (struct subscription **at = &hub->subscriptions; *at; at = &(*at)->next)
        if (*at == subscription) {
            *at = subscription->next;
            break;
        }
    subscription_destroy(subscription);
}

/* `*` is any run of characters, `/` among them; all else is itself. Only the last `*` is ever tried anew. */
static bool glob_matches(const char *glob, const char *name)
{
    const char *star = NULL, *again = NULL;
    while (*name) {
        if (*glob == '*') {
            star = ++glob;
            again = name;
        } else if (*glob == *name) {
            glob++;
            name++;
        } else if (star) {
            glob = star;
            name = ++again;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

static bool matches(const struct subscription *subscription, const char *name)
{
    for (size_t i = 0; i < subscription->globs_count; i++)
        if (glob_matches(subscription->globs[i], name))
            return true;
    return subscription->globs_count == 0;
}

bool subscription_wants(struct subscription *subscription, const struct run *run, uint32_t series)
{
    if (series >= run->series_count)
        return false;
    if (series >= subscription->wanted_count) {
        uint8_t *wanted = realloc(subscription->wanted, run->series_count);
        if (!wanted)
            return false;
        for (uint32_t i = subscription->wanted_count; i < run->series_count; i++)
            wanted[i] = matches(subscription, run->series[i].name);
        subscription->wanted = wanted;
        subscription->wanted_count = run->series_count;
    }
    return subscription->wanted[series];
}

static void stand_at_head(struct hub *hub, struct follower *follower)
{
    follower->cursor = hub->next;
    memcpy(follower->counts, hub->published, sizeof follower->counts);
}

bool hub_follow(struct hub *hub, struct follower *follower, struct subscription *subscription, bool since,
                uint64_t epoch, uint64_t cursor)
{
    follower->subscription = subscription;
    stand_at_head(hub, follower);
    if (!since)
        return true;
    if (epoch != hub->epoch || cursor < hub->first || cursor > hub->next)
        return false;
    for (uint64_t n = cursor; n != hub->next; n++)
        follower->counts[topic_index(event_at(hub, n)->kind)]--;
    follower->cursor = cursor;
    return true;
}

bool hub_gap(struct hub *hub, struct follower *follower, uint64_t missed[HUB_TOPICS], uint64_t *from, uint64_t *to)
{
    if (follower->cursor >= hub->first)
        return false;
    *from = follower->cursor;
    *to = hub->next;
    for (unsigned i = 0; i < HUB_TOPICS; i++) {
        bool wanted = (follower->subscription->topics >> i & 1) != 0;
        missed[i] = wanted ? hub->published[i] - follower->counts[i] : 0;
    }
    stand_at_head(hub, follower);
    return true;
}

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

/* Marks the points from `from` to `to` that stay; false when all do. A value that is not finite always stays. */
static bool thin(struct hub *hub, struct subscription *subscription, const struct run *run, uint64_t from, uint64_t to)
{
    uint64_t points = 0;
    for (uint64_t n = from; n != to; n++)
        points += event_at(hub, n)->kind == EVENT_POINT && wants(subscription, run, event_at(hub, n));
    if (points <= LIMIT_TICK_POINTS || !marks_ready(hub, run))
        return false;
    for (uint64_t n = from; n != to; n++) {
        const struct event *event = event_at(hub, n);
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
    struct subscription *subscription;
    struct buf *out;
    size_t points;
    uint64_t thinned;
};

static void flush_points(struct encoding *e, uint64_t n)
{
    if (e->points == 0 && e->thinned == 0)
        return;
    event_scalars_line(e->out, e->hub->epoch, n, e->hub->points, e->points, e->thinned);
    e->points = 0;
    e->thinned = 0;
}

static void encode_event(struct encoding *e, const struct event *event, uint64_t n, bool thinning)
{
    if (event->kind != EVENT_POINT) {
        flush_points(e, n);
        event_line(e->out, event_name(event->kind), e->hub->epoch, n + 1, event->text, event->text_size);
        return;
    }
    if (thinning && !stays(e->hub, event, n)) {
        e->thinned++;
        return;
    }
    e->hub->points[e->points++] = (struct event_point){
        .series = event->series, .step = event->step, .time_ns = event->time_ns, .value = event->value};
    if (e->points == LINE_POINTS)
        flush_points(e, n + 1);
}

/* Encodes from `from`; where it stopped. `counts` gets the events of each topic passed. */
static uint64_t encode(struct hub *hub, struct subscription *subscription, const struct run *run, uint64_t from,
                       struct buf *out, uint64_t counts[HUB_TOPICS])
{
    uint64_t end = hub->next - from > EVENTS_AT_ONCE ? from + EVENTS_AT_ONCE : hub->next;
    bool thinning = thin(hub, subscription, run, from, end);
    struct encoding e = {.hub = hub, .subscription = subscription, .out = out};
    uint64_t n = from;
    /* a line of points is at most about 50 bytes a point; half the chunk is left for it */
    for (; n != end && out->size + e.points * 50 < LIMIT_CHUNK_BYTES - 8192; n++) {
        const struct event *event = event_at(hub, n);
        counts[topic_index(event->kind)]++;
        if (wants(subscription, run, event))
            encode_event(&e, event, n, thinning);
    }
    flush_points(&e, n);
    return n;
}

static struct chunk *take_shared(struct subscription *subscription, struct follower *follower)
{
    for (size_t i = 0; i < sizeof subscription->shared / sizeof subscription->shared[0]; i++) {
        if (!subscription->shared[i].chunk || subscription->shared[i].from != follower->cursor)
            continue;
        follower->cursor = subscription->shared[i].to;
        for (unsigned t = 0; t < HUB_TOPICS; t++)
            follower->counts[t] += subscription->shared[i].counts[t];
        return chunk_hold(subscription->shared[i].chunk);
    }
    return NULL;
}

static bool share(struct hub *hub, struct subscription *subscription, const struct run *run, uint64_t from)
{
    struct chunk *chunk = chunk_create();
    if (!chunk)
        return false;
    unsigned slot = subscription->shared_next++ % 4;
    chunk_drop(subscription->shared[slot].chunk);
    memset(subscription->shared[slot].counts, 0, sizeof subscription->shared[slot].counts);
    subscription->shared[slot].chunk = chunk;
    subscription->shared[slot].from = from;
    subscription->shared[slot].to =
        encode(hub, subscription, run, from, &chunk->bytes, subscription->shared[slot].counts);
    if (chunk->bytes.failed) {
        subscription->shared[slot].chunk = NULL;
        chunk_drop(chunk);
        return false;
    }
    return true;
}

struct chunk *hub_chunk(struct hub *hub, struct follower *follower, const struct run *run)
{
    struct subscription *subscription = follower->subscription;
    if (!hub->points && !(hub->points = malloc(LINE_POINTS * sizeof *hub->points)))
        return NULL;
    while (follower->cursor != hub->next) {
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
        for (size_t i = 0; i < sizeof s->shared / sizeof s->shared[0]; i++) {
            chunk_drop(s->shared[i].chunk);
            s->shared[i].chunk = NULL;
        }
}
