/* Replies have the shapes of doc/protocol.md. */
#include "sample_run.h"

#include <stdio.h>
#include <string.h>

#include "wire/reply.h"

static struct sample sample;
static struct buf out;
static const struct request_id no_id, number_id = {.kind = REQUEST_ID_INTEGER, .integer = -7},
                                      text_id = {.kind = REQUEST_ID_TEXT, .text = "a\"1"};

static int setup(void **state)
{
    (void)state;
    sample_init(&sample);
    buf_init(&out);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_finish(&out);
    return 0;
}

static void test_refusals(void **state)
{
    (void)state;
    struct refusal refusal;
    refuse(&refusal, ERROR_CODE, "no request has code %d", 99);
    reply_refusal(&out, &refusal, true, 99, &text_id);
    check_json(&out, "{'CodeError':41,'Error':'0x29','Message':'Invalid request code','code':99,'id':'a\\\"1',"
                     "'Detail':'no request has code 99'}");
    refusal.same_code = true;
    reply_refusal(&out, &refusal, true, 20, &number_id);
    check_json(&out, "{'CodeError':41,'Error':'0x29','Message':'Many request with same code','code':20,'id':-7,"
                     "'Detail':'no request has code 99'}");
    refuse(&refusal, ERROR_JSON, "not UTF-8");
    reply_refusal(&out, &refusal, false, 0, NULL);
    check_json(&out, "{'CodeError':42,'Error':'0x2A','Message':'Invalid JSON format','Detail':'not UTF-8'}");
    refuse(&refusal, ERROR_STATE, "\xff");
    reply_refusal(&out, &refusal, true, 19, &no_id);
    check_json(&out, "{'CodeError':55,'Error':'0x37','Message':'Not in this state','code':19,'Detail':'\xef\xbf\xbd'}");
}

static void test_small_results(void **state)
{
    (void)state;
    reply_open(&out, CODE_UNSUBSCRIBE, &number_id);
    result_empty(&out);
    reply_close(&out);
    check_json(&out, "{'code':6,'id':-7,'result':{}}");
    reply_open(&out, CODE_PING, &no_id);
    result_ping(&out, SAMPLE_NOW_NS + 5000);
    reply_close(&out);
    check_json(&out, "{'code':2,'result':{'time':1790000000.000005}}");
    result_cursor(&out, UINT64_C(1790000000000000), 17);
    check_json(&out, "{'cursor':{'epoch':1790000000000000,'n':17}}");
    result_pending(&out, &sample.ticket);
    check_json(&out, "{'ticket':17,'outcome':'pending'}");
    result_withdrawn(&out, 18);
    check_json(&out, "{'ticket':18,'outcome':'cancelled'}");
}

static void test_hello(void **state)
{
    (void)state;
    struct hello_view view = {.version = "0.1.0", .client = 3, .name = "anna", .role = ROLE_ADMIN, .auth = "none"};
    result_hello(&out, &view, &sample.run, SAMPLE_NOW_NS);
    check_json(&out, "{'protocol':1,'version':'0.1.0','client':3,'name':'anna','role':'admin','auth':'none',"
                     "'time':1790000000.0,'run':{'name':'gpt','folder':'/home/anna/runs/gpt/20261122-101500',"
                     "'state':'running','step':412,'total':2000}}");
}

