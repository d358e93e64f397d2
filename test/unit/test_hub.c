/* The broadcast log: what is told, when it is told, and that what was told, thinned and missed is all there was. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "server/hub.h"
#include "wire/websocket.h"

#define MS INT64_C(1000000)
enum { SERIES = 4, TICK_MS = LIMIT_TICK_LEAST_MS, LONGEST = 500000 /* of an event */ };

static const struct request_arg all_series;

struct fixture {
    struct hub hub;
    struct run run;
    struct series series[SERIES];
};

/* What came out, by topic; `lines` of all kinds. */
struct told {
    uint64_t points, thinned, runs, settings, lines;
    uint64_t cursor; /* of the last line */
};

static void fixture_init(struct fixture *f)
{
    static char names[SERIES][8] = {"a/loss", "a/acc", "b/loss", "c"};
    memset(f, 0, sizeof *f);
    hub_init(&f->hub, 7);
    for (int i = 0; i < SERIES; i++)
        f->series[i].name = names[i];
    f->run.series = f->series;
    f->run.series_count = SERIES;
}

static void publish_points(struct fixture *f, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        hub_publish_point(&f->hub, (uint32_t)(i % SERIES), i, i, (double)(i * 7919 % 1000));
}

static void publish(struct fixture *f, enum event_kind kind, size_t size)
{
    struct buf members;
    buf_init(&members);
    buf_text(&members, "\"x\":\"");
    while (members.size < size)
        buf_char(&members, 'x');
    buf_char(&members, '"');
    hub_publish(&f->hub, kind, &members);
    assert_null(members.data);
}

static void follow(struct fixture *f, struct follower *follower, unsigned topics, int64_t rate_ns)
{
    memset(follower, 0, sizeof *follower);
    assert_int_equal(hub_follow(&f->hub, follower, topics, &all_series, rate_ns, false), 0);
}

/* Only points are read as JSON: texts are long here. */
static void take_points(const char *line, size_t size, struct told *told)
{
    json_t *event = json_loadb(line, size, 0, NULL);
    assert_non_null(event);
    told->points += json_array_size(json_object_get(event, "points"));
    told->thinned += (uint64_t)json_integer_value(json_object_get(event, "thinned"));
    json_decref(event);
}

static bool begins(const char *line, size_t size, const char *begin)
{
    return size >= strlen(begin) && memcmp(line, begin, strlen(begin)) == 0;
}

static void take_line(const char *line, size_t size, struct told *told)
{
    static const char cursor[] = "\"cursor\":{\"epoch\":7,\"n\":";
    const char *at = memmem(line, size < 100 ? size : 100, cursor, sizeof cursor - 1);
    assert_true(at && line[size - 1] == '}');
    told->cursor = strtoull(at + sizeof cursor - 1, NULL, 10);
    told->lines++;
    told->runs += begins(line, size, "{\"event\":\"run\"");
    told->settings += begins(line, size, "{\"event\":\"setting\"");
    if (begins(line, size, "{\"event\":\"scalars\""))
        take_points(line, size, told);
}

static void take_chunk(const struct chunk *chunk, struct told *told)
{
    const char *at = chunk->bytes.data, *end = at + chunk->bytes.size;
    assert_true(chunk->bytes.size > 0 && chunk->bytes.size <= LIMIT_CHUNK_BYTES + LONGEST);
    for (const char *lf; at < end && (lf = memchr(at, '\n', (size_t)(end - at))); at = lf + 1)
        take_line(at, (size_t)(lf - at), told);
    assert_ptr_equal(at, end);
}

/* One share, as the server offers it; false when there is none. A gap is counted in *missed. */
static bool feed_once(struct fixture *f, struct follower *follower, struct told *told, uint64_t missed[HUB_TOPICS])
{
    uint64_t gone[HUB_TOPICS], from, to;
    if (!follower_lags(follower))
        return false;
    if (hub_gap(&f->hub, follower, gone, &from, &to)) {
        assert_true(from < to && to == f->hub.next && follower->cursor == to);
        for (int i = 0; i < HUB_TOPICS; i++)
            missed[i] += gone[i];
        return true;
    }
    struct chunk *chunk = hub_chunk(&f->hub, follower, &f->run);
    if (!chunk)
        return false;
    take_chunk(chunk, told);
    chunk_drop(chunk);
    return true;
}

