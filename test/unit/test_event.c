/* Events have the shapes of doc/protocol.md, one line each. */
#include "sample_run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "wire/event.h"

static struct sample sample;
static struct buf members, line;

static int setup(void **state)
{
    (void)state;
    sample_init(&sample);
    buf_init(&members);
    buf_init(&line);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_finish(&members);
    buf_finish(&line);
    return 0;
}

/* The members make this event. */
static void check_event(enum event_kind kind, const char *expected)
{
    assert_false(members.failed);
    event_line(&line, event_name(kind), 5, 17, members.data, members.size);
    assert_int_equal(line.data[line.size - 1], '\n');
    check_json(&line, expected);
    buf_clear(&members);
}

static void test_run(void **state)
{
    (void)state;
    event_run_members(&members, &sample.run, SAMPLE_NOW_NS);
    check_event(EVENT_RUN, "{'event':'run','cursor':{'epoch':5,'n':17},'state':'running','step':412,'total':2000,"
                           "'rate':14.2,'eta':111.831,'frozen':false,'time':1790000000.0}");
    sample.run.frozen = true;
    sample.run.state = RUN_LOST;
    sample.run.step_known = false;
    event_run_members(&members, &sample.run, SAMPLE_NOW_NS);
    check_event(EVENT_RUN, "{'event':'run','cursor':{'epoch':5,'n':17},'state':'lost','step':null,'total':2000,"
                           "'rate':14.2,'eta':null,'frozen':true,'time':1790000000.0}");
}

static void test_setting(void **state)
{
    (void)state;
    event_setting_members(&members, &sample.settings[0], 41230, SAMPLE_NOW_NS, 0);
    check_event(EVENT_SETTING, "{'event':'setting','cursor':{'epoch':5,'n':17},'name':'lr','value':0.001,'revision':3,"
                               "'step':41230,'time':1790000000.0,'by':9}");
    event_setting_members(&members, &sample.settings[1], -1, SAMPLE_NOW_NS, 12);
    check_event(EVENT_SETTING, "{'event':'setting','cursor':{'epoch':5,'n':17},'name':'schedule','value':'constant',"
                               "'revision':0,'step':-1,'time':1790000000.0,'by':'trainer','overrides':12}");
}

static void test_text_setting(void **state)
{
    (void)state;
    event_setting_members(&members, &sample.settings[5], 7, SAMPLE_NOW_NS, 0);
    check_event(EVENT_SETTING, "{'event':'setting','cursor':{'epoch':5,'n':17},'name':'note',"
                               "'value':'a \\\"b\\\"\\n\xef\xbf\xbd','revision':2,'step':7,'time':1790000000.0,"
                               "'by':'trainer'}");
    event_declared_setting_members(&members, &sample.settings[5]);
    check_event(EVENT_DECLARED, "{'event':'declared','cursor':{'epoch':5,'n':17},'setting':{'name':'note',"
                                "'type':'string','value':'a \\\"b\\\"\\n\xef\xbf\xbd','revision':2,'unit':null,"
                                "'doc':'','attached':true}}");
}

static void test_started(void **state)
{
    (void)state;
    sample.ticket.code = CODE_ACT;
    event_started_members(&members, &sample.ticket, 500, SAMPLE_NOW_NS);
    check_event(EVENT_STARTED, "{'event':'started','cursor':{'epoch':5,'n':17},'ticket':17,'code':21,'name':'act',"
                               "'actor':'anna','step':500,'time':1790000000.0}");
}

static void test_outcome(void **state)
{
    (void)state;
    sample.ticket.outcome.items = 1;
    event_outcome_members(&members, &sample.ticket, &sample.run);
    check_event(EVENT_OUTCOME, "{'event':'outcome','cursor':{'epoch':5,'n':17},'ticket':17,'outcome':'applied',"
                               "'step':41230,'settings':{'lr':{'old':0.001,'requested':0.0003,'effective':0.0003,"
                               "'revision':4}},'code':20,'name':'set','actor':'anna','reason':'loss plateaus',"
                               "'time':1790000000.0}");
    sample.ticket.outcome = (struct outcome){
        .kind = OUTCOME_CANCELLED, .error = ERROR_CANCELLED, .time_ns = SAMPLE_NOW_NS, .detail = "by ben"};
    sample.ticket.reason = NULL;
    event_outcome_members(&members, &sample.ticket, &sample.run);
    check_event(EVENT_OUTCOME, "{'event':'outcome','cursor':{'epoch':5,'n':17},'ticket':17,'outcome':'cancelled',"
                               "'code':20,'name':'set','actor':'anna','reason':'','time':1790000000.0,'error':48,"
                               "'detail':'by ben'}");
}

static void test_message(void **state)
{
    (void)state;
    static const char *const levels[] = {"info", "info", "warning", "error"};
    for (uint32_t level = 0; level < 4; level++) {
        event_message_members(&members, level, text_from("a\n\"b\""), 3, SAMPLE_NOW_NS, "trainer");
        char expected[200];
        snprintf(expected, sizeof expected,
                 "{'event':'message','cursor':{'epoch':5,'n':17},'level':'%s','text':'a\\n\\\"b\\\"','step':3,"
                 "'time':1790000000.0,'by':'trainer'}",
                 levels[level]);
        check_event(EVENT_MESSAGE, expected);
    }
}

