#include <math.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/newest.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/verbs.h"

#define LINE_NS INT64_C(1000000000)
#define MESSAGES_A_TURN 1000

struct watch {
    struct session session;
    const char *topics; /* --topics; NULL: all */
    struct args_texts series;
    struct args_seconds seconds;
    struct args_integer count;
    bool declared_shown; /* declarations were asked for, not only needed for the names */
    char state[32];      /* of the run, told last */
    struct newest newest;
    int64_t next_line_ns, end_ns;
    int64_t lines; /* printed so far */
    struct buf out;
};

/* ---- subscribing ---- */

static void add_topics(struct watch *watch, json_t *topics)
{
    for (const char *at = watch->topics; at && *at; at += strspn(at, ",")) {
        size_t size = strcspn(at, ",");
        watch->declared_shown |= protocol_topic(at, size) == TOPIC_DECLARATIONS;
        json_array_append_new(topics, json_stringn(at, size));
        at += size;
    }
    for (unsigned bit = 1; !watch->topics && *protocol_topic_name(bit); bit <<= 1)
        json_array_append_new(topics, json_string(protocol_topic_name(bit)));
    if (watch->topics && !watch->declared_shown && !watch->session.json)
        json_array_append_new(topics, json_string(protocol_topic_name(TOPIC_DECLARATIONS)));
}

static json_t *subscription(struct watch *watch)
{
    json_t *request = session_request(CODE_SUBSCRIBE), *topics = json_array(), *series = json_array();
    add_topics(watch, topics);
    for (size_t i = 0; i < watch->series.count; i++)
        json_array_append_new(series, json_string(watch->series.item[i]));
    json_object_set_new(request, protocol_arg_name(ARG_TOPICS), topics);
    if (watch->series.count > 0)
        json_object_set(request, protocol_arg_name(ARG_SERIES), series);
    json_decref(series);
    return request;
}

/* ---- what comes ---- */

static bool is_enough(const struct watch *watch)
{
    return watch->count.given && watch->lines >= watch->count.value;
}

static void take_run(struct watch *watch, const json_t *event)
{
    const char *state = field_text(event, "state");
    newest_run(&watch->newest, event);
    if (strncmp(watch->state, state, sizeof watch->state - 1) == 0)
        return;
    snprintf(watch->state, sizeof watch->state, "%s", state);
    print_clock(&watch->out, field_number(event, "time"), "%H:%M:%S");
    buf_text(&watch->out, "  the run is ");
    print_text(&watch->out, state);
    if (json_is_integer(json_object_get(event, "step")))
        buf_printf(&watch->out, " at step %lld", (long long)field_integer(event, "step"));
    buf_char(&watch->out, '\n');
}

static void take_event(struct watch *watch, const json_t *event)
{
    const char *name = field_text(event, "event");
    if (strcmp(name, "scalars") == 0)
        newest_scalars(&watch->newest, event);
    else if (strcmp(name, "run") == 0)
        take_run(watch, event);
    else if (strcmp(name, "declared") == 0)
        newest_declared(&watch->newest, event);
    if (strcmp(name, "declared") != 0 || watch->declared_shown)
        print_event(&watch->out, event, &watch->session.terminal);
}

static void take_message(struct watch *watch, const char *line)
{
    json_t *message = json_loads(line, JSON_ALLOW_NUL, NULL);
    size_t before = watch->out.size;
    if (json_object_get(message, "event") && watch->session.json)
        session_line(&watch->session, &watch->out, line);
    else if (json_object_get(message, "event"))
        take_event(watch, message);
    watch->lines += watch->out.size > before;
    json_decref(message);
}

/* CLI_DONE: nothing more is there for now, or there was enough. */
static int take_messages(struct watch *watch)
{
    for (int i = 0; i < MESSAGES_A_TURN && !is_enough(watch); i++) {
        const char *line;
        int code = trimtab_client_next(watch->session.client, &line, 0);
        if (code == TRIMTAB_CLIENT_TIMEOUT)
            return CLI_DONE;
        if (code < 0) {
            say_out(&watch->out);
            return session_lost(&watch->session);
        }
        take_message(watch, line);
    }
    return CLI_DONE;
}

static void print_newest(struct watch *watch, int64_t now_ns)
{
    size_t before = watch->out.size;
    if (watch->session.json || now_ns < watch->next_line_ns || is_enough(watch))
        return;
    newest_line(&watch->newest, &watch->out, watch->session.terminal.width);
    watch->lines += watch->out.size > before;
    watch->next_line_ns = now_ns + LINE_NS;
}

/* ---- the loop ---- */

static int poll_ms(const struct watch *watch, int64_t now_ns)
{
    int64_t wake_ns = watch->newest.fresh && watch->next_line_ns < watch->end_ns ? watch->next_line_ns : watch->end_ns;
    int64_t left_ns = wake_ns - now_ns;
    return left_ns <= 0 ? 0 : left_ns > LINE_NS ? (int)(LINE_NS / 1000000) : (int)(left_ns / 1000000 + 1);
}

/* Follows until there was enough, the time is over, the server goes, or a signal comes. */
static int follow(struct watch *watch, int signal_fd)
{
    struct pollfd fds[2] = {{.fd = trimtab_client_fd(watch->session.client), .events = POLLIN},
                            {.fd = signal_fd, .events = POLLIN}};
    for (;;) {
        int status = take_messages(watch);
        int64_t now_ns = clock_monotonic_ns();
        if (status != CLI_DONE)
            return status;
        print_newest(watch, now_ns);
        say_out(&watch->out);
        if (is_enough(watch) || now_ns >= watch->end_ns || fds[1].revents)
            return CLI_DONE;
        poll(fds, 2, poll_ms(watch, now_ns));
    }
}

static int subscribe_and_follow(struct watch *watch)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int status = session_open(&watch->session);
    if (status == CLI_DONE)
        status = session_ask(&watch->session, subscription(watch), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (watch->seconds.given && watch->seconds.value < 1e9)
        watch->end_ns = clock_monotonic_ns() + (int64_t)(watch->seconds.value * 1e9);
    status = follow(watch, signal_fd);
    close(signal_fd);
    return status;
}

int verb_watch(int argc, char **argv)
{
    struct watch watch = {.end_ns = INT64_MAX};
    struct args args;
    const struct args_option options[] = {
        {"topics", ARGS_TEXT, &watch.topics, "A,B",
         "of: scalars, run, settings, outcomes, messages, declarations (all)"},
        {"series", ARGS_TEXTS, &watch.series, "GLOB", "only these series, as in train/*; may be repeated"},
        {"for", ARGS_SECONDS, &watch.seconds, "SECONDS", "end after this time"},
        {"count", ARGS_INTEGER, &watch.count, "N", "end after this many lines"},
    };
    const struct args_spec spec = {
        .verb = "watch",
        .operands = "",
        .details =
            "On a terminal the newest values stand on one line a second; elsewhere each event is a line of JSON.\n"
            "Ctrl-C ends it, with 0.\n\n"
            "Example: trimtab watch --topics scalars,outcomes --series 'train/*'\n\n" SESSION_EXIT_CODES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&watch.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    status = subscribe_and_follow(&watch);
    session_close(&watch.session);
    newest_finish(&watch.newest);
    buf_finish(&watch.out);
    return status;
}