/* All there is for it; there must be no gap. */
static struct told feed(struct fixture *f, struct follower *follower)
{
    struct told told = {0};
    uint64_t missed[HUB_TOPICS] = {0}, none[HUB_TOPICS] = {0};
    while (feed_once(f, follower, &told, missed))
        ;
    assert_memory_equal(missed, none, sizeof missed);
    assert_false(follower_lags(follower));
    return told;
}

static void test_the_same_for_all_who_want_the_same(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a, b, other;
    fixture_init(&f);
    follow(&f, &a, TOPIC_SCALARS, 0);
    follow(&f, &b, TOPIC_SCALARS, 0);
    follow(&f, &other, TOPIC_SCALARS, 100 * MS);
    assert_ptr_equal(a.subscription, b.subscription);
    assert_ptr_not_equal(a.subscription, other.subscription);
    publish_points(&f, 10);
    assert_null(hub_chunk(&f.hub, &a, &f.run)); /* not before the tick */
    hub_tick(&f.hub, 0, false);
    struct chunk *one = hub_chunk(&f.hub, &a, &f.run), *two = hub_chunk(&f.hub, &b, &f.run);
    assert_non_null(one);
    assert_ptr_equal(one, two);
    chunk_drop(one);
    chunk_drop(two);
    assert_true(a.cursor == 10 && b.cursor == 10);
    hub_unfollow(&f.hub, &a);
    hub_unfollow(&f.hub, &other);
    publish_points(&f, 3);
    hub_tick(&f.hub, MS, false);
    assert_int_equal(feed(&f, &b).points, 3);
    hub_unfollow(&f.hub, &b);
    assert_null(f.hub.subscriptions);
    hub_finish(&f.hub);
}

static void test_who_wants_what(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a, b;
    fixture_init(&f);
    assert_false(hub_wanted(&f.hub, TOPIC_OUTPUT) || hub_is_due(&f.hub, 0) || hub_behind(&f.hub, 0));
    follow(&f, &a, TOPIC_OUTPUT | TOPIC_RUN, 0);
    follow(&f, &b, TOPIC_OUTPUT, 0);
    hub_unfollow(&f.hub, &a);
    assert_true(hub_wanted(&f.hub, TOPIC_OUTPUT));
    assert_false(hub_wanted(&f.hub, TOPIC_RUN));
    hub_unfollow(&f.hub, &b);
    assert_false(hub_wanted(&f.hub, TOPIC_OUTPUT));
    publish(&f, EVENT_RUN, 10);
    assert_false(hub_is_due(&f.hub, 0) || hub_behind(&f.hub, 0)); /* nobody is there to be told */
    hub_finish(&f.hub);
}

static void test_series_by_globs(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a;
    struct request_pair globs[] = {{.value.text = text_from("*loss")}, {.value.text = text_from("c")}};
    struct request_arg arg = {.present = true, .count = 2, .pairs = globs};
    memset(&a, 0, sizeof a);
    fixture_init(&f);
    assert_int_equal(hub_follow(&f.hub, &a, TOPIC_SCALARS, &arg, 0, false), 0);
    publish_points(&f, 8);
    hub_tick(&f.hub, 0, false);
    assert_int_equal(feed(&f, &a).points, 6);
    hub_unfollow(&f.hub, &a);
    hub_finish(&f.hub);
}

