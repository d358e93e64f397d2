/* The run as the records make it: texts that outlive a record, messages, what an outcome says. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/setting.h"
#include "model/ticket.h"
#include "no_memory.h"

static struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_STRING, .text = text_from(text)};
}

static struct record note_record(const char *value, uint64_t revision)
{
    struct record record = {.kind = RECORD_SETTING};
    record.setting.id = 7;
    record.setting.name = text_from("note");
    record.setting.type = VALUE_STRING;
    record.setting.value = text_value(value);
    record.setting.revision = revision;
    return record;
}

static struct record effect_record(struct value value, uint64_t revision)
{
    struct record record = {.kind = RECORD_EFFECT};
    record.effect.setting = 7;
    record.effect.value = value;
    record.effect.revision = revision;
    record.effect.ticket = 9;
    return record;
}

static void value_is(const struct value *value, const char *text)
{
    assert_int_equal(value->type, VALUE_STRING);
    assert_int_equal(value->text.size, strlen(text));
    assert_memory_equal(value->text.data, text, strlen(text) + 1);
}

/* The bytes of the record are gone when its value is looked at. */
static enum run_change take_and_spoil(struct run *run, struct record record, struct text *text)
{
    char bytes[64] = {0};
    memcpy(bytes, text->data, text->size);
    text->data = bytes;
    if (record.kind == RECORD_SETTING)
        record.setting.value.text = *text;
    else
        record.effect.value.text = *text;
    enum run_change kind = run_take(run, &record).kind;
    memset(bytes, 'x', sizeof bytes);
    return kind;
}

static void a_text_outlives_its_record(void **state)
{
    (void)state;
    struct run run;
    struct record declared = note_record("first", 0), effect = effect_record(text_value("second"), 1);
    run_init(&run);
    assert_int_equal(take_and_spoil(&run, declared, &declared.setting.value.text), CHANGE_SETTING);
    struct setting *note = run_setting_named(&run, text_from("note"));
    assert_non_null(note);
    value_is(&note->value, "first");
    assert_int_equal(take_and_spoil(&run, effect, &effect.effect.value.text), CHANGE_EFFECT);
    value_is(&note->value, "second");
    assert_int_equal(note->revision, 1);
    assert_int_equal(note->ticket, 9);
    run_finish(&run);
}

static void said_again_it_is_no_news(void **state)
{
    (void)state;
    struct run run;
    struct record same = note_record("as it was", 3), other = note_record("otherwise", 3), number = note_record("", 4);
    run_init(&run);
    assert_int_equal(run_take(&run, &same).kind, CHANGE_SETTING);
    assert_int_equal(run_take(&run, &same).kind, CHANGE_NONE);
    assert_int_equal(run_take(&run, &other).kind, CHANGE_SETTING);
    value_is(&run.settings[0].value, "otherwise");
    struct record wrong = effect_record(value_double(1), 9);
    assert_int_equal(run_take(&run, &wrong).kind, CHANGE_NONE);
    value_is(&run.settings[0].value, "otherwise");
    number.setting.type = VALUE_INT; /* the next trainer's note is a number, and the one after that a text again */
    number.setting.value = value_integer(VALUE_INT, 5);
    assert_int_equal(run_take(&run, &number).kind, CHANGE_SETTING);
    assert_int_equal(run.settings[0].value.integer, 5);
    assert_null(run.settings[0].value.text.data);
    assert_int_equal(run_take(&run, &same).kind, CHANGE_SETTING);
    value_is(&run.settings[0].value, "as it was");
    assert_false(run.failed);
    run_finish(&run);
}

/* ---- what suits ---- */

static struct setting note_setting(void)
{
    return (struct setting){.name = "note", .type = VALUE_STRING};
}

static void a_text_suits_a_text(void **state)
{
    (void)state;
    struct setting note = note_setting();
    struct refusal refusal = {0};
    struct value value;
    char most[LIMIT_STRING_BYTES + 1];
    memset(most, 'a', sizeof most);
    struct request_scalar text = {.kind = SCALAR_TEXT, .text = text_of(most, LIMIT_STRING_BYTES)};
    assert_int_equal(setting_value(&note, &text, &value, &refusal), 0);
    assert_int_equal(value.type, VALUE_STRING);
    assert_ptr_equal(value.text.data, most);
    assert_int_equal(value.text.size, LIMIT_STRING_BYTES);
    text.text.size++;
    assert_int_equal(setting_value(&note, &text, &value, &refusal), -1);
    assert_int_equal(refusal.error, ERROR_PARAMETER);
    assert_string_equal(refusal.detail, "note takes a text of at most 1024 bytes, not one of 1025");
    text.text.size = 0;
    assert_int_equal(setting_value(&note, &text, &value, &refusal), 0);
    assert_int_equal(value.text.size, 0);
}

