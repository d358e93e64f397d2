/* The audit: what was asked, what became of it, and that nobody can change it unseen. */
#include "test_store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SET "{\"code\":20,\"settings\":{\"lr\":0.25}}"

static struct record outcome_record(uint64_t ticket, enum outcome_kind kind)
{
    struct record record = {.kind = RECORD_OUTCOME, .step = 41230, .time_ns = 1700000000500000000};
    record.outcome.ticket = ticket;
    record.outcome.outcome = kind;
    record.outcome.changed = true;
    record.outcome.pause_step = INT64_MIN;
    return record;
}

static void put_outcome(struct run_folder *run, uint64_t ticket, enum outcome_kind kind)
{
    struct record record = outcome_record(ticket, kind);
    run_put(run, &record);
}

static void begin(struct run_folder *run)
{
    struct record lr = setting_record(4, "lr", 0.5, 0);
    run_train(run);
    run_declare(run, &lr);
    run_open(run);
}

static uint64_t next_ticket(struct run_folder *run)
{
    struct store_begin begin;
    assert_int_equal(store_begin(run->store, &begin, NULL), 0);
    return begin.next_ticket;
}

/* ---- the records' text ---- */

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s is not in %s", part, text);
}

static void a_page(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(17, CODE_SET, SET);
    struct record outcome = outcome_record(17, OUTCOME_APPLIED);
    begin(run);
    run_commit(run, &row, 1);
    outcome.outcome.items = 1;
    outcome.outcome.item[0] = (struct record_item){
        .setting = 4, .old = value_double(0.001), .requested = value_double(0.0003), .effective = value_double(0.0003)};
    outcome.outcome.item[0].revision = 4;
    run_put(run, &outcome);
    run_commit(run, NULL, 0);
    const char *page = run_page(run, 0, 0, 0);
    assert_has(page, "{\"records\":[{\"sequence\":1,\"time\":1700000000.123456,\"ticket\":17,\"record\":\"accepted\","
                     "\"code\":20,\"name\":\"set\",\"actor\":\"anna\",\"role\":\"admin\",\"address\":"
                     "\"127.0.0.1:50312\",\"request\":" SET ",\"reason\":\"loss plateaus\",\"previous\":\"000000");
    assert_has(page, "{\"sequence\":2,\"time\":1700000000.500000,\"ticket\":17,\"record\":\"outcome\",\"outcome\":"
                     "\"applied\",\"error\":0,\"step\":41230,\"detail\":\"\",\"values\":{\"settings\":{\"lr\":{\"old\":"
                     "0.001,\"requested\":0.0003,\"effective\":0.0003,\"revision\":4}}},\"previous\":\"");
    assert_has(page, "],\"next\":null,\"head\":{\"sequence\":2,\"hash\":\"");
    assert_int_equal(run_verify(run).records, 2);
    assert_int_equal(run_verify(run).open, 0);
}

static void pages_follow_each_other(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[20];
    begin(run);
    for (uint64_t i = 0; i < 10; i++) {
        row[2 * i] = accepted(i + 1, CODE_PAUSE, "{\"code\":16}");
        row[2 * i + 1] = judged(i + 1, OUTCOME_EXPIRED);
    }
    run_commit(run, row, 20);
    assert_has(run_page(run, 0, 3, 0), "],\"next\":4,\"head\":{\"sequence\":20,");
    assert_has(run_page(run, 4, 3, 0), "{\"records\":[{\"sequence\":4,");
    assert_has(run_page(run, 18, 3, 0), "],\"next\":null,");
    assert_has(run_page(run, 0, 1, 7), "{\"records\":[{\"sequence\":13,");
    assert_has(run_page(run, 0, 1, 7), "],\"next\":14,");
    assert_has(run_page(run, 21, 0, 0), "{\"records\":[],\"next\":null,");
    assert_has(run_page(run, 0, 0, 99), "{\"records\":[],\"next\":null,");
}

/* However many rows are asked for, a page stays near a megabyte. */
static void a_page_is_bounded(void **state)
{
    struct run_folder *run = *state;
    const size_t size = 400 * 1024;
    char *large = test_malloc(size + 1);
    struct store_row row[8];
    memset(large, 'x', size);
    large[0] = large[size - 1] = '"';
    large[size] = 0;
    begin(run);
    for (uint64_t i = 0; i < 8; i++)
        row[i] = accepted(i + 1, CODE_ACT, large);
    run_commit(run, row, 8);
    assert_has(run_page(run, 0, 1000, 0), "],\"next\":4,");
    test_free(large);
}