static void test_status(void **state)
{
    (void)state;
    sample.run.steps_per_second = 14.2;
    struct ticket *tickets[] = {&sample.ticket};
    result_status(&out, &sample.run, tickets, 1, 3, SAMPLE_NOW_NS);
    check_json(
        &out,
        "{'run':{'name':'gpt','folder':'/home/anna/runs/gpt/20261122-101500','state':'running',"
        "'since':1789999940.0,'step':412,'total':2000,'rate':14.2,'eta':111.831,'frozen':false},"
        "'settings':{'lr':{'value':0.001,'revision':3},'schedule':{'value':'constant','revision':0},"
        "'batch \\'size\\'':{'value':64,'revision':0},'amp':{'value':true,'revision':0},"
        "'clip':{'value':'NaN','revision':0},"
        "'note':{'value':'a \\\"b\\\"\\n\xef\xbf\xbd','revision':2}},"
        "'pending':[{'ticket':17,'code':20,'name':'set','actor':'anna','phase':'posted','age':1.25,'at_step':500}],"
        "'checkpoints':[{'id':'step-000400','step':400,'time':1790000000.0,'path':'/c/400','bytes':4300000}],"
        "'trainer':{'attached':true,'pid':4242,'host':'node7','language':'C','command':'gpt --steps 2000',"
        "'started':1789999939.0,'incarnation':'a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5','config':{'seed':{'a':1}}},"
        "'history':{'state':'stored'},'clients':3,'time':1790000000.0}");
}

static void test_status_of_nothing(void **state)
{
    (void)state;
    struct run run = {.name = "gpt", .folder = "/r", .history = "waiting (disk full)", .frozen = true};
    struct hello_view view = {.version = "0.1.0", .client = 1, .role = ROLE_VIEWER, .auth = "none"};
    result_status(&out, &run, NULL, 0, 1, SAMPLE_NOW_NS);
    check_json(&out, "{'run':{'name':'gpt','folder':'/r','state':'waiting','since':0.0,'step':null,'total':null,"
                     "'rate':null,'eta':null,'frozen':true},'settings':{},'pending':[],'checkpoints':[],"
                     "'trainer':{'attached':false,'pid':null,'host':null,'language':null,'command':null,"
                     "'started':null,'incarnation':null,'config':{}},"
                     "'history':{'state':'waiting (disk full)'},'clients':1,'time':1790000000.0}");
    result_hello(&out, &view, &run, SAMPLE_NOW_NS);
    check_json(&out,
               "{'protocol':1,'version':'0.1.0','client':1,'name':'','role':'viewer','auth':'none',"
               "'time':1790000000.0,'run':{'name':'gpt','folder':'/r','state':'waiting','step':null,'total':null}}");
}

static void test_phases_and_at_step(void **state)
{
    (void)state;
    static const char *const pending[] = {
        "'accepted','age':1.25}",
        "'posted','age':1.25,'at_step':-3}",
        "'started','age':1.25}",
        "'judged','age':1.25}",
    };
    static const int64_t at_step[] = {MAILBOX_NO_STEP, -3, MAILBOX_NO_STEP, MAILBOX_NO_STEP};
    sample.run = (struct run){.name = "", .folder = "", .history = ""};
    for (size_t i = 0; i < 4; i++) {
        struct ticket *tickets[] = {&sample.ticket};
        sample.ticket.phase = (enum ticket_phase)i;
        sample.ticket.at_step = at_step[i];
        result_status(&out, &sample.run, tickets, 1, 0, SAMPLE_NOW_NS);
        char expected[600];
        snprintf(expected, sizeof expected,
                 "{'run':{'name':'','folder':'','state':'waiting','since':0.0,'step':null,'total':null,'rate':null,"
                 "'eta':null,'frozen':false},'settings':{},'pending':[{'ticket':17,'code':20,'name':'set',"
                 "'actor':'anna','phase':%s],'checkpoints':[],'trainer':{'attached':false,'pid':null,'host':null,"
                 "'language':null,'command':null,'started':null,'incarnation':null,'config':{}},"
                 "'history':{'state':''},'clients':0,'time':1790000000.0}",
                 pending[i]);
        check_json(&out, expected);
    }
}

