#include "server/hub.h"

#include <stdlib.h>

void hub_init(struct hub *hub, uint64_t epoch)
{
    *hub = (struct hub){.epoch = epoch, .lagging_ns = INT64_MAX};
}

/* ---- the log ---- */

static void evict(struct hub *hub)
{
    struct event *event = hub_event(hub, hub->first);
    hub->text_bytes -= event->text_size;
    hub->evicted[hub_topic(event)]++;
    free(event->text);
    hub->first++;
}

void hub_finish(struct hub *hub)
{
    while (hub->first != hub->next)
        evict(hub);
    free(hub->ring);
    free(hub->points);
    free(hub->marks);
}

uint64_t hub_held_bytes(const struct hub *hub)
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
        ring[n & (capacity - 1)] = *hub_event(hub, n);
    free(hub->ring);
    hub->ring = ring;
    hub->capacity = capacity;
    return true;
}

/* False: there is no memory for any log. */
static bool publish(struct hub *hub, const struct event *event)
{
    if (hub->next - hub->first == hub->capacity && !grow(hub)) {
        if (hub->capacity == 0)
            return false;
        evict(hub);
    }
    *hub_event(hub, hub->next++) = *event;
    hub->published[hub_topic(event)]++;
    hub->text_bytes += event->text_size;
    hub->volume += sizeof *event + event->text_size;
    while (hub_held_bytes(hub) > LIMIT_BACKLOG_BYTES && hub->next - hub->first > 1)
        evict(hub);
    return true;
}

void hub_publish_point(struct hub *hub, uint32_t series, int64_t step, int64_t time_ns, double value)
{
    struct event event = {.kind = EVENT_POINT, .series = series, .step = step, .time_ns = time_ns, .value = value};
    publish(hub, &event);
}

void hub_publish(struct hub *hub, enum event_kind kind, struct buf *members)
{
    struct event event = {.kind = kind, .text = members->data, .text_size = (uint32_t)members->size};
    if (!members->failed && members->data && publish(hub, &event))
        buf_init(members);
    buf_finish(members);
}

bool hub_wanted(const struct hub *hub, unsigned topic)
{
    return hub->interest[__builtin_ctz(topic)] > 0;
}

/* ---- followers ---- */

static void count_interest(struct hub *hub, unsigned topics, unsigned change)
{
    for (unsigned i = 0; i < HUB_TOPICS; i++)
        if (topics >> i & 1)
            hub->interest[i] += change;
}

static uint64_t published_of(const struct hub *hub, unsigned topics)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < HUB_TOPICS; i++)
        if (topics >> i & 1)
            count += hub->published[i];
    return count;
}

static struct subscription *subscription_for(struct hub *hub, unsigned topics, const struct request_arg *globs,
                                             int64_t rate_ns, bool framed)
{
    for (struct subscription *s = hub->subscriptions; s; s = s->next)
        if (subscription_is(s, topics, globs, rate_ns, framed))
            return s;
    struct subscription *fresh = subscription_create(topics, globs, rate_ns, framed);
    if (!fresh)
        return NULL;
    fresh->released = fresh->release = fresh->dull = fresh->dull_end = hub->next;
    fresh->ticks = 1;
    fresh->volume = hub->volume;
    fresh->seen = published_of(hub, topics);
    fresh->next = hub->subscriptions;
    hub->subscriptions = fresh;
    count_interest(hub, topics, 1);
    return fresh;
}

static void stand_at_head(struct hub *hub, struct follower *follower)
{
    follower->cursor = hub->next;
    memcpy(follower->counts, hub->published, sizeof follower->counts);
}

int hub_follow(struct hub *hub, struct follower *follower, unsigned topics, const struct request_arg *globs,
               int64_t rate_ns, bool framed)
{
    struct subscription *subscription = subscription_for(hub, topics, globs, rate_ns, framed);
    if (!subscription)
        return -1;
    follower->subscription = subscription;
    follower->previous = NULL;
    follower->next = subscription->followers;
    if (follower->next)
        follower->next->previous = follower;
    subscription->followers = follower;
    stand_at_head(hub, follower);
    return 0;
}

bool hub_since(struct hub *hub, struct follower *follower, uint64_t epoch, uint64_t cursor)
{
    if (epoch != hub->epoch || cursor < hub->first || cursor > hub->next)
        return false;
    for (uint64_t n = cursor; n != follower->cursor; n++)
        follower->counts[hub_topic(hub_event(hub, n))]--;
    follower->cursor = cursor;
    return true;
}

