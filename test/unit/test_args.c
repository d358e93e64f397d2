#include "cli/args.h"

#include <stdio.h>
#include <string.h>

#include "cli/nearest.h"
#include "cli/verbs.h"
#include "unit.h"

struct given {
    const char *run;
    bool json;
    struct args_texts series;
    struct args_integer step;
    struct args_seconds wait;
};

#define WORDS 16
#define NO_OPERANDS "", 0, 0
#define MANY_OPERANDS "NAME=VALUE...", 1, 99

struct parsed {
    struct given given;
    struct args args;
    char *argv[WORDS + 1];
    char words[512];
    char said[4096];
};

/* Splits `line` at spaces (a lone `_` is an empty word) and parses it. */
static int parse(struct parsed *parsed, const char *line, const char *operands, size_t least, size_t most, bool command)
{
    struct given *given = &parsed->given;
    struct buf say = {0};
    int argc = 0;
    *parsed = (struct parsed){.args = {0}};
    const struct args_option first[] = {
        {"run", ARGS_PATH, &given->run, "FOLDER", "the run"},
        {"json", ARGS_FLAG, &given->json, NULL, "JSON"},
    };
    const struct args_option second[] = {
        {"series", ARGS_TEXTS, &given->series, "GLOB", "which"},
        {"at-step", ARGS_INTEGER, &given->step, "N", "when"},
        {"wait", ARGS_SECONDS, &given->wait, "SECONDS", "how long"},
    };
    const struct args_spec spec = {.verb = "set",
                                   .operands = operands,
                                   .details = "Details.\n",
                                   .least = least,
                                   .most = most,
                                   .is_command = command,
                                   .groups = {{first, 2}, {second, 3}}};
    snprintf(parsed->words, sizeof parsed->words, "%s", line);
    for (char *word = strtok(parsed->words, " "); word && argc < WORDS; word = strtok(NULL, " "))
        parsed->argv[argc++] = strcmp(word, "_") == 0 ? word + 1 : word;
    int status = args_parse(&spec, argc, parsed->argv, &parsed->args, &say);
    snprintf(parsed->said, sizeof parsed->said, "%s", buf_string(&say));
    buf_finish(&say);
    return status;
}

static void options_in_both_forms(void **state)
{
    (void)state;
    static const char *const lines[] = {"set --run a/b --at-step -5 --wait 0.5 --series x --series y=z --json",
                                        "set --run=a/b --at-step=-5 --wait=0.5 --series=x --series=y=z --json"};
    for (size_t i = 0; i < 2; i++) {
        struct parsed p;
        assert_int_equal(parse(&p, lines[i], NO_OPERANDS, false), ARGS_GO);
        assert_string_equal(p.given.run, "a/b");
        assert_true(p.given.json);
        assert_true(p.given.step.given);
        assert_int_equal(p.given.step.value, -5);
        assert_true(p.given.wait.given && p.given.wait.value == 0.5);
        assert_int_equal(p.given.series.count, 2);
        assert_string_equal(p.given.series.item[1], "y=z");
        assert_int_equal(p.args.count, 0);
    }
}

static void nothing_given_is_nothing_set(void **state)
{
    (void)state;
    struct parsed p;
    assert_int_equal(parse(&p, "set", NO_OPERANDS, false), ARGS_GO);
    assert_null(p.given.run);
    assert_false(p.given.json || p.given.step.given || p.given.wait.given);
    assert_int_equal(p.given.series.count, 0);
}

static void operands_stand_anywhere(void **state)
{
    (void)state;
    struct parsed p;
    assert_int_equal(parse(&p, "set a=1 --run r -5 --json c=3 -- --json", MANY_OPERANDS, false), ARGS_GO);
    assert_int_equal(p.args.count, 4);
    assert_string_equal(p.args.operand[0], "a=1");
    assert_string_equal(p.args.operand[1], "-5");
    assert_string_equal(p.args.operand[2], "c=3");
    assert_string_equal(p.args.operand[3], "--json");
    assert_null(p.args.operand[4]);
}