static void test_describe(void **state)
{
    (void)state;
    result_describe(&out, &sample.run, &(struct grant){.role = ROLE_VIEWER});
    check_json(&out,
               "{'settings':["
               "{'name':'lr','type':'double','value':0.001,'revision':3,'min':1e-06,'unit':null,'doc':'learning rate',"
               "'attached':true},"
               "{'name':'schedule','type':'choice','value':'constant','revision':0,'choices':['cosine','constant'],"
               "'unit':null,'doc':'','attached':true},"
               "{'name':'batch \\'size\\'','type':'int','value':64,'revision':0,'max':4096,'unit':'rows','doc':'',"
               "'attached':false},"
               "{'name':'amp','type':'bool','value':true,'revision':0,'unit':null,'doc':'','attached':true},"
               "{'name':'clip','type':'double','value':'NaN','revision':0,'unit':null,'doc':'','attached':true},"
               "{'name':'note','type':'string','value':'a \\\"b\\\"\\n\xef\xbf\xbd','revision':2,'unit':null,'doc':'',"
               "'attached':true}],"
               "'actions':[{'name':'generate','doc':'','params':["
               "{'name':'prompt','type':'string','default':'Once\\n'},"
               "{'name':'length','type':'int','default':160,'min':1,'max':4096},"
               "{'name':'greedy','type':'bool','default':false}],'attached':true}],"
               "'series':["
               "{'id':0,'name':'train/loss','unit':'nats','count':412,'step':411,'time':1790000000.25,'last':1.83},"
               "{'id':1,'name':'valid/loss','unit':null,'count':0}],"
               "'may':['hello','ping','status','describe','subscribe','unsubscribe','history','audit','clients',"
               "'stats','output','runs']}");
}

static void test_applied_set(void **state)
{
    (void)state;
    reply_outcome(&out, CODE_SET, &text_id, &sample.ticket, &sample.run);
    check_json(&out, "{'code':20,'id':'a\\\"1','result':{'ticket':17,'outcome':'applied','step':41230,'settings':{"
                     "'lr':{'old':0.001,'requested':0.0003,'effective':0.0003,'revision':4},"
                     "'schedule':{'old':'cosine','requested':'constant','effective':null,'revision':1}}}}");
}

static void test_applied_text(void **state)
{
    (void)state;
    sample.ticket.outcome.items = 1;
    sample.ticket.outcome.item = &sample.items[2];
    reply_outcome(&out, CODE_SET, &no_id, &sample.ticket, &sample.run);
    check_json(&out, "{'code':20,'result':{'ticket':17,'outcome':'applied','step':41230,'settings':{"
                     "'note':{'old':'','requested':'a\\n','effective':'\xc3\xa9','revision':3}}}}");
}

static void test_applied_others(void **state)
{
    (void)state;
    struct ticket *ticket = &sample.ticket;
    ticket->outcome.items = 0;
    ticket->code = CODE_PAUSE;
    ticket->unaudited = true;
    reply_outcome(&out, CODE_PAUSE, &no_id, ticket, &sample.run);
    check_json(&out, "{'code':16,'result':{'ticket':17,'outcome':'applied','step':41230,'changed':true}}");
    ticket->code = CODE_FREEZE;
    reply_outcome(&out, CODE_FREEZE, &no_id, ticket, &sample.run);
    check_json(&out, "{'code':23,'result':{'ticket':17,'outcome':'applied','step':41230,'changed':true}}");
    ticket->code = CODE_PAUSE;
    ticket->row_committed = false;
    reply_outcome(&out, CODE_PAUSE, &no_id, ticket, &sample.run);
    check_json(&out,
               "{'code':16,'result':{'ticket':17,'outcome':'applied','step':41230,'changed':true,'audit':'waiting'}}");
    ticket->unaudited = false;
    ticket->code = CODE_ADVANCE;
    ticket->outcome.changed = false;
    ticket->outcome.pause_step_known = true;
    ticket->outcome.pause_step = 41240;
    reply_outcome(&out, CODE_ADVANCE, &no_id, ticket, &sample.run);
    check_json(
        &out, "{'code':19,'result':{'ticket':17,'outcome':'applied','step':41230,'changed':false,'pause_step':41240}}");
}

