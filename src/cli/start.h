/* start.h: what serve and run have in common. */
#ifndef CLI_START_H
#define CLI_START_H

#include <limits.h>
#include <stdbool.h>

#include "cli/args.h"
#include "server/serve.h"

#define START_OPTIONS 4

struct start {
    const char *run, *listen, *auth; /* --run, --listen, --auth */
    bool full_sync;
    char path[PATH_MAX];
    struct args_option options[START_OPTIONS];
};

struct args_group start_options(struct start *start);
/* Chooses the folder: of --run, $TRIMTAB_RUN, or a new one of `name`. CLI_DONE, or what to end with, having said why.
 */
int start_choose(struct start *start, const char *name);
/* Serves it until the end; the caller has filled in of *options what concerns a command and the callbacks. CLI_DONE
 * with *result, or what to end with; why is in *err and not yet said. */
int start_serving(struct start *start, struct serve_options *options, struct serve_result *result, struct err *err);

#endif
