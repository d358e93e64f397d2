#include "cli/say.h"
#include "cli/session.h"
#include "cli/verbs.h"

static void print_said(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)terminal;
    const json_t *result = json_object_get(reply, "result");
    buf_printf(out, "said (message %lld)", (long long)field_integer(result, "message"));
    if (json_is_integer(json_object_get(result, "step")))
        buf_printf(out, " at step %lld", (long long)field_integer(result, "step"));
    buf_char(out, '\n');
}

/* The words with blanks between; NULL with a sentence said. */
static json_t *text_of(char *const *words)
{
    struct buf text = {0};
    for (char *const *word = words; *word; word++) {
        buf_text(&text, word > words ? " " : "");
        buf_text(&text, *word);
    }
    json_t *string = json_string(buf_string(&text));
    if (!string)
        say_wrong("say takes a text in UTF-8, not `%s`", buf_string(&text));
    buf_finish(&text);
    return string;
}

static int say(struct session *session, json_t *text, const char *level, struct args_integer step)
{
    if (!text)
        return CLI_USAGE;
    json_t *request = session_request(CODE_SAY);
    json_object_set_new(request, protocol_arg_name(ARG_TEXT), text);
    if (level)
        json_object_set_new(request, protocol_arg_name(ARG_LEVEL), json_string(level));
    if (step.given)
        json_object_set_new(request, protocol_arg_name(ARG_STEP), json_integer(step.value));
    return session_once(session, request, SESSION_REPLY_SECONDS, print_said);
}

int verb_say(int argc, char **argv)
{
    struct session session;
    struct args args;
    struct args_integer step = {0};
    const char *level = NULL;
    const struct args_option options[] = {
        {"level", ARGS_TEXT, &level, "LEVEL", "info (this), warning or error"},
        {"step", ARGS_INTEGER, &step, "N", "it belongs to this step (the present one)"},
    };
    const struct args_spec spec = {
        .verb = "say",
        .operands = "TEXT...",
        .details = "Everybody who follows the messages is told, and it is kept with the run. At most 1000 bytes.\n\n"
                   "Examples: trimtab say \"the loss looks better since the new learning rate\"\n"
                   "          trimtab say --level warning --step 5000 the data was changed here\n\n" SESSION_EXIT_CODES,
        .least = 1,
        .most = SIZE_MAX,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    return status == ARGS_GO ? say(&session, text_of(args.operand), level, step) : status;
}
