#include "cli/args.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/complete.h"
#include "cli/nearest.h"
#include "cli/say.h"
#include "cli/verbs.h"

#define OPTION_WIDTH 24

/* ---- help ---- */

static const char *summary_of(const char *verb)
{
#define VERB(name, summary)                                                                                            \
    if (strcmp(verb, #name) == 0)                                                                                      \
        return summary;
#include "cli/verbs.def"
#undef VERB
    return "";
}

static void help_option(struct buf *say, const struct args_option *option)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "", option->value ? option->value : "");
    buf_printf(say, "  %-*s  %s\n", OPTION_WIDTH, left, option->summary);
}

static void help(const struct args_spec *spec, struct buf *say)
{
    buf_printf(say, "usage: trimtab %s [OPTION...]%s%s\n\n%s\n\n", spec->verb, *spec->operands ? " " : "",
               spec->operands, summary_of(spec->verb));
    for (size_t g = 0; g < ARGS_GROUPS_MAX; g++)
        for (size_t i = 0; i < spec->groups[g].count; i++)
            help_option(say, &spec->groups[g].option[i]);
    buf_printf(say, "  %-*s  %s\n\n%s", OPTION_WIDTH, "--help", "print this", spec->details);
}

/* ---- options ---- */

static int wrong(const struct args_spec *spec, struct buf *say, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int wrong(const struct args_spec *spec, struct buf *say, const char *format, ...)
{
    char sentence[400];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    bool asks = *sentence && sentence[strlen(sentence) - 1] == '?';
    buf_printf(say, "%s%s `trimtab %s --help`", sentence, asks ? " See" : "; see", spec->verb);
    return CLI_USAGE;
}

static const struct args_option *find(const struct args_spec *spec, const char *name, struct nearest *nearest)
{
    for (size_t g = 0; g < ARGS_GROUPS_MAX; g++) {
        for (size_t i = 0; i < spec->groups[g].count; i++) {
            const struct args_option *option = &spec->groups[g].option[i];
            if (strcmp(option->name, name) == 0)
                return option;
            nearest_offer(nearest, option->name);
        }
    }
    return NULL;
}

static int unknown(const struct args_spec *spec, struct buf *say, const struct nearest *nearest)
{
    if (nearest->best)
        return wrong(spec, say, "%s has no option --%.100s; did you mean --%s?", spec->verb, nearest->wanted,
                     nearest->best);
    return wrong(spec, say, "%s has no option --%.100s", spec->verb, nearest->wanted);
}

bool args_read_integer(const char *text, int64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return *text && !*end && errno == 0 && !strchr(" \t\n", *text);
}

static bool read_seconds(const char *text, struct args_seconds *seconds)
{
    char *end;
    seconds->value = strtod(text, &end);
    seconds->given = true;
    return *text && !*end && isfinite(seconds->value) && seconds->value >= 0;
}

static bool must_be_utf8(enum args_kind kind)
{
    return kind == ARGS_TEXT || kind == ARGS_TEXTS;
}

static int store(const struct args_spec *spec, const struct args_option *option, const char *value, struct buf *say)
{
    struct args_texts *texts = option->target;
    struct args_integer *integer = option->target;
    if (must_be_utf8(option->kind) && utf8_valid_prefix(value, strlen(value)) < strlen(value))
        return wrong(spec, say, "--%s takes a text in UTF-8, not `%.100s`", option->name, value);
    switch (option->kind) {
    case ARGS_FLAG:
        *(bool *)option->target = true;
        return ARGS_GO;
    case ARGS_PATH:
    case ARGS_TEXT:
        *(const char **)option->target = value;
        return ARGS_GO;
    case ARGS_TEXTS:
        if (texts->count == ARGS_TEXTS_MAX)
            return wrong(spec, say, "--%s is given more than %d times", option->name, ARGS_TEXTS_MAX);
        texts->item[texts->count++] = value;
        return ARGS_GO;
    case ARGS_INTEGER:
        integer->given = true;
        if (!args_read_integer(value, &integer->value))
            return wrong(spec, say, "--%s takes a whole number, not `%.100s`", option->name, value);
        return ARGS_GO;
    case ARGS_SECONDS:
        if (!read_seconds(value, option->target))
            return wrong(spec, say, "--%s takes a number of seconds, not `%.100s`", option->name, value);
        return ARGS_GO;
    }
    return ARGS_GO;
}

/* `text` is what stands after the dashes; *next is where the value would stand if not after '='. */
static int take_option(const struct args_spec *spec, const char *text, char **argv, int *next, struct buf *say)
{
    char name[64];
    size_t length = strcspn(text, "=");
    const char *value = text[length] ? text + length + 1 : NULL;
    snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), text);
    if (strcmp(name, "help") == 0) {
        help(spec, say);
        return CLI_DONE;
    }
    struct nearest nearest = nearest_to(name);
    const struct args_option *option = find(spec, name, &nearest);
    if (!option)
        return unknown(spec, say, &nearest);
    if (option->kind == ARGS_FLAG && value)
        return wrong(spec, say, "--%s takes no value", name);
    if (option->kind != ARGS_FLAG && !value && !(value = argv[*next]))
        return wrong(spec, say, "--%s needs a value: %s", name, option->value);
    if (option->kind != ARGS_FLAG && value == argv[*next])
        ++*next;
    return store(spec, option, value, say);
}

static int check_count(const struct args_spec *spec, const struct args *args, struct buf *say)
{
    if (args->count < spec->least)
        return wrong(spec, say, "%s needs %s", spec->verb, spec->operands);
    if (args->count > spec->most && spec->most == 0)
        return wrong(spec, say, "%s takes nothing but options, and not `%.100s`", spec->verb, args->operand[0]);
    if (args->count > spec->most)
        return wrong(spec, say, "%s takes %s, and not also `%.100s`", spec->verb, spec->operands,
                     args->operand[spec->most]);
    return ARGS_GO;
}

int args_parse(const struct args_spec *spec, int argc, char **argv, struct args *args, struct buf *say)
{
    int next = 1;
    bool options = true;
    *args = (struct args){.operand = argv + 1};
    while (next < argc) {
        char *text = argv[next++];
        if (options && strcmp(text, "-h") == 0)
            text = "--help";
        if (!options || strncmp(text, "--", 2) != 0) {
            /* -5 is a number, -x an option that nobody has. */
            if (options && text[0] == '-' && text[1] && !strchr("0123456789.", text[1]))
                return wrong(spec, say, "%s has no option %.100s", spec->verb, text);
            args->operand[args->count++] = text;
            options = options && !spec->is_command;
        } else if (!text[2]) {
            options = false;
        } else {
            int status = take_option(spec, text + 2, argv, &next, say);
            if (status != ARGS_GO)
                return status;
        }
    }
    args->operand[args->count] = NULL;
    return check_count(spec, args, say);
}

int args_take(const struct args_spec *spec, int argc, char **argv, struct args *args)
{
    struct buf say = {0};
    if (argc > 2 && strcmp(argv[1], COMPLETE_MARK) == 0) {
        complete_verb(spec, argv + 2, (size_t)(argc - 2));
        return CLI_DONE;
    }
    int status = args_parse(spec, argc, argv, args, &say);
    if (status == CLI_DONE)
        say_out(&say);
    else if (status != ARGS_GO)
        say_wrong("%s", buf_string(&say));
    buf_finish(&say);
    return status;
}
