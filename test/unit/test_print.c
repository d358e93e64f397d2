#include "cli/print.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/newest.h"
#include "unit.h"

#define GONE "\xEF\xBF\xBD"

static const struct terminal plain = {.is_terminal = true, .width = 80};

static json_t *parse(const char *json)
{
    json_error_t error;
    json_t *value = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (!value)
        fail_msg("%s: %s", error.text, json);
    return value;
}

static void reply_is(print_reply_fn *print, const char *json, const char *expected)
{
    struct buf out = {0};
    json_t *reply = parse(json);
    print(&out, reply, &plain);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
    json_decref(reply);
}

static void refusal_is(const char *json, const char *expected)
{
    struct buf out = {0};
    json_t *reply = parse(json);
    print_refusal(&out, reply);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
    json_decref(reply);
}

/* ---- texts and numbers ---- */

static void text_is_(void (*print)(struct buf *out, const char *text), const char *text, const char *expected)
{
    struct buf out = {0};
    print(&out, text);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

static void control_characters_are_replaced(void **state)
{
    (void)state;
    text_is_(print_text, "gr\xC3\xBC\xC3\x9F dich \xE2\x82\xAC \xF0\x9F\x9A\xA2",
             "gr\xC3\xBC\xC3\x9F dich \xE2\x82\xAC \xF0\x9F\x9A\xA2");
    text_is_(print_text, "\033[2J\033]0;title\007\r\n\t\b\177",
             GONE "[2J" GONE "]0;title" GONE GONE GONE GONE GONE GONE);
    text_is_(print_text,
             "\xC2\x9B"
             "31m \xC2\x85",
             GONE "31m " GONE);                                                   /* C1: CSI, NEL */
    text_is_(print_text, "\xE2\x80\xAE\xE2\x81\xA6\xE2\x80\xA8", GONE GONE GONE); /* what turns text around */
    text_is_(print_text, "a\xff\xC2", "a" GONE GONE);                             /* not UTF-8 */
    text_is_(print_lines, "a\tb\n\033c\r\n", "a\tb\n" GONE "c" GONE "\n");
    text_is_(print_text, NULL, "");
}

static void numbers_have_the_fewest_digits(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } numbers[] = {{0.0003, "0.0003"}, {3, "3"},      {0.1, "0.1"}, {1e-6, "1e-06"}, {0.1 + 0.2, "0.30000000000000004"},
                   {1e300, "1e+300"},  {-2.5, "-2.5"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct buf out = {0};
        print_double(&out, numbers[i].number);
        assert_string_equal(buf_string(&out), numbers[i].text);
        buf_finish(&out);
    }
}

static void number_is(void (*print)(struct buf *out, double number), double number, const char *expected)
{
    struct buf out = {0};
    print(&out, number);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

static void quantities_have_units(void **state)
{
    (void)state;
    number_is(print_duration, 0.44, "0.4 s");
    number_is(print_duration, 9.96, "10 s");
    number_is(print_duration, 59.6, "1m 00s");
    number_is(print_duration, 111.8, "1m 52s");
    number_is(print_duration, 3723, "1h 02m 03s");
    number_is(print_duration, 187200, "2d 04h 00m");
    number_is(print_duration, NAN, "?");
    number_is(print_duration, -1, "?");
    number_is(print_metric, 1.8312345678, "1.83123");
    number_is(print_metric, 1000000810, "1000000810");
    number_is(print_metric, -INFINITY, "-inf");
    number_is(print_bytes, 512, "512 B");
    number_is(print_bytes, 999.7, "1 kB");
    number_is(print_bytes, 4300000, "4.3 MB");
    number_is(print_bytes, 1.5e21, "1.5e+06 PB");
}

/* ---- replies ---- */

static void status_is_told(void **state)
{
    (void)state;
    reply_is(
        print_status,
        "{\"code\":3,\"result\":{\"run\":{\"name\":\"g\\u001b[31mpt\",\"folder\":\"/runs/gpt/1\",\"state\":\"running\","
        "\"since\":1000,\"step\":412,\"total\":2000,\"rate\":14.2,\"eta\":111.8,\"frozen\":false},"
        "\"settings\":{\"lr\":{\"value\":0.0003,\"revision\":3},\"schedule\":{\"value\":\"cosine\",\"revision\":0}},"
        "\"pending\":[{\"ticket\":17,\"code\":20,\"name\":\"set\",\"actor\":\"anna\",\"phase\":\"posted\",\"age\":1.25,"
        "\"at_step\":500},{\"ticket\":18,\"code\":16,\"name\":\"pause\",\"actor\":\"b\",\"phase\":\"posted\",\"age\":"
        "75}],"
        "\"checkpoints\":[{\"id\":\"step-000400\",\"step\":400,\"time\":1580,\"path\":\"/x\",\"bytes\":4300000}],"
        "\"trainer\":{\"attached\":true,\"pid\":4242,\"host\":\"node7\",\"language\":\"C\",\"command\":\"gpt --steps "
        "2000\","
        "\"started\":970,\"config\":{\"seed\":1,\"pid\":4242}},\"history\":{\"state\":\"stored\"},\"clients\":3,"
        "\"time\":1700}}",
        "g" GONE "[31mpt  running for 11m 40s  step 412 of 2000 (20.6 %)  14.2 steps/s  ETA 1m 52s\n"
        "/runs/gpt/1\n"
        "\n"
        "settings     lr        0.0003  revision 3\n"
        "             schedule  cosine  revision 0\n"
        "pending      ticket 17  set    by anna  posted  1.2 s ago   due at step 500\n"
        "             ticket 18  pause  by b     posted  1m 15s ago\n"
        "checkpoints  step-000400  step 400  2m 00s ago  4.3 MB  /x\n"
        "trainer      C, pid 4242 on node7, for 12m 10s\n"
        "             gpt --steps 2000\n"
        "config       seed  1\n"
        "history      stored\n"
        "clients      3\n");
}

static void status_without_a_trainer(void **state)
{
    (void)state;
    reply_is(
        print_status,
        "{\"result\":{\"run\":{\"name\":\"gpt\",\"folder\":\"/r\",\"state\":\"waiting\",\"step\":null,\"total\":null,"
        "\"rate\":null,\"eta\":null,\"frozen\":true},\"settings\":{},\"pending\":[],\"checkpoints\":[],"
        "\"trainer\":{\"attached\":false},\"history\":{\"state\":\"waiting (disk full)\"},\"clients\":1,\"time\":5}}",
        "gpt  waiting, frozen: no changes are accepted\n/r\n\n"
        "trainer      none attached\nhistory      waiting (disk full)\nclients      1\n");
    reply_is(print_status, "{\"result\":{}}", "  \n\n\ntrainer      none attached\nhistory      \nclients      0\n");
}

static void the_description_is_a_table(void **state)
{
    (void)state;
    reply_is(
        print_describe,
        "{\"result\":{\"settings\":[{\"name\":\"lr\",\"type\":\"double\",\"value\":0.001,\"revision\":3,\"min\":1e-06,"
        "\"max\":0.1,\"unit\":null,\"doc\":\"learning "
        "rate\",\"attached\":true},{\"name\":\"schedule\",\"type\":\"choice\","
        "\"value\":\"cosine\",\"revision\":0,\"choices\":[\"cosine\",\"constant\"],\"doc\":\"\",\"attached\":false}],"
        "\"actions\":[{\"name\":\"generate\",\"doc\":\"text\",\"params\":[{\"name\":\"length\",\"type\":\"int\","
        "\"default\":160,\"min\":1}],\"attached\":true}],\"series\":[{\"id\":0,\"name\":\"loss\",\"unit\":\"nats\","
        "\"count\":412,\"step\":411,\"last\":1.8312345678},{\"id\":1,\"name\":\"acc\",\"unit\":null,\"count\":0}]}}",
        "settings     lr        0.001   double  1e-06 to 0.1     revision 3  learning rate\n"
        "             schedule  cosine  choice  cosine|constant  revision 0  (not attached)\n"
        "actions      generate  text\n"
        "               length=160  int  1 or more\n"
        "series       loss  1.83123 nats  at step 411  412 points\n"
        "             acc                              0 points\n");
    reply_is(print_describe, "{\"result\":{\"settings\":[],\"actions\":[],\"series\":[]}}",
             "nothing is declared yet\n");
}

static void outcomes_are_sentences(void **state)
{
    (void)state;
    reply_is(
        print_outcome,
        "{\"code\":20,\"result\":{\"ticket\":17,\"outcome\":\"applied\",\"step\":41230,\"settings\":{\"lr\":{\"old\":0."
        "001,"
        "\"requested\":0.0003,\"effective\":0.0003,\"revision\":4},\"k\":{\"old\":1,\"requested\":9,\"effective\":5,"
        "\"revision\":1},\"d\":{\"old\":1.0,\"requested\":2,\"effective\":2.0,\"revision\":1}}}}",
        "lr: 0.001 -> 0.0003 at step 41230 (revision 4)\n"
        "k: 1 -> 5 at step 41230 (revision 1)\n  asked for 9, in effect is 5\n"
        "d: 1 -> 2 at step 41230 (revision 1)\n");
    reply_is(print_outcome,
             "{\"code\":16,\"result\":{\"ticket\":1,\"outcome\":\"applied\",\"step\":7,\"changed\":true}}",
             "paused at step 7\n");
    reply_is(print_outcome,
             "{\"code\":17,\"result\":{\"ticket\":1,\"outcome\":\"applied\",\"step\":7,\"changed\":false}}",
             "it was not paused, at step 7\n");
    reply_is(print_outcome,
             "{\"code\":18,\"result\":{\"ticket\":1,\"outcome\":\"applied\",\"step\":7,\"changed\":true,\"audit\":"
             "\"waiting\"}}",
             "stops at step 7\nits audit record is not written yet: the history cannot be stored at the moment\n");
    reply_is(print_outcome,
             "{\"code\":19,\"result\":{\"ticket\":1,\"outcome\":\"applied\",\"step\":7,\"pause_step\":17}}",
             "goes on at step 7, pauses at step 17\n");
    reply_is(print_outcome,
             "{\"code\":24,\"result\":{\"ticket\":1,\"outcome\":\"applied\",\"result\":{\"signal\":\"SIGTERM\","
             "\"exit_status\":143}}}",
             "the trainer has ended after SIGTERM, with status 143\n");
    reply_is(print_outcome, "{\"code\":22,\"result\":{\"ticket\":17,\"outcome\":\"cancelled\"}}",
             "ticket 17: cancelled\n");
    reply_is(print_outcome, "{\"code\":16,\"result\":{\"ticket\":17,\"outcome\":\"pending\"}}",
             "ticket 17 is pending and lives on: `trimtab audit --ticket 17` tells what became of it, "
             "`trimtab cancel 17` withdraws it\n");
}

static void what_an_action_tells_is_readable(void **state)
{
    (void)state;
    reply_is(print_outcome,
             "{\"code\":21,\"result\":{\"ticket\":19,\"outcome\":\"applied\",\"step\":412,\"result\":{\"text\":"
             "\"ROMEO:\\nhello\\u001b[2J\",\"tokens\":160,\"loss\":\"NaN\",\"more\":{\"a\":[1]}},\"result_cut\":true}}",
             "done at step 412 (ticket 19)\ntext:\nROMEO:\nhello" GONE
             "[2J\ntokens: 160\nloss: NaN\nmore: {\"a\":[1]}\n"
             "(the result was too large: part of it was left out)\n");
}

static void a_refusal_is_one_line(void **state)
{
    (void)state;
    refusal_is("{\"CodeError\":46,\"Message\":\"Refused by model\",\"Detail\":\"no\\nway\"}",
               "Refused by model (46): no" GONE "way");
    refusal_is("{\"CodeError\":49,\"Message\":\"Model lost\",\"Detail\":\"gone\",\"ticket\":3,\"reached\":true}",
               "Model lost (49): gone (ticket 3); the trainer had taken it");
    refusal_is("{\"CodeError\":46,\"Message\":\"Refused by model\",\"settings\":{\"lr\":{\"old\":1,\"effective\":2}}}",
               "Refused by model (46); in effect: lr 2");
}

static void the_audit_has_a_line_a_record(void **state)
{
    (void)state;
    reply_is(print_audit,
             "{\"result\":{\"records\":[{\"sequence\":33,\"time\":1700000000.5,\"ticket\":17,\"record\":\"accepted\","
             "\"code\":20,"
             "\"name\":\"set\",\"actor\":\"anna\",\"role\":\"admin\",\"address\":\"unix\",\"request\":{\"code\":20,"
             "\"settings\":"
             "{\"lr\":0.0003}},\"reason\":\"plateau\"},{\"sequence\":34,\"time\":1700000001,\"ticket\":17,\"record\":"
             "\"outcome\","
             "\"outcome\":\"applied\",\"error\":0,\"step\":9,\"detail\":\"\",\"values\":{\"settings\":{\"lr\":{\"old\":"
             "0.001,"
             "\"requested\":0.0003,\"effective\":0.0003,\"revision\":4}}}},{\"sequence\":35,\"time\":1700000002,"
             "\"ticket\":18,"
             "\"record\":\"outcome\",\"outcome\":\"expired\",\"error\":47,\"detail\":\"its deadline "
             "passed\",\"values\":{}}],"
             "\"next\":36,\"head\":{\"sequence\":40,\"hash\":\"9f3c\"}}}",
             "    33  2023-11-14 22:13:20  ticket 17  asked by anna (admin, unix): set {\"settings\":{\"lr\":0.0003}}, "
             "because: plateau\n"
             "    34  2023-11-14 22:13:21  ticket 17  applied at step 9: lr 0.001 -> 0.0003\n"
             "    35  2023-11-14 22:13:22  ticket 18  expired (47): its deadline passed\n"
             "more: --from 36\nhead: record 40, 9f3c\n");
    reply_is(print_audit, "{\"result\":{\"records\":[],\"next\":null,\"head\":null}}", "no records\n");
}

static void people_are_a_table(void **state)
{
    (void)state;
    reply_is(
        print_clients,
        "{\"result\":{\"clients\":[{\"id\":3,\"name\":\"anna\\u001b\",\"role\":\"admin\",\"transport\":\"tcp\","
        "\"address\":\"127.0.0.1:50312\",\"since\":1700000000,\"topics\":[\"scalars\",\"run\"],\"sent\":18432,"
        "\"missed\":2,\"you\":false},{\"id\":4,\"name\":\"bob\",\"role\":\"viewer\",\"transport\":\"unix\",\"address\":"
        "\"unix\",\"since\":1700000001,\"topics\":[],\"sent\":0,\"missed\":0,\"you\":true}],\"total\":5}}",
        "clients      3  anna" GONE "      admin   tcp 127.0.0.1:50312  since 2023-11-14 22:13:20  scalars,run      "
        "18.4 kB sent  2 missed\n"
        "             4  bob (you)  viewer  unix                 since 2023-11-14 22:13:21  follows nothing  0 B "
        "sent      0 missed\n"
        "and 3 more\n");
    reply_is(print_clients, "{\"result\":{}}", "");
}

static void counters_have_names(void **state)
{
    (void)state;
    reply_is(
        print_stats,
        "{\"result\":{\"version\":\"0.1.0\",\"pid\":4243,\"uptime\":3600.5,\"cpu\":4.2,\"resident\":9400000,\"turns\":"
        "360000,\"clients\":{\"now\":3,\"most\":12,\"ever\":140},\"requests\":{\"answered\":812,\"refused\":9},"
        "\"bytes\":{\"in\":90210,\"out\":1820000},\"events\":{\"published\":250000,\"held\":180000,\"held_bytes\":"
        "9000000,\"thinned\":0,\"gaps\":0},\"store\":{\"commits\":36000,\"failed\":0,\"points\":250000,"
        "\"last_commit\":0.0012}}}",
        "server       0.1.0, pid 4243  up 1h 00m 01s  cpu 4.2 s  9.4 MB resident  360000 turns\n"
        "clients      3 now  12 at most  140 ever\n"
        "requests     812 answered  9 refused  90.2 kB in  1.82 MB out\n"
        "events       250000 published  180000 held  9 MB in memory  0 thinned  0 gaps\n"
        "store        250000 points  36000 commits  0 failed  the last one took 1.2 ms\n");
}

static void runs_stand_beside_each_other(void **state)
{
    (void)state;
    reply_is(
        print_run_list,
        "{\"result\":{\"runs\":[{\"name\":\"gpt\",\"folder\":\"/runs/gpt/2\",\"state\":\"running\",\"live\":true,"
        "\"started\":1700000000,\"step\":412,\"total\":2000,\"last\":{\"a\":1.7100001,\"b\":\"NaN\",\"c\":1,\"d\":2,"
        "\"e\":"
        "3},\"settings\":{\"lr\":0.0003},\"config\":{}},{\"folder\":\"/runs/gpt/1\",\"error\":\"no run.db\"}],"
        "\"total\":2}}",
        "/runs/gpt/\n"
        "runs         2  gpt        running, live  step 412 of 2000  2023-11-14 22:13  a 1.71  b NaN  c 1  +2 more  lr "
        "0.0003\n"
        "             1  no run.db\n");
    reply_is(print_run_list,
             "{\"result\":{\"runs\":[{\"folder\":\"/a/1\",\"error\":\"x\"},{\"folder\":\"/b/"
             "1\",\"error\":\"x\"}],\"total\":7}}",
             "runs         /a/1  x\n             /b/1  x\nand 5 older ones\n");
    reply_is(print_run_list, "{\"result\":{\"runs\":[],\"total\":0}}", "there are no runs beside this one\n");
}

static void what_a_resume_changed_is_told(void **state)
{
    (void)state;
    reply_is(print_status,
             "{\"result\":{\"run\":{\"name\":\"gpt\",\"folder\":\"/"
             "r\",\"state\":\"running\"},\"settings\":{\"lr\":{\"value\":"
             "0.001,\"revision\":0},\"k\":{\"value\":2,\"revision\":1},\"mode\":{\"value\":\"b\",\"revision\":0}},"
             "\"trainer\":{\"attached\":false,\"config\":{\"resumed\":{\"life\":1,\"step\":400,\"checkpoint\":\"x\","
             "\"settings\":{\"lr\":0.0003,\"k\":2.0,\"mode\":\"a\",\"gone\":1}}}},\"time\":5}}",
             "gpt  running\n/r\n\n"
             "settings     lr    0.001  revision 0\n"
             "             k     2      revision 1\n"
             "             mode  b      revision 0\n"
             "resumed      lr is 0.001, was 0.0003 before the resume\n"
             "             mode is b, was a before the resume\n"
             "trainer      none attached\nhistory      \nclients      0\n");
}

static void a_word_is_quoted_for_a_shell(void **state)
{
    (void)state;
    text_is_(print_shell_word, "/runs/gpt-1/a_b.c", "/runs/gpt-1/a_b.c");
    text_is_(print_shell_word, "", "''");
    text_is_(print_shell_word, "a b", "'a b'");
    text_is_(print_shell_word, "it's $x", "'it'\\''s $x'");
    text_is_(print_shell_word, "a\033b", "'a" GONE "b'");
}

/* ---- events ---- */

static void event_is(const char *json, const char *expected)
{
    struct buf out = {0};
    json_t *event = parse(json);
    print_event(&out, event, &plain);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
    json_decref(event);
}

static void events_are_lines(void **state)
{
    (void)state;
    event_is("{\"event\":\"setting\",\"name\":\"lr\",\"value\":0.001,\"revision\":4,\"step\":9,\"time\":1700000000,"
             "\"by\":\"trainer\","
             "\"overrides\":16}",
             "22:13:20  lr = 0.001 at step 9, revision 4, by trainer: what ticket 16 had set did not last\n");
    event_is("{\"event\":\"started\",\"ticket\":17,\"code\":21,\"name\":\"act\",\"actor\":\"a\",\"step\":9,\"time\":"
             "1700000000}",
             "22:13:20  ticket 17: act by a began at step 9\n");
    event_is("{\"event\":\"outcome\",\"ticket\":17,\"outcome\":\"refused\",\"step\":9,\"settings\":{\"lr\":{\"old\":1,"
             "\"effective\":1}},\"code\":21,\"name\":\"act\","
             "\"actor\":\"a\","
             "\"reason\":\"try\",\"time\":1700000000,\"error\":46,\"detail\":\"no disk\"}",
             "22:13:20  ticket 17: act by a refused at step 9, in effect: lr 1: no disk, because: try\n");
    event_is(
        "{\"event\":\"message\",\"level\":\"warning\",\"text\":\"loss is \\u001b NaN\",\"step\":9,\"time\":1700000000}",
        "22:13:20  warning at step 9: loss is " GONE " NaN\n");
    event_is(
        "{\"event\":\"checkpoint\",\"id\":\"c1\",\"step\":9,\"time\":1700000000,\"path\":\"/x\",\"bytes\":4300000}",
        "22:13:20  checkpoint c1 at step 9, 4.3 MB, /x\n");
    event_is("{\"event\":\"declared\",\"series\":{\"id\":0,\"name\":\"loss\"}}", "declared: series loss\n");
    event_is("{\"event\":\"gap\",\"missed\":{\"scalars\":1200}}",
             "missed 1200 of scalars: read too slowly; what follows is the state as of now\n");
    event_is("{\"event\":\"message\",\"level\":\"info\",\"text\":\"hi\",\"step\":9,\"time\":1700000000,\"by\":\"anna\","
             "\"id\":42}",
             "22:13:20  info by anna at step 9: hi\n");
    event_is("{\"event\":\"client\",\"change\":\"joined\",\"id\":3,\"name\":\"anna\",\"clients\":2}",
             "anna joined: 2 follow\n");
    event_is("{\"event\":\"client\",\"change\":\"many\",\"joined\":30,\"left\":2,\"clients\":40}",
             "30 joined, 2 left: 40 follow\n");
    event_is("{\"event\":\"output\",\"lines\":[\"a\",\"b\\u001b\"],\"at\":5,\"skipped\":2000}",
             "2 kB passed over; printed:\n  a\n  b" GONE "\n");
    event_is("{\"event\":\"of a later version\",\"time\":1}", "");
    event_is("{}", "");
}

static void take(struct newest *newest, void (*with)(struct newest *newest, const json_t *event), const char *json)
{
    json_t *event = parse(json);
    with(newest, event);
    json_decref(event);
}

static void line_is(struct newest *newest, int width, const char *expected)
{
    struct buf out = {0};
    newest_line(newest, &out, width);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

static void the_newest_values_share_a_line(void **state)
{
    (void)state;
    struct newest newest = {0};
    line_is(&newest, 80, "");
    take(&newest, newest_declared, "{\"series\":{\"id\":0,\"name\":\"loss\"}}");
    take(&newest, newest_declared, "{\"series\":{\"id\":2,\"name\":\"acc\\u001b\"}}");
    take(&newest, newest_declared, "{\"series\":{\"id\":4096,\"name\":\"too many\"}}");
    take(&newest, newest_scalars,
         "{\"points\":[[0,8,1,1.5],[0,9,1,\"NaN\"],[2,9,1,0.25],[1,9,1,7],[-1,9,1,7],[99999,9,1,7],[]]}");
    line_is(&newest, 80, "step 9  loss nan  acc" GONE " 0.25\n");
    line_is(&newest, 80, "");
    take(&newest, newest_run, "{\"step\":10,\"total\":100,\"rate\":2.5,\"eta\":36}");
    take(&newest, newest_scalars, "{\"points\":[[2,10,1,\"-Infinity\"]]}");
    line_is(&newest, 80, "step 10/100  2.5 steps/s  ETA 36 s  acc" GONE " -inf\n");
    take(&newest, newest_scalars, "{\"points\":[[0,11,1,1],[2,11,1,2]]}");
    line_is(&newest, 40, "step 11/100  2.5 steps/s  ETA 36 s  +2 more\n");
    newest_finish(&newest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_are_replaced),
        cmocka_unit_test(numbers_have_the_fewest_digits),
        cmocka_unit_test(quantities_have_units),
        cmocka_unit_test(status_is_told),
        cmocka_unit_test(status_without_a_trainer),
        cmocka_unit_test(the_description_is_a_table),
        cmocka_unit_test(outcomes_are_sentences),
        cmocka_unit_test(what_an_action_tells_is_readable),
        cmocka_unit_test(a_refusal_is_one_line),
        cmocka_unit_test(the_audit_has_a_line_a_record),
        cmocka_unit_test(people_are_a_table),
        cmocka_unit_test(counters_have_names),
        cmocka_unit_test(runs_stand_beside_each_other),
        cmocka_unit_test(what_a_resume_changed_is_told),
        cmocka_unit_test(a_word_is_quoted_for_a_shell),
        cmocka_unit_test(events_are_lines),
        cmocka_unit_test(the_newest_values_share_a_line),
    };
    return cmocka_run_group_tests(tests, in_utc, NULL);
}
