#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/say.h"
#include "cli/values.h"
#include "cli/verbs.h"

#define CHECKPOINT "checkpoint"
#define AS_LONG_AS_IT_TAKES 86400.0 /* the longest wait that the protocol knows */

struct stop {
    struct control control;
    bool checkpoint;
};

static bool is_trained(struct session *session, int *status)
{
    *status = session_ask(session, session_request(CODE_STATUS), SESSION_REPLY_SECONDS);
    const json_t *trainer = json_object_get(json_object_get(session->reply, "result"), "trainer");
    if (*status != CLI_DONE || !json_is_false(json_object_get(trainer, "attached")))
        return *status == CLI_DONE;
    say_wrong("No model attached (%d): no trainer is there that could be stopped", ERROR_NO_MODEL);
    *status = CLI_REFUSED;
    return false;
}

/* Is there such an action, and does the trainer that is there have it? */
static int find_action(struct session *session)
{
    int status = session_ask(session, session_request(CODE_DESCRIBE), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    json_t *actions = json_object_get(json_object_get(session->reply, "result"), "actions");
    const json_t *action = values_find(actions, CHECKPOINT);
    if (action && !json_is_false(json_object_get(action, "attached")))
        return CLI_DONE;
    if (!is_trained(session, &status))
        return status;
    say_wrong("the model has no action `" CHECKPOINT "`, so nothing is stopped; `trimtab stop` ends it without one");
    return CLI_REFUSED;
}

static int write_checkpoint(struct stop *stop)
{
    struct session *session = &stop->control.session;
    json_t *request = control_request(&stop->control, CODE_ACT);
    json_object_set_new(request, protocol_arg_name(ARG_ACTION), json_string(CHECKPOINT));
    if (!session->json) {
        struct buf out = {0};
        buf_text(&out, "waiting for the checkpoint, as long as it takes (after Ctrl-C nothing is stopped)\n");
        say_out(&out);
        buf_finish(&out);
    }
    int status = session_ask(session, request, control_seconds(&stop->control));
    if (status == CLI_DONE)
        session_show(session, print_outcome);
    const char *outcome = field_text(json_object_get(session->reply, "result"), "outcome");
    if (status == CLI_DONE && strcmp(outcome, "applied") == 0)
        return CLI_DONE;
    if (status == CLI_NO_SERVER)
        say_wrong("whether the checkpoint is saved is not known, and nothing is stopped; `trimtab audit` will tell");
    else
        say_wrong("there is no checkpoint, so nothing is stopped");
    return status == CLI_DONE ? CLI_REFUSED : status;
}

/* What would go on with this run, as a line for a shell. */
static void print_resume(struct buf *out, const json_t *status)
{
    const json_t *trainer = json_object_get(status, "trainer");
    const char *command = field_text(json_object_get(trainer, "config"), "command");
    const char *place = field_text(json_object_get(trainer, "config"), "folder");
    char *program = strchr(program_invocation_name, '/') ? realpath(program_invocation_name, NULL) : NULL;
    if (*place) {
        buf_text(out, "cd ");
        print_shell_word(out, place);
        buf_text(out, " && ");
    }
    print_shell_word(out, program ? program : program_invocation_name);
    free(program);
    buf_text(out, " run --resume --run ");
    print_shell_word(out, field_text(json_object_get(status, "run"), "folder"));
    buf_text(out, " -- ");
    print_text(out, *command ? command : field_text(trainer, "command"));
}

static int end_training(struct stop *stop, const char *resume)
{
    struct session *session = &stop->control.session;
    struct control plain = {.reason = stop->control.reason};
    int status = session_ask(session, control_request(&plain, CODE_STOP), control_seconds(&plain));
    if (status != CLI_DONE)
        return status;
    session_show(session, print_outcome);
    if (session->json) {
        say_wrong("this goes on with it: %s", resume);
    } else {
        struct buf out = {0};
        buf_printf(&out, "this goes on with it:\n  %s\n", resume);
        say_out(&out);
        buf_finish(&out);
    }
    return CLI_DONE;
}

static int stop_with_checkpoint(struct stop *stop)
{
    struct session *session = &stop->control.session;
    struct buf resume = {0};
    int status = session_open(session);
    if (status == CLI_DONE)
        status = find_action(session);
    if (status == CLI_DONE)
        status = write_checkpoint(stop);
    if (status == CLI_DONE)
        status = session_ask(session, session_request(CODE_STATUS), SESSION_REPLY_SECONDS);
    if (status == CLI_DONE) {
        print_resume(&resume, json_object_get(session->reply, "result"));
        status = end_training(stop, buf_string(&resume));
    }
    buf_finish(&resume);
    session_close(session);
    return status;
}

int verb_stop(int argc, char **argv)
{
    struct stop stop = {.checkpoint = false};
    struct control *control = &stop.control;
    struct args args;
    const struct args_option options[] = {
        {"checkpoint", ARGS_FLAG, &stop.checkpoint, NULL,
         "write one first, wait for it, stop only then; tells how to go on"},
    };
    const struct args_spec spec = {
        .verb = "stop",
        .operands = "",
        .details =
            "The trainer leaves its loop in good order, as at its last step. With --checkpoint the model's action\n"
            "`checkpoint` is asked for first; --at-step, --until-step, --deadline and --wait then speak of it, and\n"
            "without --wait it may take as long as it needs. Where it fails nothing is stopped.\n\n"
            "Examples: trimtab stop --at-step 5000\n"
            "          trimtab stop --checkpoint --reason \"the machine is needed\"\n\n" CONTROL_EXIT_CODES,
        .groups = {{options, 1}, control_options(control, true), session_options(&control->session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    if (!stop.checkpoint)
        return control_once(control, control_request(control, CODE_STOP));
    if (control->no_wait) {
        say_wrong("stop --checkpoint waits for the checkpoint: leave out --no-wait");
        return CLI_USAGE;
    }
    if (!control->wait.given)
        control->wait = (struct args_seconds){.given = true, .value = AS_LONG_AS_IT_TAKES};
    return stop_with_checkpoint(&stop);
}
