/* Pause, resume, advance, stop, and what cannot be read. */
#include "test_trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pause, resume, advance, stop ---- */

static void pauses_and_resumes(void **state)
{
    struct server *server = *state;
    int64_t step = 5;

    server_open(server, NULL);
    uint64_t pause = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    uint64_t again = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    uint64_t resume = server_ask(server, MAILBOX_RESUME, 0, MAILBOX_NO_STEP);
    uint64_t twice = server_ask(server, MAILBOX_RESUME, 0, MAILBOX_NO_STEP);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_RUNNING);
    const struct record *record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_PAUSED);
    assert_int_equal(record->state.ticket, pause);
    assert_int_equal(record->step, 5);
    assert_true(server_outcome(server, pause, OUTCOME_APPLIED)->changed);
    assert_false(server_outcome(server, again, OUTCOME_APPLIED)->changed);
    record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_RUNNING);
    assert_int_equal(record->state.ticket, resume);
    assert_true(server_outcome(server, resume, OUTCOME_APPLIED)->changed);
    assert_false(server_outcome(server, twice, OUTCOME_APPLIED)->changed);
    assert_int_equal(server->record.step, 5);
}

static void waits_for_its_step(void **state)
{
    struct server *server = *state;
    int64_t step;

    server_open(server, NULL);
    uint64_t stop = server_ask(server, MAILBOX_STOP, 0, 7);
    struct mailbox_request late = {.kind = MAILBOX_STOP, .at_step = MAILBOX_NO_STEP, .until_step = -1};
    uint64_t missed = server_post(server, &late);
    for (step = 0; trimtab_control_point(server->run, &step) != TRIMTAB_STOP; step++)
        assert_true(step < 7);
    assert_int_equal(step, 7);
    server_outcome(server, stop, OUTCOME_APPLIED);
    assert_int_equal(server->record.step, 7);
    assert_int_equal(mailbox_state(&server->mailbox, missed), SLOT_POSTED);
    assert_true(mailbox_withdraw(&server->mailbox, missed));
}

static void stops_for_good(void **state)
{
    struct server *server = *state;
    int64_t step = 1;

    server_open(server, NULL);
    uint64_t stop = server_ask(server, MAILBOX_STOP, 0, MAILBOX_NO_STEP);
    uint64_t again = server_ask(server, MAILBOX_STOP, 0, MAILBOX_NO_STEP);
    uint64_t pause = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    uint64_t advance = server_ask(server, MAILBOX_ADVANCE, 2, MAILBOX_NO_STEP);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_STOP);
    assert_true(server_outcome(server, stop, OUTCOME_APPLIED)->changed);
    assert_false(server_outcome(server, again, OUTCOME_APPLIED)->changed);
    assert_int_equal(server_outcome(server, pause, OUTCOME_REFUSED)->error, 55);
    assert_int_equal(server_outcome(server, advance, OUTCOME_REFUSED)->error, 55);
    step = 2;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_STOP);
}

static void advances(void **state)
{
    struct server *server = *state;
    int64_t step = 10;

    server_open(server, NULL);
    (void)server_expect(server, RECORD_STATE);
    uint64_t pause = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    uint64_t advance = server_ask(server, MAILBOX_ADVANCE, 3, MAILBOX_NO_STEP);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    server_outcome(server, pause, OUTCOME_APPLIED);
    const struct record *record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_RUNNING);
    assert_int_equal(record->state.ticket, advance);
    assert_int_equal(server_outcome(server, advance, OUTCOME_APPLIED)->pause_step, 13);
    uint64_t resume = server_ask(server, MAILBOX_RESUME, 0, 13);
    for (step = 11; step <= 13; step++)
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_PAUSED);
    assert_int_equal(record->state.ticket, advance);
    assert_int_equal(record->step, 13);
    assert_true(server_outcome(server, resume, OUTCOME_APPLIED)->changed);
}

static void a_resume_ends_an_advance(void **state)
{
    struct server *server = *state;
    int64_t step = 0;

    server_open(server, NULL);
    uint64_t advance = server_ask(server, MAILBOX_ADVANCE, 2, MAILBOX_NO_STEP);
    uint64_t resume = server_ask(server, MAILBOX_RESUME, 0, MAILBOX_NO_STEP);
    for (; step < 10; step++)
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    server_outcome(server, advance, OUTCOME_APPLIED);
    assert_true(server_outcome(server, resume, OUTCOME_APPLIED)->changed);
    uint64_t none = server_ask(server, MAILBOX_ADVANCE, 0, MAILBOX_NO_STEP);
    assert_int_equal(server_answer(server, none, &step)->error, 46);
    uint64_t many = server_ask(server, MAILBOX_ADVANCE, INT64_MAX, MAILBOX_NO_STEP);
    assert_int_equal(server_answer(server, many, &step)->error, 46);
}

static void a_pause_may_be_bounded(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.max_pause = 0.001};
    int64_t step = 0;

    server_open(server, &options);
    (void)server_expect(server, RECORD_STATE);
    (void)server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_PAUSED);
    assert_int_equal(server_expect(server, RECORD_MESSAGE)->message.level, TRIMTAB_WARNING);
    const struct record *record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_RUNNING);
    assert_int_equal(record->state.ticket, 0);
}

static void refuses_what_it_cannot_read(void **state)
{
    struct server *server = *state;
    int64_t step = 0;

    server_open(server, NULL);
    uint64_t ticket = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    for (uint32_t i = 0; i < MAILBOX_SLOTS; i++)
        server->mailbox.map->slot[i].kind = 99;
    const struct record_outcome *outcome = server_answer(server, ticket, &step);
    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 46);
    assert_text(outcome->detail, "the request could not be read");
}

static void an_interrupt_stops(void **state)
{
    struct server *server = *state;
    int64_t step = 3;

    server_open(server, NULL);
    (void)server_expect(server, RECORD_STATE);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_interrupt(server->run);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_STOP);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_STOP);
    const struct record *record = server_expect(server, RECORD_STATE);
    assert_int_equal(record->state.state, RUN_STOPPING);
    assert_int_equal(record->state.ticket, 0);
    assert_null(server_next(server, RECORD_STATE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pauses_and_resumes),
        TEST(waits_for_its_step),
        TEST(stops_for_good),
        TEST(advances),
        TEST(a_resume_ends_an_advance),
        TEST(a_pause_may_be_bounded),
        TEST(refuses_what_it_cannot_read),
        TEST(an_interrupt_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