static void nothing_else_suits_a_text(void **state)
{
    (void)state;
    static const struct {
        struct request_scalar scalar;
        const char *sentence;
    } others[] = {
        {{.kind = SCALAR_INTEGER, .integer = 5}, "note takes a text, not an integer"},
        {{.kind = SCALAR_NUMBER, .number = 0.5}, "note takes a text, not a number"},
        {{.kind = SCALAR_BOOL, .truth = true}, "note takes a text, not a bool"},
    };
    struct setting note = note_setting();
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct refusal refusal = {0};
        struct value value;
        assert_int_equal(setting_value(&note, &others[i].scalar, &value, &refusal), -1);
        assert_int_equal(refusal.error, ERROR_PARAMETER);
        assert_string_equal(refusal.detail, others[i].sentence);
    }
}

static void assert_refused(const struct setting *setting, struct request_scalar scalar, const char *sentence)
{
    struct refusal refusal = {0};
    struct value value;
    assert_int_equal(setting_value(setting, &scalar, &value, &refusal), -1);
    assert_int_equal(refusal.error, ERROR_PARAMETER);
    assert_string_equal(refusal.detail, sentence);
}

static void assert_taken(const struct setting *setting, struct request_scalar scalar)
{
    struct refusal refusal = {0};
    struct value value;
    assert_int_equal(setting_value(setting, &scalar, &value, &refusal), 0);
}

static void a_range_may_have_one_side(void **state)
{
    (void)state;
    struct request_scalar below = {.kind = SCALAR_INTEGER, .integer = -1},
                          above = {.kind = SCALAR_INTEGER, .integer = 6},
                          vast = {.kind = SCALAR_NUMBER, .number = 1e306};
    struct setting lr = {.name = "lr", .type = VALUE_DOUBLE, .bounded = true};
    lr.min = value_double(0);
    lr.max = value_double(INFINITY);
    assert_refused(&lr, below, "lr takes 0 or more, not -1");
    assert_taken(&lr, vast);
    lr.max = value_double(5);
    assert_refused(&lr, above, "lr takes 0 to 5, not 6");
    lr.min = value_double(-INFINITY);
    assert_refused(&lr, above, "lr takes at most 5, not 6");
    assert_taken(&lr, below);
    struct setting batch = {.name = "batch", .type = VALUE_INT, .bounded = true};
    batch.min = value_integer(VALUE_INT, 1);
    batch.max = value_integer(VALUE_INT, INT64_MAX);
    assert_refused(&batch, below, "batch takes 1 or more, not -1");
    assert_taken(&batch, above);
    batch.max = value_integer(VALUE_INT, 5);
    assert_refused(&batch, above, "batch takes 1 to 5, not 6");
    batch.min = value_integer(VALUE_INT, INT64_MIN);
    assert_refused(&batch, above, "batch takes at most 5, not 6");
    assert_taken(&batch, below);
}

/* ---- messages ---- */

static void the_newest_messages_are_kept(void **state)
{
    (void)state;
    struct run run;
    run_init(&run);
    for (int i = 0; i < LIMIT_MESSAGES_SHOWN + 3; i++) {
        char text[24];
        snprintf(text, sizeof text, "text %d", i);
        run_said(&run, (uint64_t)i, 2, text_from(text), "anna", i * 10, i);
    }
    assert_int_equal(run.messages_count, LIMIT_MESSAGES_SHOWN);
    for (uint32_t i = 0; i < run.messages_count; i++) {
        char text[24];
        snprintf(text, sizeof text, "text %u", i + 3);
        assert_string_equal(run.messages[i].text, text);
        assert_string_equal(run.messages[i].by, "anna");
        assert_int_equal(run.messages[i].id, i + 3);
        assert_int_equal(run.messages[i].level, 2);
        assert_int_equal(run.messages[i].step, (i + 3) * 10);
        assert_int_equal(run.messages[i].time_ns, i + 3);
    }
    run_finish(&run);
}

static void a_trainer_s_message_is_kept(void **state)
{
    (void)state;
    struct run run;
    struct record record = {.kind = RECORD_MESSAGE, .step = 4, .time_ns = 5, .message = {3, text_from("no more data")}};
    run_init(&run);
    assert_int_equal(run_take(&run, &record).kind, CHANGE_MESSAGE);
    assert_int_equal(run.messages_count, 1);
    assert_int_equal(run.messages[0].id, 0);
    assert_int_equal(run.messages[0].level, 3);
    assert_string_equal(run.messages[0].text, "no more data");
    assert_string_equal(run.messages[0].by, "trainer");
    assert_int_equal(run.messages[0].step, 4);
    record.replayed = true; /* it was told in an earlier life of the server */
    assert_int_equal(run_take(&run, &record).kind, CHANGE_NONE);
    assert_int_equal(run.messages_count, 1);
    run_finish(&run);
}

