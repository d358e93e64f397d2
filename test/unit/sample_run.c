#include "sample_run.h"

#include <math.h>
#include <string.h>

#include <jansson.h>

static void sample_declarations(struct sample *sample)
{
    sample->series[0] = (struct series){.name = "train/loss",
                                        .unit = "nats",
                                        .logged = true,
                                        .step = 411,
                                        .time_ns = SAMPLE_NOW_NS + 250000000,
                                        .value = 1.83,
                                        .count = 412};
    sample->series[1] = (struct series){.name = "valid/loss", .unit = ""};
    sample->settings[0] = (struct setting){.name = "lr",
                                           .unit = "",
                                           .doc = "learning rate",
                                           .type = VALUE_DOUBLE,
                                           .bounded = true,
                                           .min = value_double(1e-6),
                                           .max = value_double(INFINITY),
                                           .value = value_double(0.001),
                                           .revision = 3,
                                           .ticket = 9,
                                           .attached = true};
    sample->choices[0].text = "cosine";
    sample->choices[1].text = "constant";
    sample->settings[1] = (struct setting){.name = "schedule",
                                           .doc = "",
                                           .type = VALUE_CHOICE,
                                           .choices = 2,
                                           .choice = sample->choices,
                                           .value = value_integer(VALUE_CHOICE, 1),
                                           .attached = true};
    sample->settings[2] = (struct setting){.name = "batch \"size\"",
                                           .unit = "rows",
                                           .doc = "",
                                           .type = VALUE_INT,
                                           .bounded = true,
                                           .min = value_integer(VALUE_INT, INT64_MIN),
                                           .max = value_integer(VALUE_INT, 4096),
                                           .value = value_integer(VALUE_INT, 64)};
    sample->settings[3] = (struct setting){
        .name = "amp", .doc = "", .type = VALUE_BOOL, .value = value_integer(VALUE_BOOL, 1), .attached = true};
    sample->settings[4] =
        (struct setting){.name = "clip", .doc = "", .type = VALUE_DOUBLE, .value = value_double(NAN), .attached = true};
    sample->settings[5] = (struct setting){.name = "note",
                                           .doc = "",
                                           .type = VALUE_STRING,
                                           .value = {.type = VALUE_STRING, .text = text_from("a \"b\"\n\xff")},
                                           .revision = 2,
                                           .attached = true};
    sample->params[0] = (struct param){.name = "prompt", .text = "Once\n", .value = {.type = VALUE_STRING}};
    sample->params[1] = (struct param){.name = "length",
                                       .text = "",
                                       .value = value_integer(VALUE_INT, 160),
                                       .bounded = true,
                                       .min = value_integer(VALUE_INT, 1),
                                       .max = value_integer(VALUE_INT, 4096)};
    sample->params[2] = (struct param){.name = "greedy", .text = "", .value = value_integer(VALUE_BOOL, 0)};
    sample->actions[0] =
        (struct action){.name = "generate", .doc = "", .params = 3, .param = sample->params, .attached = true};
    sample->configs[0] = (struct config){.name = "seed", .json = "{\n\"a\":1}"};
}

static void sample_ticket(struct sample *sample)
{
    sample->items[0] = (struct outcome_item){.setting = 0,
                                             .old = value_double(0.001),
                                             .requested = value_double(0.0003),
                                             .effective = value_double(0.0003),
                                             .revision = 4};
    sample->items[1] = (struct outcome_item){.setting = 1,
                                             .old = value_integer(VALUE_CHOICE, 0),
                                             .requested = value_integer(VALUE_CHOICE, 1),
                                             .effective = value_integer(VALUE_CHOICE, 7),
                                             .revision = 1};
    sample->items[2] = (struct outcome_item){.setting = 5,
                                             .old = {.type = VALUE_STRING},
                                             .requested = {.type = VALUE_STRING, .text = text_from("a\n")},
                                             .effective = {.type = VALUE_STRING, .text = text_from("\xc3\xa9")},
                                             .revision = 3};
    sample->ticket = (struct ticket){.number = 17,
                                     .code = CODE_SET,
                                     .phase = TICKET_POSTED,
                                     .actor = "anna",
                                     .reason = "loss plateaus",
                                     .canonical = "{\"at_step\":500,\"code\":20,\"settings\":{\"lr\":0.0003}}",
                                     .at_step = 500,
                                     .accepted_ns = SAMPLE_NOW_NS - 1250000000,
                                     .row_committed = true};
    sample->ticket.outcome = (struct outcome){.kind = OUTCOME_APPLIED,
                                              .step_known = true,
                                              .step = 41230,
                                              .time_ns = SAMPLE_NOW_NS,
                                              .changed = true,
                                              .detail = "",
                                              .items = 2,
                                              .item = sample->items};
}

void sample_init(struct sample *sample)
{
    memset(sample, 0, sizeof *sample);
    sample_declarations(sample);
    sample_ticket(sample);
    struct run *run = &sample->run;
    *run = (struct run){.name = "gpt",
                        .folder = "/home/anna/runs/gpt/20261122-101500",
                        .state = RUN_RUNNING,
                        .state_time_ns = SAMPLE_NOW_NS - 60000000000,
                        .step = 412,
                        .step_known = true,
                        .series = sample->series,
                        .series_count = 2,
                        .settings = sample->settings,
                        .settings_count = 6,
                        .actions = sample->actions,
                        .actions_count = 1,
                        .configs = sample->configs,
                        .configs_count = 1,
                        .checkpoints_count = 1,
                        .history = "stored"};
    run->steps_per_second = 14.2;
    run->trainer = (struct trainer){.attached = true,
                                    .pid = 4242,
                                    .total_steps = 2000,
                                    .started_ns = SAMPLE_NOW_NS - 61000000000,
                                    .language = "C",
                                    .host = "node7",
                                    .command = "gpt --steps 2000"};
    memset(run->trainer.incarnation.bytes, 0xa5, sizeof run->trainer.incarnation.bytes);
    run->checkpoints[0] = (struct checkpoint){
        .id = "step-000400", .path = "/c/400", .step = 400, .time_ns = SAMPLE_NOW_NS, .bytes = 4300000};
}

static json_t *parsed(const char *text, size_t size)
{
    json_t *json = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!json)
        fail_msg("not JSON: %.*s", (int)size, text);
    return json;
}

void check_json(struct buf *out, const char *expected)
{
    struct buf quoted;
    buf_init(&quoted);
    for (const char *c = expected; *c; c++)
        buf_char(&quoted, *c == '\'' ? '"' : *c);
    assert_false(out->failed);
    assert_true(out->size == 0 || !memchr(out->data, '\n', out->size - 1));
    json_t *a = parsed(out->data, out->size), *b = parsed(quoted.data, quoted.size);
    if (!json_equal(a, b))
        fail_msg("\n%.*s\nis not\n%.*s", (int)out->size, out->data, (int)quoted.size, quoted.data);
    json_decref(a);
    json_decref(b);
    buf_finish(&quoted);
    buf_clear(out);
}