static void what_an_action_says(void **state)
{
    static const struct {
        const char *result, *expected;
    } cases[] = {
        {"{ \"text\" : \"a \\\" b\",\n \"x\":[1, 2.50]}",
         "\"values\":{\"result\":{\"text\":\"a \\\" b\",\"x\":[1,2.50]}}"},
        {"{\"a\":1,\"a\":2}", "\"values\":{\"result\":\"{\\\"a\\\":1,\\\"a\\\":2}\"}"},
        {"{\"a\":", "\"values\":{\"result\":\"{\\\"a\\\":\"}"},
        {"", "\"values\":{}"},
    };
    struct run_folder *run = *state;
    begin(run);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct store_row row = accepted(i + 1, CODE_ACT, "{\"code\":21,\"action\":\"a\"}");
        struct record outcome = outcome_record(i + 1, OUTCOME_APPLIED);
        outcome.outcome.result = text_from(cases[i].result);
        run_put(run, &outcome);
        run_commit(run, &row, 1);
        assert_has(run_page(run, 0, 0, (int64_t)i + 1), cases[i].expected);
    }
}

static void what_a_run_command_says(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[] = {accepted(1, CODE_PAUSE, "{}"), accepted(2, CODE_ADVANCE, "{}"),
                              accepted(3, CODE_SET, "{}"), accepted(4, CODE_STOP, "{}")};
    struct record advance = outcome_record(2, OUTCOME_APPLIED), refused = outcome_record(3, OUTCOME_REFUSED);
    struct store_row lost = judged(4, OUTCOME_LOST);
    begin(run);
    advance.outcome.changed = false;
    advance.outcome.pause_step = 41241;
    refused.outcome.error = ERROR_MODEL;
    refused.outcome.detail = text_from("no \"lr\" today\n");
    lost.reached = true;
    lost.detail = "not \xff UTF-8";
    put_outcome(run, 1, OUTCOME_APPLIED);
    run_put(run, &advance);
    run_put(run, &refused);
    run_commit(run, row, 4);
    run_commit(run, &lost, 1);
    assert_has(run_page(run, 0, 0, 1), "\"values\":{\"changed\":true}");
    assert_has(run_page(run, 0, 0, 2), "\"values\":{\"changed\":false,\"pause_step\":41241}");
    assert_has(run_page(run, 0, 0, 3), "\"outcome\":\"refused\",\"error\":46,\"step\":41230,\"detail\":"
                                       "\"no \\\"lr\\\" today\\n\",\"values\":{}");
    assert_has(run_page(run, 0, 0, 4),
               "\"outcome\":\"lost\",\"error\":49,\"detail\":\"not \xEF\xBF\xBD UTF-8\",\"values\":"
               "{\"reached\":true}");
}

static void numbers_as_they_are_said(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_SET, SET);
    struct record outcome = outcome_record(1, OUTCOME_APPLIED);
    begin(run);
    outcome.outcome.items = 1;
    outcome.outcome.item[0] = (struct record_item){
        .setting = 4, .old = value_double(NAN), .requested = value_double(-INFINITY), .effective = value_double(0.1)};
    run_put(run, &outcome);
    run_commit(run, &row, 1);
    assert_has(run_page(run, 0, 0, 0), "{\"old\":\"NaN\",\"requested\":\"-Infinity\",\"effective\":0.1,");
}

/* ---- tickets ---- */

static void add_ticket(void *context, struct ticket *ticket)
{
    char *out = context;
    sprintf(out + strlen(out), "%d:%d:%s:%s:%s:%d:%s,", (int)ticket->number, (int)ticket->code, ticket->actor,
            ticket->address, ticket->reason, (int)ticket->role, ticket->canonical);
    assert_int_equal(ticket->phase, TICKET_ACCEPTED);
    assert_true(ticket->row_committed);
    assert_int_equal(ticket->accepted_ns, 1700000000123456789);
    assert_true(ticket->number == 3 ? ticket->deadline_ns == 5 && ticket->until_step == -6
                                    : ticket->deadline_ns == INT64_MAX && ticket->until_step == MAILBOX_NO_STEP);
    ticket_destroy(ticket);
}

static void what_is_pending(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[] = {accepted(1, CODE_PAUSE, "{}"), accepted(2, CODE_SET, SET), accepted(3, CODE_ACT, "{}"),
                              judged(1, OUTCOME_CANCELLED)};
    char pending[512] = "";
    row[2].deadline_ns = 5;
    row[2].until_step = -6;
    begin(run);
    assert_int_equal(next_ticket(run), 1);
    run_commit(run, row, 4);
    run_close(run, false);
    run_open(run);
    assert_int_equal(next_ticket(run), 4);
    assert_int_equal(store_pending(run->store, add_ticket, pending, NULL), 0);
    assert_string_equal(pending, "2:20:anna:127.0.0.1:50312:loss plateaus:3:" SET
                                 ",3:21:anna:127.0.0.1:50312:loss plateaus:3:{},");
    assert_int_equal(run_verify(run).open, 2);
}

