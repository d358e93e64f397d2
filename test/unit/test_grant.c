#include "model/grant.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

/* ---- texts ---- */

static void assert_allow(const char *text, const char *back)
{
    struct grant_allow allow, again;
    char written[200];
    assert_int_equal(grant_allow_read(&allow, text, NULL), 0);
    grant_allow_write(&allow, written);
    assert_string_equal(written, back);
    assert_int_equal(grant_allow_read(&again, written, NULL), 0);
    assert_string_equal(again.name, allow.name);
    assert_true(again.bounded == allow.bounded && again.least == allow.least && again.greatest == allow.greatest);
}

static void assert_no_allow(const char *text, const char *sentence)
{
    struct grant_allow allow;
    struct err err;
    assert_int_equal(grant_allow_read(&allow, text, &err), ERR_INVALID);
    assert_string_equal(err.text, sentence);
}

static void what_is_allowed_is_read_and_written(void **state)
{
    (void)state;
    assert_allow("checkpoint", "checkpoint");
    assert_allow("lr=1e-5..1e-3", "lr=1e-05..0.001");
    assert_allow("lr=1..2", "lr=1..2");
    assert_allow("lr=-1.5...5", "lr=-1.5..0.5");
    assert_allow("lr=0.1..0.1", "lr=0.1..0.1");
    assert_allow("lr=0.30000000000000004..1e300", "lr=0.30000000000000004..1e+300");
    assert_allow("optimiser/β₂ é=0..1", "optimiser/β₂ é=0..1");
    assert_allow("a=b=0..1", "a=b=0..1");
    assert_allow("set=0..1", "set=0..1");
    char longest[200];
    snprintf(longest, sizeof longest, "%0128d=-1.2345678901234568e-300..1.2345678901234568e-300", 7);
    assert_allow(longest, longest);
}

static void what_is_no_range_is_named(void **state)
{
    (void)state;
    assert_no_allow("lr=", "`lr=` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=1", "`lr=1` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=1..", "`lr=1..` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=..1", "`lr=..1` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=0..inf", "`lr=0..inf` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=nan..1", "`lr=nan..1` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=0x1..2", "`lr=0x1..2` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=0..1e999", "`lr=0..1e999` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr= 0..1", "`lr= 0..1` holds no range of two numbers, as in lr=1e-5..1e-3");
    assert_no_allow("lr=2..1", "the range of `lr=2..1` ends before it begins");
    assert_no_allow("=0..1", "`=0..1` does not begin with the name of a setting, an action or a request");
    assert_no_allow("", "`` does not begin with the name of a setting, an action or a request");
    assert_no_allow("a\nb", "`a\nb` does not begin with the name of a setting, an action or a request");
    assert_no_allow("\xff", "`\xff` does not begin with the name of a setting, an action or a request");
    assert_no_allow("set", "set is allowed by naming what: a setting (lr, lr=1e-5..1e-3) or an action");
    assert_no_allow("act", "act is allowed by naming what: a setting (lr, lr=1e-5..1e-3) or an action");
}

