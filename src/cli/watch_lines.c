#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/newest.h"
#include "cli/say.h"
#include "cli/subscribe.h"
#include "cli/verbs.h"
#include "cli/watch.h"

#define LINE_NS INT64_C(1000000000)
#define MESSAGES_A_TURN 1000

struct lines {
    struct watch *watch;
    bool declared_shown; /* declarations were asked for, not only needed for the names */
    struct newest newest;
    int64_t next_line_ns;
    int64_t printed; /* so far */
    struct buf out;
};

/* For people the names of the series are needed, whatever they chose. */
static json_t *subscription(struct lines *lines)
{
    const struct watch *watch = lines->watch;
    struct buf topics = {0};
    buf_text(&topics, watch->topics ? watch->topics : WATCH_TOPICS);
    for (const char *at = watch->topics; at && *at; at += strspn(at, ",")) {
        size_t size = strcspn(at, ",");
        lines->declared_shown |= protocol_topic(at, size) == TOPIC_DECLARATIONS;
        at += size;
    }
    if (watch->topics && !lines->declared_shown && !watch->session.json)
        buf_text(&topics, ",declarations");
    json_t *request = subscribe_request(buf_string(&topics), &watch->series, NULL);
    buf_finish(&topics);
    return request;
}

/* ---- what comes ---- */

static bool is_enough(const struct lines *lines)
{
    return lines->watch->count.given && lines->printed >= lines->watch->count.value;
}

static void take_run(struct lines *lines, const json_t *event)
{
    char before[sizeof lines->newest.state];
    memcpy(before, lines->newest.state, sizeof before);
    newest_run(&lines->newest, event);
    if (strcmp(before, lines->newest.state) == 0)
        return;
    print_clock(&lines->out, field_number(event, "time"), "%H:%M:%S");
    buf_text(&lines->out, "  the run is ");
    print_text(&lines->out, lines->newest.state);
    if (json_is_integer(json_object_get(event, "step")))
        buf_printf(&lines->out, " at step %lld", (long long)field_integer(event, "step"));
    buf_char(&lines->out, '\n');
}

static void take_event(struct lines *lines, const json_t *event)
{
    const char *name = field_text(event, "event");
    if (strcmp(name, "scalars") == 0)
        newest_scalars(&lines->newest, event);
    else if (strcmp(name, "run") == 0)
        take_run(lines, event);
    else if (strcmp(name, "declared") == 0)
        newest_declared(&lines->newest, event);
    if (strcmp(name, "declared") != 0 || lines->declared_shown)
        print_event(&lines->out, event, &lines->watch->session.terminal);
}

/* Of no request: the server ends the connection, because its token is not good any more. */
static void say_error(const json_t *error)
{
    struct buf text = {0};
    print_refusal(&text, error);
    say_wrong("%s", buf_string(&text));
    buf_finish(&text);
}

static void take_message(struct lines *lines, const char *line)
{
    json_t *message = json_loads(line, JSON_ALLOW_NUL, NULL);
    size_t before = lines->out.size;
    if (json_object_get(message, "event") && lines->watch->session.json)
        session_line(&lines->watch->session, &lines->out, line);
    else if (json_object_get(message, "event"))
        take_event(lines, message);
    else if (json_object_get(message, "CodeError"))
        say_error(message);
    lines->printed += lines->out.size > before;
    json_decref(message);
}

/* CLI_DONE: nothing more is there for now, or there was enough. */
static int take_messages(struct lines *lines)
{
    for (int i = 0; i < MESSAGES_A_TURN && !is_enough(lines); i++) {
        const char *line;
        int code = trimtab_client_next(lines->watch->session.client, &line, 0);
        if (code == TRIMTAB_CLIENT_TIMEOUT)
            return CLI_DONE;
        if (code < 0) {
            say_out(&lines->out);
            return session_lost(&lines->watch->session);
        }
        take_message(lines, line);
    }
    return CLI_DONE;
}

static void print_newest(struct lines *lines, int64_t now_ns)
{
    size_t before = lines->out.size;
    if (lines->watch->session.json || now_ns < lines->next_line_ns || is_enough(lines))
        return;
    newest_line(&lines->newest, &lines->out, lines->watch->session.terminal.width);
    lines->printed += lines->out.size > before;
    lines->next_line_ns = now_ns + LINE_NS;
}

/* ---- the loop ---- */

static int poll_ms(const struct lines *lines, int64_t now_ns)
{
    int64_t end_ns = lines->watch->end_ns;
    int64_t left_ns = (lines->newest.fresh && lines->next_line_ns < end_ns ? lines->next_line_ns : end_ns) - now_ns;
    return left_ns <= 0 ? 0 : left_ns > LINE_NS ? (int)(LINE_NS / 1000000) : (int)(left_ns / 1000000 + 1);
}

/* Follows until there was enough, the time is over, the server goes, or a signal comes. */
static int follow(struct lines *lines, int signal_fd)
{
    struct pollfd fds[2] = {{.fd = trimtab_client_fd(lines->watch->session.client), .events = POLLIN},
                            {.fd = signal_fd, .events = POLLIN}};
    for (;;) {
        int status = take_messages(lines);
        int64_t now_ns = clock_monotonic_ns();
        if (status != CLI_DONE)
            return status;
        print_newest(lines, now_ns);
        say_out(&lines->out);
        if (is_enough(lines) || now_ns >= lines->watch->end_ns || fds[1].revents)
            return CLI_DONE;
        poll(fds, 2, poll_ms(lines, now_ns));
    }
}

int watch_lines(struct watch *watch)
{
    struct lines lines = {.watch = watch};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    int status = session_ask(&watch->session, subscription(&lines), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    status = follow(&lines, signal_fd);
    close(signal_fd);
    newest_finish(&lines.newest);
    buf_finish(&lines.out);
    return status;
}
