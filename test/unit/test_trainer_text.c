/* Settings that are strings. */
#include "test_trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_STRING, .text = text_from(text)};
}

static const struct record_outcome *set_text(struct server *server, uint32_t id, const char *text, int64_t *step)
{
    return server_answer(server, server_set(server, id, text_value(text), MAILBOX_ANY_REVISION), step);
}

static void sets_a_buffer(void **state)
{
    struct server *server = *state;
    char note[16] = "first";
    int64_t step = 5;

    server_open(server, NULL);
    assert_int_equal(trimtab_setting_string(server->run, "note", note, sizeof note, "a note"), TRIMTAB_OK);
    const struct record *record = server_expect(server, RECORD_SETTING);
    assert_int_equal(record->setting.type, VALUE_STRING);
    assert_text(record->setting.value.text, "first");
    assert_text(record->setting.doc, "a note");
    uint64_t ticket = server_set(server, FIRST, text_value("fünfzehn Byte!"), 0);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_string_equal(note, "fünfzehn Byte!");
    record = server_expect(server, RECORD_EFFECT);
    assert_text(record->effect.value.text, "fünfzehn Byte!");
    assert_int_equal(record->effect.ticket, ticket);
    assert_int_equal(record->effect.revision, 1);
    const struct record_outcome *outcome = server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_true(outcome->changed);
    assert_text(outcome->item[0].old.text, "first");
    assert_text(outcome->item[0].requested.text, "fünfzehn Byte!");
    assert_text(outcome->item[0].effective.text, "fünfzehn Byte!");
    outcome = set_text(server, FIRST, "fünfzehn Byte!", &step);
    assert_false(outcome->changed);
    outcome = set_text(server, FIRST, "", &step);
    assert_true(outcome->changed);
    assert_string_equal(note, "");
    step = 6;
    (void)server_count(server, RECORD_EFFECT);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_EFFECT));
}

static void the_bound_is_that_of_the_buffer(void **state)
{
    struct server *server = *state;
    char note[8] = "before", big[TRIMTAB_STRING_MAX + 2] = "", one[1] = "";
    char longest[TRIMTAB_STRING_MAX + 2] = "";
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_run *run = server->run;
    assert_int_equal(trimtab_setting_string(run, "a", note, 0, NULL), TRIMTAB_INVALID);
    assert_non_null(strstr(trimtab_error(run), "1 to 1025 bytes"));
    assert_int_equal(trimtab_setting_string(run, "a", big, sizeof big, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_string(run, "a", NULL, 8, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_string(NULL, "a", note, 8, NULL), TRIMTAB_INERT);
    assert_int_equal(trimtab_setting_string(run, "note", note, sizeof note, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_string(run, "note", note, sizeof note, NULL), TRIMTAB_DUPLICATE);
    assert_int_equal(trimtab_setting_string(run, "big", big, sizeof big - 1, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_string(run, "one", one, sizeof one, NULL), TRIMTAB_OK);
    const struct record_outcome *outcome = set_text(server, FIRST, "12345678", &step);
    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_int_equal(outcome->error, 46);
    assert_text(outcome->detail, "setting note takes at most 7 bytes of text, not 8");
    assert_string_equal(note, "before");
    outcome = set_text(server, FIRST, "1234567", &step);
    assert_int_equal(outcome->outcome, OUTCOME_APPLIED);
    assert_string_equal(note, "1234567");
    memset(longest, 'y', TRIMTAB_STRING_MAX + 1);
    outcome = set_text(server, FIRST + 1, longest, &step);
    assert_text(outcome->detail, "setting big takes at most 1024 bytes of text, not 1025");
    longest[TRIMTAB_STRING_MAX] = 0;
    outcome = set_text(server, FIRST + 1, longest, &step);
    assert_int_equal(outcome->outcome, OUTCOME_APPLIED);
    assert_text(outcome->item[0].effective.text, longest);
    assert_int_equal(set_text(server, FIRST + 2, "", &step)->outcome, OUTCOME_APPLIED);
    assert_int_equal(set_text(server, FIRST + 2, "x", &step)->outcome, OUTCOME_REFUSED);
    outcome =
        server_answer(server, server_set(server, FIRST, value_integer(VALUE_INT, 1), MAILBOX_ANY_REVISION), &step);
    assert_text(outcome->detail, "setting note takes a string, not an int");
    struct value zero = {.type = VALUE_STRING, .text = {"a\0b", 3}};
    outcome = server_answer(server, server_set(server, FIRST, zero, MAILBOX_ANY_REVISION), &step);
    assert_text(outcome->detail, "setting note takes a text without zero bytes");
}

/* The next control point tells exactly this one text. */
static void assert_told(struct server *server, const char *text)
{
    int64_t step = 9;

    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_EFFECT);
    assert_int_equal(record->effect.ticket, 0);
    assert_text(record->effect.value.text, text);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_EFFECT));
}

static void what_the_program_writes_is_told(void **state)
{
    struct server *server = *state;
    char note[8] = "first";
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_string(server->run, "note", note, sizeof note, NULL);
    uint64_t ticket = server_set(server, FIRST, text_value("asked"), 0);
    (void)server_answer(server, ticket, &step);
    strcpy(note, "mine");
    step = 1;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_EFFECT);
    assert_text(record->effect.value.text, "mine");
    assert_int_equal(record->effect.overrides, ticket);
    assert_int_equal(record->effect.revision, 1);
    strcpy(note, "\xff!"); /* not UTF-8 */
    assert_told(server, "\xef\xbf\xbd!");
    memcpy(note, "12345678", 8); /* not terminated */
    assert_told(server, "1234567");
    memcpy(note, "12345\xc3\xbc\xc3", 8); /* cut behind a whole character */
    assert_told(server, "12345\xc3\xbc");
    memcpy(note, "123456\xc3\xbc", 8); /* cut before one that has no room */
    assert_told(server, "123456");
    memcpy(note, "\xff\xff\xff\0", 4); /* what replaces it takes more room than it */
    assert_told(server, "\xef\xbf\xbd\xef\xbf\xbd");
    strcpy(note, "");
    assert_told(server, "");
}