/* ---- outcomes ---- */

static struct record outcome_record(void)
{
    struct record record = {.kind = RECORD_OUTCOME, .step = 12, .time_ns = 34};
    record.outcome.ticket = 17;
    record.outcome.outcome = OUTCOME_APPLIED;
    record.outcome.error = 46; /* means nothing here */
    record.outcome.changed = true;
    record.outcome.pause_step = INT64_MIN;
    record.outcome.result = text_from("{\"a\":1}");
    record.outcome.result_cut = true;
    record.outcome.items = 2;
    record.outcome.item[0] = (struct record_item){.setting = 1000}; /* was never declared */
    record.outcome.item[1] = (struct record_item){.setting = 7,
                                                  .old = text_value("first"),
                                                  .requested = text_value("second"),
                                                  .effective = text_value("2nd"),
                                                  .revision = 4};
    return record;
}

static void an_outcome_owns_its_texts(void **state)
{
    (void)state;
    struct run run;
    struct outcome outcome = {0};
    struct record declared = note_record("first", 0), record = outcome_record();
    run_init(&run);
    run_take(&run, &declared);
    assert_true(outcome_take(&outcome, &run, &record));
    assert_int_equal(outcome.kind, OUTCOME_APPLIED);
    assert_int_equal(outcome.error, 0);
    assert_true(outcome.step_known && outcome.changed && outcome.result_cut && !outcome.pause_step_known);
    assert_int_equal(outcome.step, 12);
    assert_int_equal(outcome.time_ns, 34);
    assert_string_equal(outcome.detail, "");
    assert_null(outcome.result);
    assert_int_equal(outcome.items, 1);
    assert_int_equal(outcome.item[0].setting, 0);
    assert_int_equal(outcome.item[0].revision, 4);
    value_is(&outcome.item[0].old, "first");
    value_is(&outcome.item[0].requested, "second");
    value_is(&outcome.item[0].effective, "2nd");
    assert_ptr_not_equal(outcome.item[0].old.text.data, record.outcome.item[1].old.text.data);
    outcome_finish(&outcome);
    outcome_finish(&outcome);
    run_finish(&run);
}

static void a_refusal_has_an_error_of_ours(void **state)
{
    (void)state;
    struct run run;
    struct outcome outcome = {0};
    struct record record = outcome_record();
    run_init(&run);
    record.outcome.outcome = OUTCOME_REFUSED;
    record.outcome.error = ERROR_REVISION;
    record.outcome.pause_step = 99;
    record.outcome.detail = text_of("too late, and more", 8);
    assert_true(outcome_take(&outcome, &run, &record));
    assert_int_equal(outcome.kind, OUTCOME_REFUSED);
    assert_int_equal(outcome.error, ERROR_REVISION);
    assert_string_equal(outcome.detail, "too late");
    assert_true(outcome.pause_step_known);
    assert_int_equal(outcome.pause_step, 99);
    assert_int_equal(outcome.items, 0);
    record.outcome.error = 7777;
    assert_true(outcome_take(&outcome, &run, &record)); /* over what it holds */
    assert_int_equal(outcome.error, ERROR_MODEL);
    record.outcome.outcome = OUTCOME_EXPIRED; /* is not the trainer's to say */
    assert_true(outcome_take(&outcome, &run, &record));
    assert_int_equal(outcome.kind, OUTCOME_REFUSED);
    outcome_finish(&outcome);
    run_finish(&run);
}

/* ---- without memory ---- */

static void without_memory(void **state)
{
    (void)state;
    struct record declared = note_record("first", 0), effect = effect_record(text_value("second"), 1),
                  record = outcome_record();
    bool came = true;
    for (long n = 0; came; n++) {
        struct run run;
        struct outcome outcome = {0};
        assert_true(n < NO_MEMORY_ROUNDS_MAX);
        run_init(&run);
        no_memory_after(n);
        run_take(&run, &declared);
        run_take(&run, &effect);
        run_said(&run, 1, 1, text_from("hello"), "anna", 0, 0);
        bool whole = outcome_take(&outcome, &run, &record);
        came = no_memory_came();
        assert_int_equal(outcome.kind, OUTCOME_APPLIED); /* what became of it is known in any case */
        assert_int_equal(outcome.step, 12);
        assert_int_equal(came, run.failed || !whole);
        const struct setting *note = run_setting_named(&run, text_from("note"));
        if (note && note->revision == 1)
            value_is(&note->value, "second");
        else if (note && note->value.type == VALUE_STRING)
            value_is(&note->value, "first");
        assert_true(run.messages_count == 1 || came);
        outcome_finish(&outcome);
        run_finish(&run);
    }
}

/* ---- a trainer that nobody saw go ---- */