static void nothing_is_written_twice(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[] = {accepted(1, CODE_PAUSE, "{}"), judged(1, OUTCOME_EXPIRED), judged(9, OUTCOME_EXPIRED)};
    begin(run);
    put_outcome(run, 1, OUTCOME_APPLIED);
    put_outcome(run, 1, OUTCOME_REFUSED);
    run_commit(run, row, 1);
    put_outcome(run, 1, OUTCOME_APPLIED);
    run_commit(run, row, 3);
    assert_int_equal(run_verify(run).records, 3 - 1);
    assert_int_equal(run_verify(run).bad_sequence, 0);
    assert_has(run_page(run, 0, 0, 0), "\"outcome\":\"applied\""); /* the first to come */
}

/* A pause is carried out before its acceptance can be committed: its outcome waits. */
static void an_outcome_before_its_acceptance(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(6, CODE_PAUSE, "{\"code\":16}");
    begin(run);
    put_outcome(run, 6, OUTCOME_APPLIED);
    run_commit(run, NULL, 0);
    assert_int_equal(run_verify(run).records, 0);
    run_close(run, false);
    run_open(run);
    assert_int_equal(next_ticket(run), 7);
    run_commit(run, &row, 1);
    assert_int_equal(run_verify(run).records, 2);
    assert_int_equal(run_verify(run).open, 0);
    assert_has(run_page(run, 2, 0, 0), "\"outcome\":\"applied\",\"error\":0,\"step\":41230,\"detail\":\"\",\"values\":"
                                       "{\"changed\":true}");
    assert_int_equal(run_sql(run, "SELECT count(*) FROM early"), 0);
    for (uint64_t ticket = 1000; ticket < 2000; ticket++)
        put_outcome(run, ticket, OUTCOME_APPLIED);
    run_commit(run, NULL, 0);
    assert_true(run_sql(run, "SELECT count(*) FROM early") <= 256);
}

/* ---- the chain ---- */

static void write_three(struct run_folder *run)
{
    struct store_row row[] = {accepted(1, CODE_SET, SET), accepted(2, CODE_PAUSE, "{}"), judged(2, OUTCOME_EXPIRED)};
    row[0].deadline_ns = 123;
    row[0].until_step = 456;
    row[2].step_known = true;
    begin(run);
    run_commit(run, row, 3);
    put_outcome(run, 1, OUTCOME_APPLIED);
    run_commit(run, NULL, 0);
    assert_int_equal(run_verify(run).records, 4);
    assert_int_equal(run_verify(run).bad_sequence, 0);
    run_close(run, true);
}

static void assert_bad(struct run_folder *run, const char *sql, uint64_t sequence)
{
    run_close(run, false);
    run_sql(run, "CREATE TABLE kept AS SELECT * FROM audit; CREATE TABLE kept_head AS SELECT * FROM head");
    run_sql(run, sql);
    struct store_verdict verdict = run_verify(run);
    if (verdict.bad_sequence != sequence)
        fail_msg("%s: named %d (%s), not %d", sql, (int)verdict.bad_sequence, verdict.why, (int)sequence);
    assert_true(verdict.why[0]);
    run_close(run, false);
    run_sql(run, "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DELETE FROM head;"
                 "INSERT INTO head SELECT * FROM kept_head; DROP TABLE kept; DROP TABLE kept_head");
    assert_int_equal(run_verify(run).bad_sequence, 0);
}

static void every_field_is_chained(void **state)
{
    static const struct {
        int sequence;
        const char *change;
    } cases[] = {
        {1, "time_ns=time_ns+1"},
        {1, "ticket=7"},
        {1, "record='outcome'"},
        {1, "code=16"},
        {1, "actor='bert'"},
        {1, "role='viewer'"},
        {1, "address=''"},
        {1, "request='{}'"},
        {1, "reason=NULL"},
        {1, "deadline_ns=NULL"},
        {1, "until_step=457"},
        {1, "outcome=''"},
        {2, "deadline_ns=1"},
        {2, "error=0"},
        {2, "vals='{}'"},
        {2, "actor=x'616e6e61'"},
        {3, "outcome='applied'"},
        {3, "error=0"},
        {3, "step=1"},
        {3, "step=0.5"},
        {3, "detail='none'"},
        {3, "vals='{ }'"},
        {4, "time_ns=NULL"},
        {4, "step=NULL"},
        {4, "vals=NULL"},
        {4, "detail=NULL"},
        {1, "hash=previous"},
        {4, "hash=previous"},
        {2, "previous=hash"},
        {3, "previous='short'"},
        {3, "hash=upper(hash)||'0'"},
    };
    struct run_folder *run = *state;
    write_three(run);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE audit SET %s WHERE sequence=%d", cases[i].change, cases[i].sequence);
        assert_bad(run, sql, (uint64_t)cases[i].sequence);
    }
}

