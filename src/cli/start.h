/* start.h: what serve and run have in common. */
#ifndef CLI_START_H
#define CLI_START_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "cli/args.h"
#include "protocol/protocol.h"
#include "server/serve.h"

#define START_OPTIONS 6

struct start {
    const char *run, *listen, *auth, *link; /* --run, --listen, --auth, --link */
    struct args_texts hosts;                /* --host */
    bool full_sync;
    bool auth_none;       /* no tokens */
    enum role link_role;  /* of the link that is shown on a terminal; ROLE_NONE: none */
    char found[PATH_MAX]; /* of a run that was given by its name */
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

/* Says, once it serves, that everybody may do everything, if it is so. */
void start_warn(const struct start *start);

/* For a terminal, never for a file: a link to the page of the run, which makes a token (or shows the server's own), and
 * what can be done beyond. Lines that each begin with two spaces; nothing where none is wanted. A token that cannot be
 * made is said, and the run goes on. */
void start_print_link(const struct start *start, const struct serve_place *place, struct buf *out);

/* For JSON: `read_only`, and then the `link`: there is no other way to have one. */
void start_add_read_only(json_t *told, const struct serve_place *place);

#endif
