/* A pause that lets go of the program's own lock while it waits. */
#include "test_trainer.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"

#define PATIENCE_NS INT64_C(60000000000)
#define ROUNDS 200
#define POINTS 50

/* A binding: its lock is held by whoever uses the run. */
struct binding {
    struct server *server;
    pthread_mutex_t lock;
    bool waits;          /* between before and after */
    int befores, afters; /* how many */
    int goes_on_at;      /* the end of this wait leaves the control point; 0: none */
    int stops_at;        /* ... a stop is asked for */
    int resumes_at;      /* ... a resume */
    bool resumes_when_helped;
    int rounds, failures; /* of another thread's work */
};

static void before(void *user)
{
    struct binding *binding = user;

    assert_false(binding->waits);
    binding->waits = true;
    binding->befores++;
    pthread_mutex_unlock(&binding->lock);
}

static int after(void *user)
{
    struct binding *binding = user;

    pthread_mutex_lock(&binding->lock);
    assert_true(binding->waits);
    binding->waits = false;
    binding->afters++;
    if (binding->afters == binding->resumes_at || (binding->resumes_when_helped && binding->rounds == ROUNDS)) {
        (void)server_ask(binding->server, MAILBOX_RESUME, 0, MAILBOX_NO_STEP);
        binding->resumes_when_helped = false;
    }
    if (binding->afters == binding->stops_at)
        (void)server_ask(binding->server, MAILBOX_STOP, 0, MAILBOX_NO_STEP);
    return binding->afters == binding->goes_on_at;
}

static void binding_begin(struct binding *binding, struct server *server)
{
    trimtab_waiter waiter = {.before = before, .after = after, .user = binding};

    binding->server = server;
    pthread_mutex_init(&binding->lock, NULL);
    pthread_mutex_lock(&binding->lock);
    server_open(server, NULL);
    trimtab_set_waiter(server->run, &waiter);
    (void)server_expect(server, RECORD_STATE);
}

static void binding_end(struct binding *binding)
{
    assert_false(binding->waits);
    assert_int_equal(binding->befores, binding->afters);
    pthread_mutex_unlock(&binding->lock);
    pthread_mutex_destroy(&binding->lock);
}

static int answer_at(struct binding *binding, int64_t step)
{
    return trimtab_control_point(binding->server->run, &step);
}

static void each_wait_is_told(void **state)
{
    struct binding binding = {.resumes_at = 3};

    binding_begin(&binding, *state);
    assert_int_equal(answer_at(&binding, 1), TRIMTAB_GO);
    assert_int_equal(binding.befores, 0); /* nothing waits where nothing is paused */
    (void)server_ask(binding.server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(answer_at(&binding, 2), TRIMTAB_GO);
    assert_int_equal(binding.befores, 3);
    server_outcome(binding.server, 1, OUTCOME_APPLIED);
    server_outcome(binding.server, 2, OUTCOME_APPLIED);
    binding_end(&binding);
}

static void none_is_told_without_one(void **state)
{
    struct binding binding = {0};

    binding_begin(&binding, *state);
    trimtab_set_waiter(binding.server->run, NULL);
    trimtab_set_waiter(NULL, NULL);
    binding.server->run->max_pause_ns = 1;
    (void)server_ask(binding.server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(answer_at(&binding, 2), TRIMTAB_GO);
    assert_int_equal(binding.befores, 0);
    assert_int_equal(binding.server->run->state, RUN_RUNNING);
    binding_end(&binding);
}

static void the_program_may_go_on_while_paused(void **state)
{
    struct binding binding = {.goes_on_at = 2, .stops_at = 2};
    struct server *server = *state;

    binding_begin(&binding, server);
    uint64_t pause = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(answer_at(&binding, 5), TRIMTAB_GO);
    assert_int_equal(binding.afters, 2);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_PAUSED);
    server_outcome(server, pause, OUTCOME_APPLIED);
    assert_null(server_next(server, RECORD_STATE)); /* still paused; what was asked meanwhile waits */
    assert_int_equal(mailbox_state(&server->mailbox, pause + 1), SLOT_POSTED);
    assert_int_equal(answer_at(&binding, 6), TRIMTAB_STOP);
    assert_int_equal(binding.afters, 2);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_STOPPING);
    server_outcome(server, pause + 1, OUTCOME_APPLIED);
    binding_end(&binding);
}

