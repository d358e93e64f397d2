#include "cli/start.h"

#include <string.h>

#include "base/folder.h"
#include "cli/say.h"
#include "cli/verbs.h"

struct args_group start_options(struct start *start)
{
    const struct args_option options[START_OPTIONS] = {
        {"run", ARGS_PATH, &start->run, "FOLDER", "the run"},
        {"listen", ARGS_TEXT, &start->listen, "HOST:PORT",
         "a loopback address; port 0 is a free one (127.0.0.1:7342, or the next free port)"},
        {"auth", ARGS_TEXT, &start->auth, "none", "whoever can connect may do everything"},
        {"full-sync", ARGS_FLAG, &start->full_sync, NULL, "no commit is lost even by a power cut; slower"},
    };
    *start = (struct start){0};
    memcpy(start->options, options, sizeof options);
    return (struct args_group){start->options, START_OPTIONS};
}

int start_choose(struct start *start, const char *name)
{
    struct err err;
    if (start->auth && strcmp(start->auth, "none") != 0) {
        say_wrong("--auth %s is not known: so far there is only none, and only loopback addresses are served",
                  start->auth);
        return CLI_USAGE;
    }
    if (folder_choose(start->run, name, start->path, &err) == 0)
        return CLI_DONE;
    say_wrong("%s", err.text);
    return CLI_USAGE;
}

int start_serving(struct start *start, struct serve_options *options, struct serve_result *result, struct err *err)
{
    options->run = start->path;
    options->listen = start->listen;
    options->port_is_a_wish = !start->listen;
    options->full_sync = start->full_sync;
    int code = serve(options, result, err);
    return code == 0 ? CLI_DONE : code == ERR_INVALID ? CLI_USAGE : CLI_REFUSED;
}
