#include "cli/watch.h"

#include "base/clock.h"
#include "cli/verbs.h"

/* Lines are for those who count them or choose their topics, for scripts, and for terminals that only print. */
static bool is_board(const struct watch *watch, bool plain)
{
    const struct session *session = &watch->session;
    return !plain && !session->json && session->terminal.erases && !watch->count.given && !watch->topics;
}

int verb_watch(int argc, char **argv)
{
    struct watch watch = {.end_ns = INT64_MAX};
    struct args args;
    struct args_seconds seconds = {0};
    bool plain = false;
    const struct args_option options[] = {
        {"topics", ARGS_TEXT, &watch.topics, "A,B",
         "of: scalars, run, settings, outcomes, messages, declarations (these), clients, output"},
        {"series", ARGS_TEXTS, &watch.series, "GLOB", "only these series, as in train/*; may be repeated"},
        {"for", ARGS_SECONDS, &seconds, "SECONDS", "end after this time"},
        {"count", ARGS_INTEGER, &watch.count, "N", "end after this many lines"},
        {"plain", ARGS_FLAG, &plain, NULL,
         "lines on a terminal too: the newest values once a second, and what happens"},
    };
    const struct args_spec spec = {
        .verb = "watch",
        .operands = "",
        .details =
            "On a terminal a picture of the run is kept up: state, progress, who watches, series with their\n"
            "least and greatest value since then, settings, pending requests, what was said and done. q or\n"
            "Ctrl-C ends it, with 0. When the server goes it waits for the next one. --plain, --topics, --count\n"
            "and a terminal that only prints: lines. Elsewhere each event is a line of JSON.\n\n"
            "Examples: trimtab watch --series 'train/*'\n"
            "          trimtab watch --topics outcomes,messages\n"
            "          trimtab watch --topics scalars --for 60 > points.ndjson\n\n" SESSION_EXIT_CODES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&watch.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    status = session_open(&watch.session);
    if (status == CLI_DONE && seconds.given && seconds.value < 1e9)
        watch.end_ns = clock_monotonic_ns() + (int64_t)(seconds.value * 1e9);
    if (status == CLI_DONE)
        status = is_board(&watch, plain) ? watch_board(&watch) : watch_lines(&watch);
    session_close(&watch.session);
    return status;
}