/* A WebSocket's share has the same lines, each in a frame, and is encoded once for all WebSockets. */
static void test_the_same_lines_in_frames(void **state)
{
    (void)state;
    struct fixture f;
    struct follower plain, framed[2] = {{0}};
    struct buf expected;
    fixture_init(&f);
    follow(&f, &plain, TOPIC_SCALARS | TOPIC_RUN, 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(hub_follow(&f.hub, &framed[i], TOPIC_SCALARS | TOPIC_RUN, &all_series, 0, true), 0);
    publish_points(&f, 1500);
    publish(&f, EVENT_RUN, 300);
    hub_tick(&f.hub, 0, false);
    struct chunk *lines = hub_chunk(&f.hub, &plain, &f.run), *frames = hub_chunk(&f.hub, &framed[0], &f.run);
    struct chunk *again = hub_chunk(&f.hub, &framed[1], &f.run);
    buf_init(&expected);
    websocket_frame_lines(&expected, lines->bytes.data, lines->bytes.size);
    assert_int_equal(frames->bytes.size, expected.size);
    assert_memory_equal(frames->bytes.data, expected.data, expected.size);
    assert_ptr_equal(frames, again);
    buf_finish(&expected);
    chunk_drop(lines);
    chunk_drop(frames);
    chunk_drop(again);
    hub_unfollow(&f.hub, &plain);
    hub_unfollow(&f.hub, &framed[0]);
    hub_unfollow(&f.hub, &framed[1]);
    hub_finish(&f.hub);
}

/* At 10/s: the first at once, then what came between in one message, and not a tick too early. */
static void test_a_rate_merges_and_drops_nothing(void **state)
{
    (void)state;
    struct fixture f;
    struct follower slow;
    fixture_init(&f);
    follow(&f, &slow, TOPIC_SCALARS, 100 * MS);
    int64_t begin = 5000 * MS;
    for (int64_t tick = 0; tick <= 20; tick++) {
        publish_points(&f, 1500);
        hub_tick(&f.hub, begin + tick * TICK_MS * MS, false);
        struct told told = feed(&f, &slow);
        bool due = tick % (100 / TICK_MS) == 0;
        assert_int_equal(told.points, !due ? 0 : tick == 0 ? 1500 : 1500 * 100 / TICK_MS);
        assert_int_equal(told.thinned, 0); /* no tick had too many */
        assert_int_equal(slow.subscription->fresh, due);
        slow.subscription->fresh = false;
    }
    publish_points(&f, 1);
    hub_tick(&f.hub, begin + 210 * MS, false);
    assert_false(hub_is_due(&f.hub, begin + 299 * MS));
    assert_true(hub_behind(&f.hub, begin + 299 * MS) && hub_is_due(&f.hub, begin + 300 * MS));
    hub_tick(&f.hub, begin + 300 * MS, false);
    assert_int_equal(feed(&f, &slow).lines, 1);
    assert_false(hub_behind(&f.hub, begin + 301 * MS));
    publish_points(&f, 1);
    hub_tick(&f.hub, begin + 310 * MS, true); /* at the end everybody gets all */
    assert_int_equal(feed(&f, &slow).points, 1);
    hub_unfollow(&f.hub, &slow);
    hub_finish(&f.hub);
}

/* What may be sent grows with the ticks that were waited for, not with the time since the last message. */
static void test_a_rate_is_no_leave_for_a_flood(void **state)
{
    (void)state;
    struct fixture f;
    struct follower slow;
    fixture_init(&f);
    follow(&f, &slow, TOPIC_SCALARS, 1000 * MS);
    for (int64_t seconds = 5; seconds < 8; seconds++) {
        publish_points(&f, 100000);
        hub_tick(&f.hub, seconds * 1000 * MS, false);
        struct told told = feed(&f, &slow);
        assert_int_equal(told.points + told.thinned, 100000);
        assert_true(told.points <= LIMIT_TICK_POINTS);
    }
    hub_unfollow(&f.hub, &slow);
    hub_finish(&f.hub);
}

/* An event of a topic that it does not follow is no message: its time does not begin anew. */
static void test_a_rate_counts_from_the_last_message(void **state)
{
    (void)state;
    struct fixture f;
    struct follower slow;
    fixture_init(&f);
    follow(&f, &slow, TOPIC_RUN, 1000 * MS);
    publish(&f, EVENT_RUN, 10);
    hub_tick(&f.hub, 5000 * MS, false);
    assert_int_equal(feed(&f, &slow).runs, 1);
    publish_points(&f, 1);
    hub_tick(&f.hub, 6500 * MS, false);
    publish(&f, EVENT_RUN, 10);
    hub_tick(&f.hub, 6510 * MS, false);
    assert_int_equal(feed(&f, &slow).runs, 1);
    hub_unfollow(&f.hub, &slow);
    hub_finish(&f.hub);
}

/* A million points before its second is over: it is served early, and all of them are told or counted. */
static void test_a_rate_does_not_overrun_the_log(void **state)
{
    (void)state;
    struct fixture f;
    struct follower slow, quick;
    struct told told = {0}, often = {0};
    uint64_t missed[HUB_TOPICS] = {0}, none[HUB_TOPICS] = {0};
    fixture_init(&f);
    follow(&f, &slow, TOPIC_SCALARS, 1000 * MS);
    follow(&f, &quick, TOPIC_SCALARS, 0);
    for (int64_t ms = 0; ms < 2000; ms++) {
        publish_points(&f, 1000);
        bool tick = ms % TICK_MS == 0;
        if (tick || hub_pressed(&f.hub))
            hub_tick(&f.hub, 5000 * MS + ms * MS, false);
        while (feed_once(&f, &slow, &told, missed) || feed_once(&f, &quick, &often, missed))
            ;
    }
    hub_tick(&f.hub, 9000 * MS, true);
    while (feed_once(&f, &slow, &told, missed) || feed_once(&f, &quick, &often, missed))
        ;
    assert_memory_equal(missed, none, sizeof missed);
    assert_int_equal(told.points + told.thinned, 2000000);
    assert_int_equal(often.points + often.thinned, 2000000);
    assert_true(told.thinned > 0 && often.thinned > 0);
    assert_int_equal(f.hub.thinned, told.thinned + often.thinned);
    hub_unfollow(&f.hub, &slow);
    hub_unfollow(&f.hub, &quick);
    hub_finish(&f.hub);
}

/* Where the last flush was so dear that the next is far away: half a log of events does not wait for it. */
static void test_half_a_log_does_not_wait_for_the_tick(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a;
    uint64_t published = 0;
    fixture_init(&f);
    follow(&f, &a, TOPIC_SCALARS, 0);
    while (!hub_pressed(&f.hub)) {
        publish_points(&f, 1000);
        published += 1000;
    }
    assert_int_equal(f.hub.first, 0);
    hub_tick(&f.hub, 0, false);
    assert_false(hub_pressed(&f.hub));
    struct told told = feed(&f, &a);
    assert_int_equal(told.points + told.thinned, published);
    hub_unfollow(&f.hub, &a);
    hub_finish(&f.hub);
}

/* Who follows what seldom happens misses nothing and scans nothing while millions of other events pass. */
static void test_a_dull_stretch_is_passed_over(void **state)
{
    (void)state;
    struct fixture f;
    struct follower early, late;
    fixture_init(&f);
    follow(&f, &early, TOPIC_RUN, 0);
    for (int i = 0; i < 300; i++) {
        publish_points(&f, 10000);
        hub_tick(&f.hub, i * TICK_MS * MS, false);
        assert_false(early.subscription->fresh);
        if (i == 150)
            follow(&f, &late, TOPIC_RUN, 0);
    }
    assert_true(early.cursor < f.hub.first);
    publish(&f, EVENT_RUN, 10);
    hub_tick(&f.hub, 5000 * MS, false);
    assert_true(early.subscription->fresh);
    struct told told = feed(&f, &early);
    assert_true(told.runs == 1 && told.lines == 1 && told.cursor == 3000001);
    assert_int_equal(early.subscription->shared_next, 1); /* encoded once, from the end of the dull stretch */
    assert_int_equal(feed(&f, &late).runs, 1);
    assert_int_equal(late.subscription->shared_next, 1);
    hub_unfollow(&f.hub, &early);
    hub_unfollow(&f.hub, &late);
    hub_finish(&f.hub);
}

/* It was not fed (its socket was full) while what it wants came, was read, and other things passed: no gap is told of
 * what it does not follow. */
static void test_no_gap_of_what_was_not_followed(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a;
    fixture_init(&f);
    follow(&f, &a, TOPIC_RUN, 0);
    publish(&f, EVENT_RUN, 10);
    hub_tick(&f.hub, 0, false);
    assert_int_equal(feed(&f, &a).runs, 1);
    for (int i = 0; i < 100; i++)
        publish_points(&f, 10000);
    publish(&f, EVENT_RUN, 10);
    hub_tick(&f.hub, 20 * MS, false);
    assert_true(a.cursor < f.hub.first);
    assert_int_equal(feed(&f, &a).runs, 1);
    hub_unfollow(&f.hub, &a);
    hub_finish(&f.hub);
}

static void test_a_gap_counts_what_was_missed(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a;
    struct told told = {0};
    uint64_t missed[HUB_TOPICS] = {0};
    fixture_init(&f);
    follow(&f, &a, TOPIC_SCALARS | TOPIC_SETTINGS, 0);
    publish_points(&f, 100);
    hub_tick(&f.hub, 0, false);
    assert_true(feed_once(&f, &a, &told, missed));
    publish(&f, EVENT_SETTING, 10);
    publish(&f, EVENT_RUN, 10);
    publish_points(&f, 700000);
    hub_tick(&f.hub, 20 * MS, false);
    assert_true(feed_once(&f, &a, &told, missed));
    assert_int_equal(told.points, 100);
    assert_int_equal(missed[0], 700000);
    assert_int_equal(missed[1], 0); /* run: not followed */
    assert_int_equal(missed[2], 1);
    assert_false(feed_once(&f, &a, &told, missed));
    hub_unfollow(&f.hub, &a);
    hub_finish(&f.hub);
}

static void test_since_a_cursor(void **state)
{
    (void)state;
    struct fixture f;
    struct follower a, b;
    struct told told = {0};
    uint64_t missed[HUB_TOPICS] = {0};
    fixture_init(&f);
    publish_points(&f, 50);
    publish(&f, EVENT_RUN, 10);
    publish_points(&f, 50);
    follow(&f, &a, TOPIC_SCALARS | TOPIC_RUN, 0);
    assert_false(hub_since(&f.hub, &a, 6, 40));
    assert_false(hub_since(&f.hub, &a, 7, 102));
    assert_int_equal(a.cursor, 101);
    assert_true(hub_since(&f.hub, &a, 7, 40));
    struct told rest = feed(&f, &a); /* at once: it lies before the release */
    assert_true(rest.points == 60 && rest.runs == 1);
    follow(&f, &b, TOPIC_SCALARS | TOPIC_RUN, 0);
    assert_true(hub_since(&f.hub, &b, 7, 40));
    publish_points(&f, 700000);
    hub_tick(&f.hub, 0, false);
    assert_true(feed_once(&f, &b, &told, missed));
    assert_true(missed[0] == 700060 && missed[1] == 1);
    assert_false(hub_since(&f.hub, &b, 7, 40)); /* no longer held */
    hub_unfollow(&f.hub, &a);
    hub_unfollow(&f.hub, &b);
    hub_finish(&f.hub);
}

/* ---- whatever happens: told + thinned + missed = published ---- */

enum { FOLLOWERS = 12, ROUNDS = 600 };

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

struct party {
    struct follower follower;
    struct told told;
    uint64_t missed[HUB_TOPICS], before[HUB_TOPICS];
    bool here;
};

static void party_joins(struct fixture *f, struct party *party, uint64_t random)
{
    static const unsigned topics[] = {TOPIC_SCALARS, TOPIC_RUN, TOPIC_SCALARS | TOPIC_SETTINGS,
                                      TOPIC_SCALARS | TOPIC_RUN | TOPIC_SETTINGS};
    static const int64_t rates[] = {0, 0, 50 * MS, 1000 * MS};
    memset(party, 0, sizeof *party);
    follow(f, &party->follower, topics[random % 4], rates[random / 4 % 4]);
    memcpy(party->before, f->hub.published, sizeof party->before);
    party->here = true;
}

static void party_leaves(struct fixture *f, struct party *party)
{
    unsigned topics = party->follower.subscription->topics;
    uint64_t got[3] = {party->told.points + party->told.thinned, party->told.runs, party->told.settings};
    hub_tick(&f->hub, INT64_MAX / 2, true);
    while (feed_once(f, &party->follower, &party->told, party->missed))
        ;
    got[0] = party->told.points + party->told.thinned;
    got[1] = party->told.runs;
    got[2] = party->told.settings;
    for (int i = 0; i < 3; i++)
        assert_int_equal(got[i] + party->missed[i], topics >> i & 1 ? f->hub.published[i] - party->before[i] : 0);
    hub_unfollow(&f->hub, &party->follower);
    party->here = false;
}

static void publish_something(struct fixture *f, uint64_t random)
{
    if (random % 3 == 0)
        publish_points(f, (int64_t)(random / 8 % 3000));
    else if (random % 3 == 1)
        publish(f, EVENT_RUN, random / 8 % 200000);
    else
        publish(f, EVENT_SETTING, random / 8 % (LONGEST - 100));
}

static void test_nothing_is_lost_whatever_happens(void **state)
{
    (void)state;
    static struct fixture f;
    static struct party parties[FOLLOWERS];
    uint64_t random = 1, gaps = 0;
    fixture_init(&f);
    for (int64_t round = 0; round < ROUNDS; round++) {
        struct party *party = &parties[next_random(&random) % FOLLOWERS];
        publish_something(&f, next_random(&random));
        if (!party->here)
            party_joins(&f, party, next_random(&random));
        else if (next_random(&random) % 64 == 0)
            party_leaves(&f, party);
        hub_tick(&f.hub, round * TICK_MS * MS, false);
        for (int i = 0; i < FOLLOWERS; i++)
            for (uint64_t times = next_random(&random) % 3; parties[i].here && i % 4 && times; times--)
                feed_once(&f, &parties[i].follower, &parties[i].told, parties[i].missed);
        if (next_random(&random) % 2)
            hub_forget_shared(&f.hub);
        assert_true(hub_held_bytes(&f.hub) <= LIMIT_BACKLOG_BYTES);
    }
    for (int i = 0; i < FOLLOWERS; i++)
        if (parties[i].here) {
            party_leaves(&f, &parties[i]);
            gaps += parties[i].missed[0] + parties[i].missed[1] + parties[i].missed[2];
        }
    assert_true(gaps > 0);
    hub_finish(&f.hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_for_all_who_want_the_same),
        cmocka_unit_test(test_who_wants_what),
        cmocka_unit_test(test_series_by_globs),
        cmocka_unit_test(test_the_same_lines_in_frames),
        cmocka_unit_test(test_a_rate_merges_and_drops_nothing),
        cmocka_unit_test(test_a_rate_is_no_leave_for_a_flood),
        cmocka_unit_test(test_a_rate_counts_from_the_last_message),
        cmocka_unit_test(test_a_rate_does_not_overrun_the_log),
        cmocka_unit_test(test_half_a_log_does_not_wait_for_the_tick),
        cmocka_unit_test(test_a_dull_stretch_is_passed_over),
        cmocka_unit_test(test_no_gap_of_what_was_not_followed),
        cmocka_unit_test(test_a_gap_counts_what_was_missed),
        cmocka_unit_test(test_since_a_cursor),
        cmocka_unit_test(test_nothing_is_lost_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