static void put_at(struct run *run, enum record_kind kind, int64_t step, int64_t time_ns)
{
    struct record record = {.kind = kind, .step = step, .time_ns = time_ns};
    if (kind == RECORD_STATE)
        record.state.state = RUN_RUNNING;
    run_take(run, &record);
}

/* Of one life: who the trainer is stays, and what it declared. */
static void the_total_may_change(void **state)
{
    (void)state;
    struct run run;
    struct record said = {.kind = RECORD_RUN}, series = {.kind = RECORD_SERIES}, point = {.kind = RECORD_SCALAR};
    said.run.name = said.run.language = said.run.host = said.run.command = said.run.folder = text_from("x");
    said.run.pid = 7;
    said.run.started_ns = 1000;
    series.series.id = point.scalar.series = 3;
    series.series.name = text_from("loss");
    series.series.unit = text_from("");
    run_init(&run);
    assert_int_equal(run_take(&run, &said).kind, CHANGE_TRAINER);
    run_take(&run, &series);
    said.run.total_steps = 100;
    assert_int_equal(run_take(&run, &said).kind, CHANGE_TOTAL);
    assert_int_equal(run_take(&run, &said).kind, CHANGE_NONE);
    assert_int_equal(run.trainer.total_steps, 100);
    assert_int_equal(run_take(&run, &point).kind, CHANGE_POINT);
    run.state = RUN_RUNNING;
    run.step_known = true;
    run.step = 40;
    run.steps_per_second = 10;
    assert_float_equal(run_eta(&run), 6, 1e-9);
    said.run.total_steps = 0;
    assert_int_equal(run_take(&run, &said).kind, CHANGE_TOTAL);
    assert_float_equal(run_eta(&run), -1, 0);
    said.run.total_steps = 50;
    said.run.started_ns = 2000;
    assert_int_equal(run_take(&run, &said).kind, CHANGE_TRAINER); /* the next life */
    assert_int_equal(run_take(&run, &point).kind, CHANGE_NONE);
    run_finish(&run);
}

static void declare_loss(struct run *run)
{
    struct record series = {.kind = RECORD_SERIES};
    series.series.name = text_from("loss");
    run_take(run, &series);
}

static void a_lost_run_is_as_old_as_its_last_word(void **state)
{
    (void)state;
    struct run run;
    run_init(&run);
    declare_loss(&run);
    put_at(&run, RECORD_STATE, 3, 1000);
    put_at(&run, RECORD_SCALAR_AT, 41, 5000);
    run_trainer_gone(&run, 0);
    assert_int_equal(run.state, RUN_LOST);
    assert_int_equal(run.state_time_ns, 5000);
    assert_true(run.step_known);
    assert_int_equal(run.step, 41);
    run_finish(&run);
}

static void one_that_was_seen_to_go_is_not(void **state)
{
    (void)state;
    struct run run;
    run_init(&run);
    declare_loss(&run);
    put_at(&run, RECORD_STEP, 50, 6000);
    put_at(&run, RECORD_SCALAR_AT, 41, 5000);
    run_trainer_gone(&run, 9000);
    assert_int_equal(run.state_time_ns, 9000);
    assert_int_equal(run.step, 50); /* the trainer's own word */
    run_finish(&run);
}

static void a_finished_run_stays_finished(void **state)
{
    (void)state;
    struct run run;
    run_init(&run);
    declare_loss(&run);
    put_at(&run, RECORD_SCALAR_AT, 41, 5000);
    put_at(&run, RECORD_STATE, 42, 7000);
    run.state = RUN_FINISHED;
    run_trainer_gone(&run, 9000);
    assert_int_equal(run.state, RUN_FINISHED);
    assert_int_equal(run.state_time_ns, 7000);
    assert_int_equal(run.step, 42); /* the newest is what the state was told with */
    run_finish(&run);
}

static void of_a_run_that_nothing_is_known_of(void **state)
{
    (void)state;
    struct run run;
    run_init(&run);
    run_trainer_gone(&run, 0);
    assert_false(run.step_known);
    run_finish(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_outlives_its_record),
        cmocka_unit_test(said_again_it_is_no_news),
        cmocka_unit_test(a_text_suits_a_text),
        cmocka_unit_test(nothing_else_suits_a_text),
        cmocka_unit_test(a_range_may_have_one_side),
        cmocka_unit_test(the_newest_messages_are_kept),
        cmocka_unit_test(a_trainer_s_message_is_kept),
        cmocka_unit_test(an_outcome_owns_its_texts),
        cmocka_unit_test(a_refusal_has_an_error_of_ours),
        cmocka_unit_test(the_total_may_change),
        cmocka_unit_test(a_lost_run_is_as_old_as_its_last_word),
        cmocka_unit_test(one_that_was_seen_to_go_is_not),
        cmocka_unit_test(a_finished_run_stays_finished),
        cmocka_unit_test(of_a_run_that_nothing_is_known_of),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