static void rates(void **state)
{
    (void)state;
    static const char *const good[] = {"20/h", "5/s", "100/d", "3/min", "1000000/s"};
    static const char *const bad[] = {"",        "20",   "20/",   "/h",   "0/s", "1000001/s",
                                      "20/hour", "-1/s", "1.5/s", " 1/s", "1/s "};
    struct grant grant = {0};
    char text[32];
    grant_rate_write(&grant, text);
    assert_string_equal(text, "");
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(grant_rate_read(&grant, good[i], NULL), 0);
        grant_rate_write(&grant, text);
        assert_string_equal(text, good[i]);
    }
    assert_int_equal(grant_rate_read(&grant, "3/min", NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(grant_rate_read(&grant, bad[i], NULL), ERR_INVALID);
    assert_int_equal(grant.rate, 3);
    assert_int_equal(grant.rate_ns, INT64_C(60000000000));
}

/* ---- grants ---- */

/* A controller, with what it allows; "viewer": a viewer. */
static struct grant grant_of(const char *const *allow)
{
    struct grant grant = {.name = "tuner", .role = strcmp(*allow, "viewer") == 0 ? ROLE_VIEWER : ROLE_CONTROLLER};
    for (allow++; *allow; allow++)
        assert_int_equal(grant_allow_read(&grant.allow[grant.allows++], *allow, NULL), 0);
    return grant;
}

#define GRANT(...) grant_of((const char *const[]){__VA_ARGS__, NULL})

static void assert_unsound(const struct grant *grant, const char *sentence)
{
    struct err err;
    assert_int_equal(grant_check(grant, &err), ERR_INVALID);
    assert_string_equal(err.text, sentence);
}

static void only_sound_ones_are_made(void **state)
{
    (void)state;
    struct grant grant = GRANT("controller", "lr=0..1", "checkpoint", "pause");
    grant.rate = 3;
    assert_int_equal(grant_check(&grant, NULL), 0);
    grant.role = ROLE_VIEWER;
    assert_unsound(&grant, "allow limits what a controller may do; a viewer changes nothing");
    grant.role = ROLE_ADMIN;
    assert_unsound(&grant, "allow limits what a controller may do; an admin is not limited");
    grant.allows = 0;
    assert_unsound(&grant, "rate limits what a controller may do; an admin is not limited");
    grant.role = ROLE_NONE;
    assert_unsound(&grant, "the role of a token is viewer, controller or admin");
    grant.role = (enum role)7;
    assert_unsound(&grant, "the role of a token is viewer, controller or admin");
    grant = GRANT("controller", "lr=0..1", "checkpoint", "lr=5..6");
    assert_unsound(&grant, "lr is allowed twice: once is enough, with one range");
}

static void names(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " a",
                                      "a ",
                                      "a\tb",
                                      "a\x1b[1m",
                                      "a\x7f",
                                      "\xc2\x9b",
                                      "\xe2\x80\xae",
                                      "\xff",
                                      "a\xc3",
                                      "12345678901234567890123456789012345678901234567890123456789012345"};
    static const char *const good[] = {"a", "night tuner", "Zoë",
                                       "1234567890123456789012345678901234567890123456789012345678901234"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(grant_is_name(bad[i], strlen(bad[i])));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(grant_is_name(good[i], strlen(good[i])));
    assert_false(grant_is_name("a\0b", 3));
}

/* ---- codes ---- */

static void assert_roles(enum role role)
{
    struct grant grant = {.name = "x", .role = role};
    struct refusal refusal;
    size_t count;
    const struct protocol_code *codes = protocol_codes(&count);
    for (size_t i = 0; i < count; i++) {
        int expected = codes[i].role > role ? -1 : 0;
        assert_int_equal(grant_permits_code(role == ROLE_NONE ? NULL : &grant, &codes[i], &refusal), expected);
        if (expected < 0)
            assert_int_equal(refusal.error, ERROR_AUTHORISED);
    }
}

static void a_role_permits_what_the_table_says(void **state)
{
    struct grant viewer = GRANT("viewer");
    struct refusal refusal;
    (void)state;
    for (enum role role = ROLE_NONE; role <= ROLE_ADMIN; role++)
        assert_roles(role);
    assert_int_equal(grant_permits_code(&viewer, protocol_code(CODE_SET), &refusal), -1);
    assert_string_equal(refusal.detail, "set needs the role controller; this token has the role viewer");
    assert_int_equal(grant_permits_code(NULL, protocol_code(CODE_STATUS), &refusal), -1);
    assert_string_equal(refusal.detail,
                        "a token is needed: say hello with one (trimtab link and trimtab token add make them)");
}

/* The names of the controller's requests that it may ask for, in the table's order. */
static void assert_codes(const struct grant *grant, const char *expected)
{
    char found[200] = "";
    struct refusal refusal;
    size_t count;
    const struct protocol_code *codes = protocol_codes(&count);
    for (size_t i = 0; i < count; i++) {
        bool may = grant_permits_code(grant, &codes[i], &refusal) == 0;
        if (codes[i].role != ROLE_CONTROLLER)
            assert_int_equal(may, codes[i].role < ROLE_CONTROLLER);
        else if (may)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s ", codes[i].name);
    }
    assert_string_equal(found, expected);
}

static void a_list_permits_what_it_names(void **state)
{
    (void)state;
    struct grant all = GRANT("controller"), bounded = GRANT("controller", "lr=0..1"),
                 some = GRANT("controller", "checkpoint", "pause", "resume"), one = GRANT("controller", "stop"),
                 none = GRANT("controller", "cancel"), word = GRANT("controller", "pause=0..1"),
                 above = GRANT("controller", "abort", "freeze", "shutdown");
    struct refusal refusal;
    assert_codes(&all, "say pause resume stop advance set act cancel ");
    assert_codes(&bounded, "set cancel ");
    assert_codes(&some, "pause resume set act cancel ");
    assert_codes(&one, "stop cancel ");
    assert_codes(&none, "cancel ");
    assert_codes(&word, "set cancel ");
    assert_codes(&above, "set act cancel ");
    assert_int_equal(grant_permits_code(&some, protocol_code(CODE_STOP), &refusal), -1);
    assert_string_equal(refusal.detail, "this token may not stop; it may: checkpoint, pause, resume");
    assert_int_equal(grant_permits_code(&one, protocol_code(CODE_SET), &refusal), -1);
    assert_string_equal(refusal.detail, "this token may not set; it may: stop");
}

/* ---- requests ---- */

static struct request_pair pair_of(const char *name, struct request_scalar value)
{
    return (struct request_pair){.name = text_from(name), .value = value};
}

static struct request_scalar number(double value)
{
    return (struct request_scalar){.kind = SCALAR_NUMBER, .number = value};
}

static struct request_scalar integer(int64_t value)
{
    return (struct request_scalar){.kind = SCALAR_INTEGER, .integer = value};
}

/* `sentence` NULL: it may. */
static void assert_set(const struct grant *grant, struct request_pair *pairs, size_t count, const char *sentence)
{
    struct request request = {.code = CODE_SET};
    struct refusal refusal = {0};
    request.arg[ARG_SETTINGS] = (struct request_arg){.present = true, .count = count, .pairs = pairs};
    assert_int_equal(grant_permits_request(grant, &request, &refusal), sentence ? -1 : 0);
    assert_int_equal(refusal.error, sentence ? ERROR_AUTHORISED : 0);
    assert_string_equal(refusal.detail, sentence ? sentence : "");
}

static void assert_set_one(const struct grant *grant, const char *name, struct request_scalar value,
                           const char *sentence)
{
    struct request_pair pair = pair_of(name, value);
    assert_set(grant, &pair, 1, sentence);
}

static void settings_are_listed_and_within_their_range(void **state)
{
    (void)state;
    struct grant grant = GRANT("controller", "lr=1e-5..1e-3", "schedule", "pause");
    struct grant any = GRANT("controller");
    const struct request_scalar word = {.kind = SCALAR_TEXT, .text = text_of("x", 1)},
                                truth = {.kind = SCALAR_BOOL, .truth = true};
    assert_set_one(&grant, "lr", number(1e-5), NULL);
    assert_set_one(&grant, "lr", number(1e-3), NULL);
    assert_set_one(&grant, "schedule", word, NULL);
    assert_set_one(&any, "anything", number(5), NULL);
    assert_set_one(&grant, "lr", number(0.5), "this token may set lr only from 1e-05 to 0.001; 0.5 is outside");
    assert_set_one(&grant, "lr", number(nextafter(1e-3, 1)),
                   "this token may set lr only from 1e-05 to 0.001; 0.001 is outside");
    assert_set_one(&grant, "lr", integer(0), "this token may set lr only from 1e-05 to 0.001; 0 is outside");
    assert_set_one(&grant, "lr", number((double)NAN), "this token may set lr only from 1e-05 to 0.001; nan is outside");
    assert_set_one(&grant, "lr", word,
                   "this token may set lr only from 1e-05 to 0.001; this is no number, and is outside");
    assert_set_one(&grant, "lr", truth,
                   "this token may set lr only from 1e-05 to 0.001; this is no number, and is outside");
    assert_set_one(&grant, "dropout", number(0.1),
                   "this token may not set dropout; it may: lr (1e-05..0.001), schedule, pause");
    assert_set_one(&grant, "pause", number(1),
                   "this token may not set pause; it may: lr (1e-05..0.001), schedule, pause");
    assert_set_one(&grant, "l", number(1e-4), "this token may not set l; it may: lr (1e-05..0.001), schedule, pause");
    struct request_pair both[] = {pair_of("lr", number(1e-4)), pair_of("dropout", number(0.1))};
    assert_set(&grant, both, 1, NULL);
    assert_set(&grant, both, 2, "this token may not set dropout; it may: lr (1e-05..0.001), schedule, pause");
}

/* As a double it would be the greatest that is allowed. */
static void an_integer_is_not_rounded_into_the_range(void **state)
{
    (void)state;
    struct grant grant = GRANT("controller", "seed=0..9007199254740992");
    assert_set_one(&grant, "seed", integer(INT64_C(9007199254740992)), NULL);
    assert_set_one(&grant, "seed", integer(INT64_C(9007199254740993)),
                   "this token may set seed only from 0 to 9.00719925474099e+15; 9007199254740993 is outside");
}

static void assert_act(const struct grant *grant, const char *action, const char *sentence)
{
    struct request request = {.code = CODE_ACT};
    struct refusal refusal = {0};
    request.arg[ARG_ACTION] = (struct request_arg){.present = true, .text = text_from(action)};
    assert_int_equal(grant_permits_request(grant, &request, &refusal), sentence ? -1 : 0);
    assert_string_equal(refusal.detail, sentence ? sentence : "");
}

static void actions_are_listed(void **state)
{
    (void)state;
    struct grant grant = GRANT("controller", "checkpoint", "lr=0..1", "stop");
    struct grant any = GRANT("controller");
    assert_act(&grant, "checkpoint", NULL);
    assert_act(&any, "restore", NULL);
    assert_act(&grant, "restore", "this token may not do restore; it may: checkpoint, lr (0..1), stop");
    assert_act(&grant, "lr", "this token may not do lr; it may: checkpoint, lr (0..1), stop");
    assert_act(&grant, "stop", "this token may not do stop; it may: checkpoint, lr (0..1), stop");
}

static void nobody_may_nothing(void **state)
{
    (void)state;
    struct request_pair pair = pair_of("lr", number(1));
    assert_set(NULL, &pair, 1, "a token is needed: say hello with one (trimtab link and trimtab token add make them)");
}

static void a_long_list_is_cut_between_names(void **state)
{
    (void)state;
    struct grant grant = {.name = "x", .role = ROLE_CONTROLLER};
    struct refusal refusal = {0};
    for (; grant.allows < LIMIT_GRANT_ALLOWS; grant.allows++)
        snprintf(grant.allow[grant.allows].name, sizeof grant.allow->name, "setting/%0*d",
                 2 + 12 * (int)(grant.allows % 3), (int)grant.allows);
    assert_int_equal(grant_permits_code(&grant, protocol_code(CODE_PAUSE), &refusal), -1);
    size_t size = strlen(refusal.detail);
    assert_true(size < sizeof refusal.detail - 1 && size > 200);
    assert_string_equal(refusal.detail + size - 5, ", ...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_allowed_is_read_and_written),
        cmocka_unit_test(what_is_no_range_is_named),
        cmocka_unit_test(rates),
        cmocka_unit_test(only_sound_ones_are_made),
        cmocka_unit_test(names),
        cmocka_unit_test(a_role_permits_what_the_table_says),
        cmocka_unit_test(a_list_permits_what_it_names),
        cmocka_unit_test(settings_are_listed_and_within_their_range),
        cmocka_unit_test(an_integer_is_not_rounded_into_the_range),
        cmocka_unit_test(actions_are_listed),
        cmocka_unit_test(nobody_may_nothing),
        cmocka_unit_test(a_long_list_is_cut_between_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