static void a_command_keeps_its_options(void **state)
{
    (void)state;
    static const char *const lines[] = {"run --json python --run x -u -- y", "run --json -- python --run x -u -- y"};
    for (size_t i = 0; i < 2; i++) {
        struct parsed p;
        assert_int_equal(parse(&p, lines[i], "COMMAND", 1, 99, true), ARGS_GO);
        assert_true(p.given.json);
        assert_null(p.given.run);
        assert_int_equal(p.args.count, 6);
        assert_string_equal(p.args.operand[0], "python");
        assert_string_equal(p.args.operand[4], "--");
        assert_null(p.args.operand[6]);
    }
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"set --jsn", "set has no option --jsn; did you mean --json? See `trimtab set --help`"},
        {"set --at_step=3", "set has no option --at_step; did you mean --at-step? See `trimtab set --help`"},
        {"set --colour", "set has no option --colour; see `trimtab set --help`"},
        {"set -x", "set has no option -x; see `trimtab set --help`"},
        {"set --run", "--run needs a value: FOLDER; see `trimtab set --help`"},
        {"set --json=1", "--json takes no value; see `trimtab set --help`"},
        {"set --at-step 1.5", "--at-step takes a whole number, not `1.5`; see `trimtab set --help`"},
        {"set --at-step 99999999999999999999",
         "--at-step takes a whole number, not `99999999999999999999`; see `trimtab set --help`"},
        {"set --at-step _", "--at-step takes a whole number, not ``; see `trimtab set --help`"},
        {"set --series \xff", "--series takes a text in UTF-8, not `\xff`; see `trimtab set --help`"},
        {"set --wait -1", "--wait takes a number of seconds, not `-1`; see `trimtab set --help`"},
        {"set --wait nan", "--wait takes a number of seconds, not `nan`; see `trimtab set --help`"},
        {"set --wait 5s", "--wait takes a number of seconds, not `5s`; see `trimtab set --help`"},
        {"set x", "set takes nothing but options, and not `x`; see `trimtab set --help`"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct parsed p;
        assert_int_equal(parse(&p, wrong[i][0], NO_OPERANDS, false), CLI_USAGE);
        assert_string_equal(p.said, wrong[i][1]);
    }
}

static void operands_are_counted(void **state)
{
    (void)state;
    struct parsed p;
    assert_int_equal(parse(&p, "set", "STEPS", 1, 1, false), CLI_USAGE);
    assert_string_equal(p.said, "set needs STEPS; see `trimtab set --help`");
    assert_int_equal(parse(&p, "set 1 2", "STEPS", 1, 1, false), CLI_USAGE);
    assert_string_equal(p.said, "set takes STEPS, and not also `2`; see `trimtab set --help`");
}

static void help_tells_all(void **state)
{
    (void)state;
    static const char *const lines[] = {"set --help", "set -h", "set x --run r --help --unknown"};
    static const char expected[] = "usage: trimtab set [OPTION...] NAME=VALUE...\n\n"
                                   "change settings, all or none\n\n"
                                   "  --run FOLDER              the run\n"
                                   "  --json                    JSON\n"
                                   "  --series GLOB             which\n"
                                   "  --at-step N               when\n"
                                   "  --wait SECONDS            how long\n"
                                   "  --help                    print this\n\n"
                                   "Details.\n";
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct parsed p;
        assert_int_equal(parse(&p, lines[i], MANY_OPERANDS, false), CLI_DONE);
        assert_string_equal(p.said, expected);
    }
}

static const char *nearest_verb(const char *wanted)
{
    struct nearest nearest = nearest_to(wanted);
#define VERB(name, summary) nearest_offer(&nearest, #name);
#include "cli/verbs.def"
#undef VERB
    return nearest.best;
}

static void near_misses(void **state)
{
    (void)state;
    assert_string_equal(nearest_verb("statsu"), "status");
    assert_string_equal(nearest_verb("pasue"), "pause");
    assert_string_equal(nearest_verb("ste"), "set");
    assert_string_equal(nearest_verb("ac"), "act");
    assert_null(nearest_verb("x"));
    assert_null(nearest_verb("frobnicate"));
    assert_null(nearest_verb(""));
    assert_null(nearest_verb("a word of many letters that is longer than any of the names is, by far"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_in_both_forms),   cmocka_unit_test(nothing_given_is_nothing_set),
        cmocka_unit_test(operands_stand_anywhere), cmocka_unit_test(a_command_keeps_its_options),
        cmocka_unit_test(what_is_wrong_is_named),  cmocka_unit_test(operands_are_counted),
        cmocka_unit_test(help_tells_all),          cmocka_unit_test(near_misses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