static void forget_subscription(struct hub *hub, struct subscription *subscription)
{
    struct subscription **at = &hub->subscriptions;
    while (*at != subscription)
        at = &(*at)->next;
    *at = subscription->next;
    count_interest(hub, subscription->topics, -1u);
    subscription_destroy(subscription);
}

void hub_unfollow(struct hub *hub, struct follower *follower)
{
    if (follower->next)
        follower->next->previous = follower->previous;
    if (follower->previous)
        follower->previous->next = follower->next;
    else
        follower->subscription->followers = follower->next;
    if (!follower->subscription->followers)
        forget_subscription(hub, follower->subscription);
}

/* ---- the tick ---- */

bool hub_is_due(const struct hub *hub, int64_t mono_ns)
{
    return hub->subscriptions && (hub->told != hub->next || mono_ns >= hub->lagging_ns);
}

bool hub_pressed(const struct hub *hub)
{
    return hub->subscriptions && hub->volume - hub->told_volume > HUB_HALF_BYTES;
}

bool hub_behind(const struct hub *hub, int64_t mono_ns)
{
    return hub->subscriptions && (hub->told != hub->next || hub->lagging_ns - mono_ns < HUB_SOON_NS);
}

/* A stretch without an event for it: nobody is told, and no time is counted. */
static void release_dull(struct hub *hub, struct subscription *subscription)
{
    if (subscription->dull_end != subscription->release)
        subscription->dull = subscription->release;
    subscription->dull_end = hub->next;
    subscription->released = subscription->release = hub->next;
    subscription->volume = hub->volume;
}

static void release(struct hub *hub, struct subscription *subscription, int64_t mono_ns)
{
    subscription->ticks = subscription->waited + 1;
    subscription->waited = 0;
    subscription->released = subscription->release;
    subscription->release = hub->next;
    subscription->release_ns = mono_ns;
    subscription->volume = hub->volume;
    subscription->seen = published_of(hub, subscription->topics);
    subscription->fresh = true;
}

/* It must not wait for its time when the log beyond it is half full: what it waits for would be lost. */
static bool may_be_told(const struct hub *hub, const struct subscription *subscription, int64_t mono_ns)
{
    return mono_ns - subscription->release_ns >= subscription->rate_ns ||
           hub->volume - subscription->volume > HUB_HALF_BYTES;
}

static void note_lagging(struct hub *hub, struct subscription *subscription)
{
    subscription->waited++;
    int64_t due_ns = subscription->release_ns + subscription->rate_ns;
    if (due_ns < hub->lagging_ns)
        hub->lagging_ns = due_ns;
    if (hub->volume - subscription->volume > hub->volume - hub->told_volume)
        hub->told_volume = subscription->volume;
}

void hub_tick(struct hub *hub, int64_t mono_ns, bool all)
{
    hub->told = hub->next;
    hub->told_volume = hub->volume;
    hub->lagging_ns = INT64_MAX;
    for (struct subscription *s = hub->subscriptions; s; s = s->next) {
        if (s->release == hub->next)
            continue;
        if (s->seen == published_of(hub, s->topics))
            release_dull(hub, s);
        else if (all || may_be_told(hub, s, mono_ns))
            release(hub, s, mono_ns);
        else
            note_lagging(hub, s);
    }
}

/* ---- who has fallen off ---- */

/* Is any event of its topics gone that it has not seen? */
static bool has_missed(const struct hub *hub, const struct follower *follower)
{
    for (unsigned i = 0; i < HUB_TOPICS; i++)
        if ((follower->subscription->topics >> i & 1) && hub->evicted[i] != follower->counts[i])
            return true;
    return false;
}

bool hub_gap(struct hub *hub, struct follower *follower, uint64_t missed[HUB_TOPICS], uint64_t *from, uint64_t *to)
{
    const struct subscription *subscription = follower->subscription;
    if (follower->cursor >= subscription->dull && follower->cursor < subscription->dull_end)
        follower->cursor = subscription->dull_end;
    if (follower->cursor >= hub->first)
        return false;
    if (!has_missed(hub, follower)) {
        follower->cursor = hub->first;
        return false;
    }
    *from = follower->cursor;
    *to = hub->next;
    for (unsigned i = 0; i < HUB_TOPICS; i++)
        missed[i] = subscription->topics >> i & 1 ? hub->published[i] - follower->counts[i] : 0;
    stand_at_head(hub, follower);
    return true;
}
