#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "cli/dashboard.h"
#include "cli/say.h"
#include "cli/screen.h"
#include "cli/subscribe.h"
#include "cli/verbs.h"
#include "cli/watch.h"

#define FRAME_NS INT64_C(100000000)
#define ASK_NS INT64_C(1000000000)
#define ASK_SOON_NS INT64_C(250000000) /* where something has changed what is asked for */
#define TRY_NS INT64_C(500000000)
#define SILENT_NS INT64_C(5000000000)
#define QUICK_SECONDS 1.0
#define MESSAGES_A_TURN 1000
#define BOARD_TOPICS WATCH_TOPICS ",clients"
#define BOARD_RATE "10/s"

/* What is asked for while the events come; each has at most one request on its way. */
struct asking {
    enum code code;
    bool on_its_way;
    int64_t asked_ns;
};

struct following {
    struct watch *watch;
    struct board board;
    struct screen screen;
    struct terminal terminal;
    struct asking status, people;
    int64_t frame_ns, try_ns; /* the next one */
    int64_t gone_ns;          /* since when nobody serves; 0: somebody does */
    bool refused;             /* somebody does, and does not take the token any more */
};

/* ---- asking ---- */

static void ask(struct following *following, struct asking *asking, bool soon, int64_t now_ns)
{
    char line[64];
    if (asking->on_its_way || now_ns < asking->asked_ns + (soon ? ASK_SOON_NS : ASK_NS))
        return;
    snprintf(line, sizeof line, "{\"code\":%d,\"id\":\"board\"}", (int)asking->code);
    asking->on_its_way = trimtab_client_send(following->watch->session.client, line, 0) == TRIMTAB_CLIENT_OK;
    asking->asked_ns = now_ns;
}

static void ask_all(struct following *following, int64_t now_ns)
{
    struct board *board = &following->board;
    ask(following, &following->status, board->status_old, now_ns);
    if (board->people_old || following->people.asked_ns == 0)
        ask(following, &following->people, true, now_ns);
    board->status_old &= !following->status.on_its_way;
    board->people_old &= !following->people.on_its_way;
}

static void take_reply(struct following *following, json_int_t code)
{
    if (code == CODE_STATUS)
        following->status.on_its_way = false;
    else if (code == CODE_CLIENTS)
        following->people.on_its_way = false;
}

/* ---- the connection ---- */

static void lose(struct following *following, int64_t now_ns)
{
    following->gone_ns = now_ns;
    following->try_ns = now_ns + TRY_NS;
    following->board.changed = true;
}

static void take_messages(struct following *following, int64_t now_ns)
{
    for (int i = 0; i < MESSAGES_A_TURN; i++) {
        const char *line;
        int code = trimtab_client_next(following->watch->session.client, &line, 0);
        if (code == TRIMTAB_CLIENT_TIMEOUT)
            return;
        if (code < 0) {
            lose(following, now_ns);
            return;
        }
        take_reply(following, board_take(&following->board, line));
    }
}

static json_t *subscription(const struct following *following)
{
    return subscribe_request(BOARD_TOPICS, &following->watch->series, BOARD_RATE);
}

/* The server may be another one by now, which tells the state as of now. */
static void try_again(struct following *following, int64_t now_ns)
{
    struct session *session = &following->watch->session;
    if (now_ns < following->try_ns)
        return;
    following->try_ns = now_ns + TRY_NS;
    following->board.changed = true; /* the banner counts */
    int code = session_reopen(session, QUICK_SECONDS);
    following->refused = code == TRIMTAB_CLIENT_REFUSED;
    if (code < 0 || session_try(session, subscription(following), QUICK_SECONDS) < 0 ||
        !json_object_get(session->reply, "result"))
        return;
    following->gone_ns = 0;
    following->status = (struct asking){.code = CODE_STATUS};
    following->people = (struct asking){.code = CODE_CLIENTS};
}

static bool is_silent(const struct following *following, int64_t now_ns)
{
    return following->status.on_its_way && now_ns - following->status.asked_ns > SILENT_NS;
}

/* ---- the picture ---- */

static void print_banner(const struct following *following, int64_t now_ns, struct buf *banner)
{
    const char *state = following->board.newest.state;
    bool has_ended = print_state_is_end(state);
    if (following->gone_ns == 0 && is_silent(following, now_ns))
        buf_text(banner, "the server does not answer; what stands here may be old");
    if (following->gone_ns == 0)
        return;
    buf_text(banner, following->refused ? "the server does not take the token any more"
                     : has_ended        ? "the run has ended, and its server too"
                                        : "nobody serves the run");
    buf_text(banner, "; what stands here is from ");
    print_duration(banner, (double)((now_ns - following->gone_ns) / 1000000000));
    buf_text(banner, " ago; looking for a server (q ends this)");
}

static void draw(struct following *following, int64_t now_ns)
{
    struct buf frame = {0}, banner = {0};
    if (!following->board.changed || now_ns < following->frame_ns || following->screen.owed.size > 0)
        return;
    terminal_measure(&following->terminal, following->screen.fd);
    print_banner(following, now_ns, &banner);
    dashboard_frame(&following->board, buf_string(&banner), &following->terminal, &frame);
    screen_show(&following->screen, &frame);
    following->board.changed = false;
    following->frame_ns = now_ns + FRAME_NS;
    buf_finish(&frame);
    buf_finish(&banner);
}

/* ---- the loop ---- */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int wait_ms(const struct following *following, int64_t now_ns)
{
    int64_t wake_ns = least(following->watch->end_ns, now_ns + ASK_SOON_NS);
    if (following->board.changed && following->screen.owed.size == 0)
        wake_ns = least(wake_ns, following->frame_ns);
    return wake_ns <= now_ns ? 0 : (int)((wake_ns - now_ns) / 1000000 + 1);
}

static void follow(struct following *following)
{
    for (enum screen_event event = SCREEN_AGAIN; event != SCREEN_END;) {
        int64_t now_ns = clock_monotonic_ns();
        if (now_ns >= following->watch->end_ns)
            return;
        if (following->gone_ns != 0)
            try_again(following, now_ns);
        if (following->gone_ns == 0)
            take_messages(following, now_ns);
        if (following->gone_ns == 0)
            ask_all(following, now_ns);
        following->board.changed |= event == SCREEN_AGAIN || is_silent(following, now_ns);
        draw(following, now_ns);
        int fd = following->gone_ns == 0 ? trimtab_client_fd(following->watch->session.client) : -1;
        event = screen_wait(&following->screen, fd, wait_ms(following, now_ns));
    }
}

static void say_last(const struct following *following)
{
    struct buf line = {0};
    board_last_line(&following->board, &line);
    say_out(&line);
    buf_finish(&line);
}

int watch_board(struct watch *watch)
{
    struct following following = {.watch = watch, .terminal = watch->session.terminal};
    following.status.code = CODE_STATUS;
    following.people.code = CODE_CLIENTS;
    int status = session_ask(&watch->session, subscription(&following), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    if (screen_enter(&following.screen)) {
        follow(&following);
        screen_leave(&following.screen);
        say_last(&following);
    } else {
        say_wrong("the terminal cannot be drawn on: %s; --plain prints lines", strerror(errno));
        status = CLI_REFUSED;
    }
    board_finish(&following.board);
    return status;
}