static void test_applied_action(void **state)
{
    (void)state;
    struct ticket *ticket = &sample.ticket;
    ticket->outcome.items = 0;
    ticket->code = CODE_ACT;
    ticket->outcome.result = "{\r\n \"text\": \"a\\nb\"\n}";
    reply_outcome(&out, CODE_ACT, &no_id, ticket, &sample.run);
    check_json(&out, "{'code':21,'result':{'ticket':17,'outcome':'applied','step':41230,'result':{'text':'a\\nb'}}}");
    ticket->outcome.result = NULL;
    ticket->outcome.result_cut = true;
    reply_outcome(&out, CODE_CANCEL, &no_id, ticket, &sample.run);
    check_json(&out, "{'code':22,'result':{'ticket':17,'outcome':'applied','step':41230,'result_cut':true}}");
}

static void test_not_applied(void **state)
{
    (void)state;
    struct outcome *outcome = &sample.ticket.outcome;
    *outcome = (struct outcome){.kind = OUTCOME_REFUSED,
                                .error = ERROR_REVISION,
                                .step_known = true,
                                .step = 41230,
                                .detail = "lr has revision 4, expected 3"};
    reply_outcome(&out, CODE_SET, &text_id, &sample.ticket, &sample.run);
    check_json(&out, "{'CodeError':50,'Error':'0x32','Message':'Revision conflict','code':20,'id':'a\\\"1',"
                     "'Detail':'lr has revision 4, expected 3','ticket':17,'step':41230}");
    *outcome = (struct outcome){.kind = OUTCOME_LOST, .error = ERROR_LOST, .reached = true, .detail = "gone"};
    reply_outcome(&out, CODE_SET, &no_id, &sample.ticket, &sample.run);
    check_json(&out, "{'CodeError':49,'Error':'0x31','Message':'Model lost','code':20,'Detail':'gone','ticket':17,"
                     "'reached':true}");
    *outcome = (struct outcome){.kind = OUTCOME_EXPIRED, .error = ERROR_EXPIRED, .detail = ""};
    reply_outcome(&out, CODE_CANCEL, &no_id, &sample.ticket, &sample.run);
    check_json(&out, "{'CodeError':47,'Error':'0x2F','Message':'Expired','code':22,'Detail':'','ticket':17}");
    *outcome = (struct outcome){.kind = OUTCOME_REFUSED, .error = 99999, .detail = "a trainer's own number"};
    reply_outcome(&out, CODE_SET, &no_id, &sample.ticket, &sample.run);
    check_json(&out, "{'CodeError':46,'Error':'0x2E','Message':'Refused by model','code':20,"
                     "'Detail':'a trainer\\u0027s own number','ticket':17}");
}

static void test_refused_with_settings(void **state)
{
    (void)state;
    struct outcome *outcome = &sample.ticket.outcome;
    outcome->kind = OUTCOME_REFUSED;
    outcome->error = ERROR_MODEL;
    outcome->detail = "setter failed";
    outcome->items = 2;
    sample.items[0].requested = (struct value){0};
    sample.items[1].setting = 6; /* there is none */
    reply_outcome(&out, CODE_SET, &no_id, &sample.ticket, &sample.run);
    check_json(&out, "{'CodeError':46,'Error':'0x2E','Message':'Refused by model','code':20,'Detail':'setter failed',"
                     "'ticket':17,'step':41230,'settings':{'lr':{'old':0.001,'requested':null,'effective':0.0003,"
                     "'revision':4}}}");
}

static void test_without_memory(void **state)
{
    (void)state;
    out.failed = true;
    struct ticket *tickets[] = {&sample.ticket};
    result_status(&out, &sample.run, tickets, 1, 3, SAMPLE_NOW_NS);
    result_describe(&out, &sample.run, &(struct grant){.role = ROLE_ADMIN});
    reply_outcome(&out, CODE_SET, &no_id, &sample.ticket, &sample.run);
    assert_true(out.failed);
    assert_int_equal(out.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hello, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status, setup, teardown),
        cmocka_unit_test_setup_teardown(test_status_of_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_phases_and_at_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_describe, setup, teardown),
        cmocka_unit_test_setup_teardown(test_applied_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_applied_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_applied_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_applied_action, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_applied, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused_with_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