static void rows_taken_or_added(void **state)
{
    struct run_folder *run = *state;
    write_three(run);
    assert_bad(run, "DELETE FROM audit WHERE sequence=1", 1);
    assert_bad(run, "DELETE FROM audit WHERE sequence=3", 3);
    assert_bad(run, "DELETE FROM audit WHERE sequence=4", 4);
    assert_bad(run, "DELETE FROM audit", 1);
    assert_bad(run, "UPDATE audit SET sequence=-1 WHERE sequence=1", 1);
    assert_bad(run,
               "INSERT INTO audit SELECT 5,time_ns,ticket,record,code,actor,role,address,request,reason,"
               "deadline_ns,until_step,outcome,error,step,detail,vals,previous,hash FROM audit WHERE sequence=4",
               5);
    assert_bad(run, "DELETE FROM head", 1);
    assert_bad(run, "UPDATE head SET hash='0'", 4);
}

/* Rows that are chained well, by somebody who owns the program, but cannot be true. */
static void sound_hashes_are_not_enough(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[] = {accepted(1, CODE_PAUSE, "{}"), judged(1, OUTCOME_EXPIRED)};
    begin(run);
    run_commit(run, row, 2);
    run_sql(run, "CREATE TABLE kept AS SELECT * FROM audit; DROP INDEX audit_ticket; UPDATE audit SET ticket=2");
    run_commit(run, row, 2); /* they look new to the store */
    run_sql(run, "DELETE FROM audit WHERE sequence<3; INSERT INTO audit SELECT * FROM kept");
    struct store_verdict verdict = run_verify(run);
    assert_int_equal(verdict.bad_sequence, 3);
    assert_has(verdict.why, "accepts ticket 1 again");
    run_sql(run, "DELETE FROM audit; UPDATE head SET sequence=0,"
                 "hash='0000000000000000000000000000000000000000000000000000000000000000'");
}

static void a_second_outcome_is_named(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[] = {accepted(1, CODE_PAUSE, "{}"), judged(1, OUTCOME_EXPIRED), judged(1, OUTCOME_LOST)};
    begin(run);
    run_commit(run, row, 2);
    run_sql(run, "UPDATE audit SET record='gone' WHERE sequence=2 AND 0; CREATE TABLE kept AS SELECT * FROM audit;"
                 "DELETE FROM audit WHERE sequence=2");
    run_commit(run, &row[2], 1);
    run_sql(run, "INSERT INTO audit SELECT * FROM kept WHERE sequence=2");
    struct store_verdict verdict = run_verify(run);
    assert_int_equal(verdict.bad_sequence, 3);
    assert_has(verdict.why, "a second outcome of ticket 1");
}

static void an_outcome_of_nothing_is_named(void **state)
{
    struct run_folder *run = *state;
    struct store_row row[] = {accepted(1, CODE_PAUSE, "{}"), judged(1, OUTCOME_EXPIRED)};
    begin(run);
    run_sql(run, "INSERT INTO audit(sequence,ticket,record,previous,hash) VALUES(100,1,'accepted','','')");
    row[1].ticket = 1;
    run_commit(run, &row[1], 1);
    run_sql(run, "DELETE FROM audit WHERE sequence=100");
    struct store_verdict verdict = run_verify(run);
    assert_int_equal(verdict.bad_sequence, 1);
    assert_has(verdict.why, "which was never accepted");
}

/* Rows that somebody added in front of the writer do not stop it; verification names them. */
static void strange_rows_do_not_stop_the_writer(void **state)
{
    struct run_folder *run = *state;
    struct store_row row = accepted(1, CODE_PAUSE, "{}");
    begin(run);
    run_close(run, false);
    run_sql(run, "INSERT INTO audit(sequence,ticket,record,previous,hash) VALUES(1,50,'accepted','','')");
    run_open(run);
    assert_int_equal(next_ticket(run), 51);
    run_commit(run, &row, 1);
    assert_int_equal(run_verify(run).bad_sequence, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, run_setup, run_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_page),
        TEST(pages_follow_each_other),
        TEST(a_page_is_bounded),
        TEST(what_an_action_says),
        TEST(what_a_run_command_says),
        TEST(numbers_as_they_are_said),
        TEST(what_is_pending),
        TEST(nothing_is_written_twice),
        TEST(an_outcome_before_its_acceptance),
        TEST(every_field_is_chained),
        TEST(rows_taken_or_added),
        TEST(sound_hashes_are_not_enough),
        TEST(a_second_outcome_is_named),
        TEST(an_outcome_of_nothing_is_named),
        TEST(strange_rows_do_not_stop_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