static void a_change_needs_no_other_reason(void **state)
{
    struct server *server = *state;
    char note[32] = "epoch 1";
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_string(server->run, "note", note, sizeof note, NULL);
    assert_int_equal(server->run->watches, 0);
    for (; step < 3000; step++) {
        if (step % 100 == 50)
            snprintf(note, sizeof note, "epoch %lld", (long long)step);
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    }
    for (int64_t at = 50; at < 3000; at += 100)
        assert_int_equal(server_expect(server, RECORD_EFFECT)->step, at);
    assert_null(server_next(server, RECORD_EFFECT));
}

/* ---- setters and getters ---- */

struct label {
    char text[64];
    bool stuck;
};

/* It takes the text up to its first space. */
static int label_set(void *user, trimtab_value *value, trimtab_result *why)
{
    struct label *label = user;

    if (label->stuck)
        return trimtab_result_fail(why, "the label is stuck");
    snprintf(label->text, sizeof label->text, "%.*s", (int)strcspn(value->text, " "), value->text);
    value->text = label->text;
    return 0;
}

static void label_get(void *user, trimtab_value *value)
{
    value->text = ((struct label *)user)->text;
}

static int null_set(void *user, trimtab_value *value, trimtab_result *why)
{
    (void)user;
    (void)why;
    value->text = NULL;
    return 0;
}

static void declare_label(struct server *server, const char *name, struct label *label, bool readable)
{
    trimtab_setting setting = {.name = name,
                               .value = {.type = TRIMTAB_TYPE_STRING, .text = "given"},
                               .set = label_set,
                               .get = readable ? label_get : NULL,
                               .user = label};

    assert_int_equal(trimtab_setting_declare(server->run, &setting), TRIMTAB_OK);
}

static void tells_what_a_setter_took(void **state)
{
    struct server *server = *state;
    struct label readable = {.text = "from the getter"}, silent = {.text = "unread"};
    int64_t step = 0;

    server_open(server, NULL);
    declare_label(server, "readable", &readable, true);
    declare_label(server, "silent", &silent, false);
    assert_text(server_expect(server, RECORD_SETTING)->setting.value.text, "from the getter");
    assert_text(server_next(server, RECORD_SETTING)->setting.value.text, "given");
    for (uint32_t id = FIRST; id < FIRST + 2; id++) {
        const struct record_outcome *outcome = set_text(server, id, "two words", &step);
        assert_text(outcome->item[0].requested.text, "two words");
        assert_text(outcome->item[0].effective.text, "two");
        assert_text(outcome->item[0].old.text, id == FIRST ? "from the getter" : "given");
    }
    strcpy(readable.text, "changed");
    strcpy(silent.text, "changed");
    assert_told(server, "changed");
    readable.text[0] = 0;
    assert_told(server, "");
}

static void a_setter_may_take_nothing(void **state)
{
    struct server *server = *state;
    trimtab_setting setting = {.name = "null", .value = {.type = TRIMTAB_TYPE_STRING}, .set = null_set};
    int64_t step = 0;

    server_open(server, NULL);
    assert_int_equal(trimtab_setting_declare(server->run, &setting), TRIMTAB_OK);
    assert_text(server_expect(server, RECORD_SETTING)->setting.value.text, "");
    assert_text(set_text(server, FIRST, "x", &step)->item[0].effective.text, "");
}

static void sets_back(void **state)
{
    struct server *server = *state;
    struct label good = {.text = "good"}, stuck = {.text = "stuck", .stuck = true};
    struct mailbox_request request = {
        .kind = MAILBOX_SET, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .items = 3};
    char note[32] = "before";
    int64_t step = 0;

    server_open(server, NULL);
    trimtab_setting_string(server->run, "note", note, sizeof note, NULL);
    declare_label(server, "good", &good, true);
    declare_label(server, "stuck", &stuck, false);
    for (uint32_t i = 0; i < 3; i++)
        request.item[i] = (struct mailbox_item){FIRST + i, MAILBOX_ANY_REVISION, text_value("after")};
    const struct record_outcome *outcome = server_answer(server, server_post(server, &request), &step);
    assert_int_equal(outcome->outcome, OUTCOME_REFUSED);
    assert_text(outcome->detail, "setting stuck: the label is stuck");
    assert_false(outcome->changed);
    assert_text(outcome->item[0].effective.text, "before");
    assert_text(outcome->item[1].effective.text, "good");
    assert_text(outcome->item[2].effective.text, "given");
    assert_string_equal(note, "before");
    assert_string_equal(good.text, "good");
    assert_null(server_next(server, RECORD_EFFECT));
}

