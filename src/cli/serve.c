#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/print.h"
#include "cli/say.h"
#include "cli/start.h"
#include "cli/verbs.h"

static void tell(void *context, const char *address, const char *folder)
{
    const bool *json = context;
    struct buf out = {0};
    if (*json) {
        json_t *told = json_pack("{s:s, s:s}", "address", address, "run", folder);
        print_value(&out, told);
        json_decref(told);
    } else {
        buf_printf(&out, "%s serves ", address);
        print_text(&out, folder);
    }
    buf_char(&out, '\n');
    say_out(&out);
    buf_finish(&out);
}

int verb_serve(int argc, char **argv)
{
    struct start start;
    struct args args;
    struct serve_result result;
    bool json = false;
    const struct args_option options[] = {
        {"json", ARGS_FLAG, &json, NULL, "tell the address as JSON; so it is too when not on a terminal"},
    };
    const struct args_spec spec = {
        .verb = "serve",
        .operands = "",
        .details =
            "Tells the address once it listens. SIGINT, SIGTERM or `trimtab shutdown` end it in good order; the\n"
            "training goes on and is recorded without it.\n\n"
            "Example: trimtab serve --run runs/gpt/20261122-101500\n\n"
            "Exit status: 0 ended, 1 the run or the address cannot be served, 2 wrong usage.\n",
        .groups = {start_options(&start), {options, 1}},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    const char *named = getenv("TRIMTAB_RUN");
    if (!start.run && !(named && *named)) {
        say_wrong("serve needs a run: name it with --run FOLDER");
        return CLI_USAGE;
    }
    json = json || !isatty(STDOUT_FILENO);
    struct serve_options wanted = {.terminal_fd = -1, .context = &json, .ready = tell};
    return start_serving(&start, NULL, &wanted, &result);
}