static void test_said(void **state)
{
    (void)state;
    struct said said = {
        .id = 42, .level = 2, .text = "hot", .by = "anna (claimed)", .step = 412, .time_ns = SAMPLE_NOW_NS};
    event_said_members(&members, &said);
    check_event(EVENT_MESSAGE, "{'event':'message','cursor':{'epoch':5,'n':17},'level':'warning','text':'hot',"
                               "'step':412,'time':1790000000.0,'by':'anna (claimed)','id':42}");
    said.id = 0;
    said.step = MAILBOX_NO_STEP;
    event_said_members(&members, &said);
    check_event(EVENT_MESSAGE, "{'event':'message','cursor':{'epoch':5,'n':17},'level':'warning','text':'hot',"
                               "'step':null,'time':1790000000.0,'by':'anna (claimed)'}");
}

static void test_checkpoint(void **state)
{
    (void)state;
    event_checkpoint_members(&members, &sample.run.checkpoints[0]);
    check_event(EVENT_CHECKPOINT, "{'event':'checkpoint','cursor':{'epoch':5,'n':17},'id':'step-000400','step':400,"
                                  "'time':1790000000.0,'path':'/c/400','bytes':4300000}");
}

static void test_declared(void **state)
{
    (void)state;
    event_declared_series_members(&members, 1, &sample.series[1]);
    check_event(EVENT_DECLARED, "{'event':'declared','cursor':{'epoch':5,'n':17},"
                                "'series':{'id':1,'name':'valid/loss','unit':null,'count':0}}");
    event_declared_setting_members(&members, &sample.settings[3]);
    check_event(EVENT_DECLARED, "{'event':'declared','cursor':{'epoch':5,'n':17},'setting':{'name':'amp','type':'bool',"
                                "'value':true,'revision':0,'unit':null,'doc':'','attached':true}}");
    sample.actions[0].params = 0;
    event_declared_action_members(&members, &sample.actions[0]);
    check_event(EVENT_DECLARED, "{'event':'declared','cursor':{'epoch':5,'n':17},"
                                "'action':{'name':'generate','doc':'','params':[],'attached':true}}");
}

static void test_no_members(void **state)
{
    (void)state;
    event_line(&line, "run", UINT64_MAX, 0, NULL, 0);
    assert_string_equal(buf_string(&line), "{\"event\":\"run\",\"cursor\":{\"epoch\":18446744073709551615,\"n\":0}}\n");
}

static void test_points(void **state)
{
    (void)state;
    const struct event_point points[] = {
        {0, 412, SAMPLE_NOW_NS + 123456789, 1.83},
        {UINT32_MAX, INT64_MIN, INT64_MIN, -2.2250738585072014e-308},
        {1, INT64_MAX, INT64_MAX, NAN},
        {2, 0, 0, -INFINITY},
    };
    event_scalars_line(&line, 5, 9, points, 4, 0);
    check_json(&line, "{'event':'scalars','cursor':{'epoch':5,'n':9},'points':[[0,412,1790000000.123456,1.83],"
                      "[4294967295,-9223372036854775808,-9223372036.854776,-2.2250738585072014e-308],"
                      "[1,9223372036854775807,9223372036.854775,'NaN'],[2,0,0.0,'-Infinity']]}");
    event_scalars_line(&line, 5, 9, points, 0, 12);
    check_json(&line, "{'event':'scalars','cursor':{'epoch':5,'n':9},'points':[],'thinned':12}");
}

static void test_lines_after_one_another(void **state)
{
    (void)state;
    const struct event_point point = {0, 1, 0, 0.5};
    event_scalars_line(&line, 5, 1, &point, 1, 0);
    event_line(&line, "run", 5, 2, "\"a\":1", 5);
    assert_string_equal(buf_string(&line),
                        "{\"event\":\"scalars\",\"cursor\":{\"epoch\":5,\"n\":1},\"points\":[[0,1,0.000000,0.5]]}\n"
                        "{\"event\":\"run\",\"cursor\":{\"epoch\":5,\"n\":2},\"a\":1}\n");
}

static void test_gap(void **state)
{
    (void)state;
    uint64_t missed[32] = {0};
    event_gap_line(&line, 5, 9, missed, 1, 9);
    check_json(&line, "{'event':'gap','cursor':{'epoch':5,'n':9},'missed':{},'from':1,'to':9}");
    missed[0] = 1200;
    missed[4] = 1;
    missed[31] = 7; /* no topic */
    event_gap_line(&line, 5, 9, missed, 1, UINT64_MAX >> 1);
    check_json(&line, "{'event':'gap','cursor':{'epoch':5,'n':9},'missed':{'scalars':1200,'messages':1},'from':1,"
                      "'to':9223372036854775807}");
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(event_name(EVENT_POINT), "scalars");
    assert_string_equal(event_name(EVENT_CLIENT), "client");
    assert_string_equal(event_name(EVENT_OUTPUT), "output");
    assert_string_equal(event_name((enum event_kind)99), "");
    assert_int_equal(event_topic(EVENT_CLIENT), TOPIC_CLIENTS);
    assert_int_equal(event_topic(EVENT_OUTPUT), TOPIC_OUTPUT);
    assert_int_equal(event_topic((enum event_kind)99), 0);
}

static void test_without_memory(void **state)
{
    (void)state;
    const struct event_point point = {0};
    line.failed = true;
    event_scalars_line(&line, 1, 1, &point, 1, 1);
    assert_true(line.failed);
    assert_int_equal(line.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_run, setup, teardown),
        cmocka_unit_test_setup_teardown(test_setting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_setting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_started, setup, teardown),
        cmocka_unit_test_setup_teardown(test_outcome, setup, teardown),
        cmocka_unit_test_setup_teardown(test_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_said, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_declared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_points, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lines_after_one_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
