#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/say.h"
#include "cli/values.h"
#include "cli/verbs.h"

/* A name may hold '=' itself: the number stands after the last. */
static bool add_revision(json_t *revisions, const char *text)
{
    int64_t revision;
    const char *equals = strrchr(text, '=');
    if (!equals || !args_read_integer(equals + 1, &revision))
        return false;
    char *name = strndup(text, (size_t)(equals - text));
    int failed = name ? json_object_set_new(revisions, name, json_integer(revision)) : -1;
    free(name);
    return failed == 0;
}

static int add_revisions(json_t *request, const struct args_texts *texts)
{
    json_t *revisions = json_object();
    int status = CLI_DONE;
    for (size_t i = 0; i < texts->count && status == CLI_DONE; i++) {
        if (add_revision(revisions, texts->item[i]))
            continue;
        say_wrong("--revision takes NAME=NUMBER, not `%s`", texts->item[i]);
        status = CLI_USAGE;
    }
    if (texts->count > 0)
        json_object_set(request, protocol_arg_name(ARG_REVISIONS), revisions);
    json_decref(revisions);
    return status;
}

static bool fill(json_t *request, json_t *described, char *const *operands, struct buf *why)
{
    json_t *values = values_read_all(json_object_get(described, "settings"), "setting", operands, why);
    return values && json_object_set_new(request, protocol_arg_name(ARG_SETTINGS), values) == 0;
}

int verb_set(int argc, char **argv)
{
    struct control control;
    struct args args;
    struct args_texts revisions = {0};
    const struct args_option options[] = {
        {"revision", ARGS_TEXTS, &revisions, "NAME=N", "refuse if NAME has another revision by then; may be repeated"},
    };
    const struct args_spec spec = {
        .verb = "set",
        .operands = "NAME=VALUE...",
        .details = "All are set at one control point, or none. `trimtab describe` lists names, types and ranges.\n\n"
                   "Examples: trimtab set lr=3e-4 dropout=0.1 --reason \"loss plateaus\"\n"
                   "          trimtab set lr=1e-4 --at-step 5000 --revision lr=3\n\n" CONTROL_EXIT_CODES,
        .least = 1,
        .most = SIZE_MAX,
        .groups = {{options, 1}, control_options(&control, true), session_options(&control.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    json_t *request = control_request(&control, CODE_SET);
    status = add_revisions(request, &revisions);
    if (status == CLI_DONE)
        return control_described(&control, request, fill, args.operand);
    json_decref(request);
    return status;
}
