/* control.h: what the verbs that control the model have in common. */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "cli/session.h"

#define CONTROL_OPTIONS 6

struct control {
    struct session session;
    struct args_integer at_step, until_step;
    struct args_seconds deadline, wait;
    const char *reason;
    bool no_wait;
    struct args_option options[CONTROL_OPTIONS];
};

/* As session_options; `at_step` tells whether the request takes one. */
struct args_group control_options(struct control *control, bool at_step);
/* A request with the options that were given. */
json_t *control_request(const struct control *control, enum code code);
/* How long to wait for its reply. */
double control_seconds(const struct control *control);
/* Sends it, in a session of its own, and shows the outcome. Takes over the request. */
int control_once(struct control *control, json_t *request);
/* As control_once, but first `fill` completes the request from what `describe` says of the run; it answers false with a
 * sentence when it cannot. */
typedef bool control_fill_fn(json_t *request, json_t *described, char *const *operands, struct buf *why);
int control_described(struct control *control, json_t *request, control_fill_fn *fill, char *const *operands);
/* The whole of a verb without operands. */
int control_plain(const char *verb, enum code code, bool at_step, const char *details, int argc, char **argv);

#define CONTROL_EXIT_CODES                                                                                             \
    "The reply waits for the outcome, 60 seconds unless told otherwise; after that the request lives "                 \
    "on.\n" SESSION_EXIT_CODES

#endif
