#include "server/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

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

bool subscription_is(const struct subscription *subscription, unsigned topics, const struct request_arg *globs,
                     int64_t rate_ns, bool framed)
{
    return subscription->topics == topics && subscription->rate_ns == rate_ns && subscription->framed == framed &&
           same_globs(subscription, globs);
}

void subscription_destroy(struct subscription *subscription)
{
    for (size_t i = 0; i < subscription->globs_count; i++)
        free(subscription->globs[i]);
    subscription_forget_shared(subscription);
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

struct subscription *subscription_create(unsigned topics, const struct request_arg *globs, int64_t rate_ns, bool framed)
{
    struct subscription *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return NULL;
    if (!copy_globs(fresh, globs)) {
        subscription_destroy(fresh);
        return NULL;
    }
    fresh->topics = topics;
    fresh->rate_ns = rate_ns;
    fresh->framed = framed;
    return fresh;
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

void subscription_forget_shared(struct subscription *subscription)
{
    for (size_t i = 0; i < SHARED_CHUNKS; i++) {
        chunk_drop(subscription->shared[i].chunk);
        subscription->shared[i].chunk = NULL;
    }
}