/* 64 of the longest at once: what is told of them is whole. */
static void as_many_and_as_long_as_may_be(void **state)
{
    struct server *server = *state;
    static char buffer[64][TRIMTAB_STRING_MAX + 1];
    char old[TRIMTAB_STRING_MAX + 1] = "", new[TRIMTAB_STRING_MAX + 1] = "", name[16];
    struct mailbox_request request = {
        .kind = MAILBOX_SET, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .items = 64};
    int64_t step = 0;

    server_open(server, NULL);
    memset(old, 'o', TRIMTAB_STRING_MAX);
    memset(new, 'n', TRIMTAB_STRING_MAX);
    for (uint32_t i = 0; i < 64; i++) {
        snprintf(name, sizeof name, "text%u", i);
        memcpy(buffer[i], old, sizeof old);
        assert_int_equal(trimtab_setting_string(server->run, name, buffer[i], sizeof buffer[i], NULL), TRIMTAB_OK);
        request.item[i] = (struct mailbox_item){FIRST + i, MAILBOX_ANY_REVISION, text_value(new)};
    }
    const struct record_outcome *outcome = server_answer(server, server_post(server, &request), &step);
    assert_int_equal(outcome->outcome, OUTCOME_APPLIED);
    for (uint32_t i = 0; i < 64; i++) {
        assert_text(outcome->item[i].old.text, old);
        assert_text(outcome->item[i].effective.text, new);
        assert_string_equal(buffer[i], new);
    }
    assert_int_equal(trimtab_dropped(server->run), 0);
}

/* Counted at their longest: what is declared can be restated at the head of a segment whatever they hold. */
static void declarations_count_the_longest_text(void **state)
{
    struct server *server = *state;
    static char buffer[TRIMTAB_SETTINGS_MAX][TRIMTAB_STRING_MAX + 1];
    char name[16];
    int64_t step = 1;

    server_open(server, NULL);
    for (uint32_t i = 0; i + 1 < TRIMTAB_SETTINGS_MAX; i++) {
        snprintf(name, sizeof name, "text%u", i);
        assert_int_equal(trimtab_setting_string(server->run, name, buffer[i], sizeof buffer[i], NULL), TRIMTAB_OK);
    }
    assert_int_equal(trimtab_setting_string(server->run, "more", buffer[255], 9, NULL), TRIMTAB_LIMIT);
    for (uint32_t i = 0; i + 1 < TRIMTAB_SETTINGS_MAX; i++)
        memset(buffer[i], 'z', TRIMTAB_STRING_MAX);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_true(server->run->declared_bytes >= (TRIMTAB_SETTINGS_MAX - 1) * TRIMTAB_STRING_MAX);
    for (uint32_t i = 0; i < 200000; i++)
        trimtab_log(server->run, loss, 1);
    trimtab_flush(server->run);
    assert_int_equal(trimtab_dropped(server->run), 0);
    assert_int_equal(server_count(server, RECORD_SCALAR), 200000);
}

/* ---- choices, whose texts are told too ---- */

static void an_index_that_is_no_choice_is_not_told(void **state)
{
    struct server *server = *state;
    static const char *const choices[] = {"sgd", "adam", NULL};
    int optimizer = 2;
    int64_t step = 0;

    server_open(server, NULL);
    assert_int_equal(trimtab_setting_choice(server->run, "optimizer", &optimizer, choices, NULL), TRIMTAB_INVALID);
    assert_non_null(strstr(trimtab_error(server->run), "has 2 choices, none with index 2"));
    optimizer = 1;
    assert_int_equal(trimtab_setting_choice(server->run, "optimizer", &optimizer, choices, NULL), TRIMTAB_OK);
    optimizer = -7;
    for (; step < 3; step++)
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_null(server_next(server, RECORD_EFFECT));
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    for (uint32_t i = 0; i < 200000; i++)
        trimtab_log(server->run, loss, 1); /* into further segments, which restate it */
    assert_int_equal(trimtab_dropped(server->run), 0);
    optimizer = 0;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_expect(server, RECORD_EFFECT)->effect.value.integer, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sets_a_buffer),
        TEST(the_bound_is_that_of_the_buffer),
        TEST(what_the_program_writes_is_told),
        TEST(a_change_needs_no_other_reason),
        TEST(tells_what_a_setter_took),
        TEST(a_setter_may_take_nothing),
        TEST(sets_back),
        TEST(as_many_and_as_long_as_may_be),
        TEST(declarations_count_the_longest_text),
        TEST(an_index_that_is_no_choice_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