static void the_next_control_point_waits_on(void **state)
{
    struct binding binding = {.goes_on_at = 1, .resumes_at = 3};
    struct server *server = *state;

    binding_begin(&binding, server);
    (void)server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(answer_at(&binding, 5), TRIMTAB_GO);
    assert_int_equal(binding.afters, 1);
    int64_t paused_ns = server->run->paused_ns;
    assert_int_equal(answer_at(&binding, 6), TRIMTAB_GO);
    assert_int_equal(binding.afters, 3);
    assert_int_equal(server->run->paused_ns, paused_ns); /* it is one pause */
    assert_int_equal(server_expect(server, RECORD_STATE)->step, 5);
    assert_int_equal(server_expect(server, RECORD_STATE)->step, 6);
    assert_int_equal(server->record.state.state, RUN_RUNNING);
    assert_int_equal(answer_at(&binding, 7), TRIMTAB_GO);
    assert_int_equal(binding.afters, 3);
    binding_end(&binding);
}

static int interrupt(void *user)
{
    struct binding *binding = user;

    (void)after(user);
    trimtab_interrupt(binding->server->run);
    return 1;
}

static void an_interrupt_counts_for_more(void **state)
{
    struct binding binding = {0};
    struct server *server = *state;
    trimtab_waiter waiter = {.before = before, .after = interrupt, .user = &binding};

    binding_begin(&binding, server);
    trimtab_set_waiter(server->run, &waiter);
    uint64_t pause = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(answer_at(&binding, 5), TRIMTAB_STOP);
    server_outcome(server, pause, OUTCOME_APPLIED);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_STOPPING);
    binding_end(&binding);
}

/* ---- another thread, while the run is paused ---- */

static int set(void *user, trimtab_value *value, trimtab_result *why)
{
    (void)user, (void)value, (void)why;
    return 0;
}

/* One round of all that another thread may do, and some that it may not. */
static int use(trimtab_run *run, int round)
{
    char name[32], doc[1000];
    int64_t step = 1000 + round;
    int code = 0;

    snprintf(name, sizeof name, "thread/%d", round);
    snprintf(doc, sizeof doc, "%*d", (int)sizeof doc - 1, round);
    trimtab_series series = trimtab_series_declare(run, name, NULL);
    for (int i = 0; i < POINTS; i++)
        trimtab_log(run, series, i);
    trimtab_log_at(run, series, step, round % 7 == 0 ? (double)NAN : round);
    code |= trimtab_message(run, TRIMTAB_INFO, name);
    code |= trimtab_config(run, name, "1");
    code |= trimtab_checkpoint(run, name, NULL, 1);
    code |= trimtab_total_steps(run, 100000 + round);
    trimtab_flush(run);
    if (round < 50) {
        trimtab_setting setting = {
            .name = name, .doc = doc, .value = {.type = TRIMTAB_TYPE_INT, .integer = round}, .set = set};
        code |= trimtab_setting_declare(run, &setting);
    }
    code |= trimtab_control_point(run, &step) == TRIMTAB_GO ? 0 : 1;
    trimtab_close(run);
    return code;
}

/* Not with cmocka's asserts: they belong to its thread. */
static void *help(void *context)
{
    struct binding *binding = context;
    int64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;
    bool goes_on = true;

    while (goes_on && clock_monotonic_ns() < until_ns) {
        pthread_mutex_lock(&binding->lock);
        if (binding->waits)
            binding->failures += use(binding->server->run, binding->rounds++) != 0;
        goes_on = binding->rounds < ROUNDS;
        pthread_mutex_unlock(&binding->lock);
    }
    return NULL;
}

static void another_thread_may_use_the_run(void **state)
{
    struct binding binding = {.resumes_when_helped = true};
    struct server *server = *state;
    pthread_t helper;

    binding_begin(&binding, server);
    server->run->max_pause_ns = PATIENCE_NS;
    uint64_t pause = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(pthread_create(&helper, NULL, help, &binding), 0);
    assert_int_equal(answer_at(&binding, 5), TRIMTAB_GO);
    pthread_mutex_unlock(&binding.lock);
    assert_int_equal(pthread_join(helper, NULL), 0);
    pthread_mutex_lock(&binding.lock);
    assert_int_equal(binding.rounds, ROUNDS);
    assert_int_equal(binding.failures, 0);
    assert_string_equal(trimtab_error(server->run), "a run cannot be closed inside a control point");
    assert_int_equal(server->run->step, 5);
    assert_int_equal(trimtab_dropped(server->run), 0);
    server_outcome(server, pause, OUTCOME_APPLIED);
    assert_int_equal(server_count(server, RECORD_SCALAR), ROUNDS * POINTS);
    assert_int_equal(answer_at(&binding, 6), TRIMTAB_GO);
    binding_end(&binding);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_wait_is_told),
        TEST(none_is_told_without_one),
        TEST(the_program_may_go_on_while_paused),
        TEST(the_next_control_point_waits_on),
        TEST(an_interrupt_counts_for_more),
        TEST(another_thread_may_use_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
