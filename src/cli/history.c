#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/folder.h"
#include "cli/offline.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "store/store.h"

enum { OVERVIEW_POINTS = 40, HISTORY_POINTS_MOST = 4096 };

struct history {
    struct session session;
    const char *from, *to, *beside;
    bool by_time;
    struct args_integer points;
    struct store_history_ask ask;
};

/* ---- what is asked ---- */

/* Seconds since the epoch, or a local date or time as people write it. */
static bool read_time(const char *text, int64_t *us)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M",
                                          "%Y-%m-%d",          "%H:%M:%S",          "%H:%M"};
    char *end;
    double seconds = strtod(text, &end);
    *us = seconds > -9e9 && seconds < 9e9 ? (int64_t)(seconds * 1e6 + (seconds < 0 ? -0.5 : 0.5)) : 0;
    if (*text && !*end && seconds > -9e9 && seconds < 9e9)
        return true;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        time_t now = time(NULL);
        struct tm local;
        localtime_r(&now, &local);
        local.tm_hour = local.tm_min = local.tm_sec = 0;
        local.tm_isdst = -1;
        const char *rest = strptime(text, formats[i], &local);
        if (!rest || *rest)
            continue;
        *us = (int64_t)mktime(&local) * 1000000;
        return true;
    }
    return false;
}

static int take_end(const struct history *history, const char *name, const char *text, bool *given, int64_t *end)
{
    *given = text != NULL;
    if (!text)
        return CLI_DONE;
    if (history->by_time ? read_time(text, end) : args_read_integer(text, end))
        return CLI_DONE;
    if (history->by_time)
        say_wrong("--%s takes with --time seconds since the epoch, \"YYYY-MM-DD HH:MM:SS\" or HH:MM, not `%.100s`",
                  name, text);
    else
        say_wrong("--%s takes a step, a whole number, not `%.100s`; for times add --time", name, text);
    return CLI_USAGE;
}

static int take_range(struct history *history)
{
    struct store_history_ask *ask = &history->ask;
    ask->by_time = history->by_time;
    int status = take_end(history, "from", history->from, &ask->has_from, &ask->from);
    if (status == CLI_DONE)
        status = take_end(history, "to", history->to, &ask->has_to, &ask->to);
    if (status == CLI_DONE && ask->has_from && ask->has_to && ask->from > ask->to) {
        say_wrong("--from %s lies behind --to %s", history->from, history->to);
        return CLI_USAGE;
    }
    return status;
}

static int take_points(struct history *history)
{
    bool overview = !session_is_json(&history->session);
    if (!history->points.given)
        history->points.value = overview ? OVERVIEW_POINTS : LIMIT_HISTORY_POINTS_DEFAULT;
    history->ask.points = (unsigned)history->points.value;
    if (history->points.value >= 1 && history->points.value <= HISTORY_POINTS_MOST)
        return CLI_DONE;
    say_wrong("--points takes a number from 1 to %d", HISTORY_POINTS_MOST);
    return CLI_USAGE;
}

/* ---- from the server ---- */

static void add_end(json_t *request, enum arg arg, bool given, const struct history *history, int64_t end)
{
    if (given)
        json_object_set_new(request, protocol_arg_name(arg),
                            history->by_time ? json_real((double)end / 1e6) : json_integer(end));
}

static json_t *request_of(const struct history *history)
{
    const struct store_history_ask *ask = &history->ask;
    json_t *request = session_request(CODE_HISTORY), *series = json_array();
    for (size_t i = 0; i < ask->globs_count; i++)
        json_array_append_new(series, json_string(ask->globs[i]));
    json_object_set_new(request, protocol_arg_name(ARG_SERIES), series);
    json_object_set_new(request, protocol_arg_name(ARG_AXIS), json_string(history->by_time ? "time" : "step"));
    json_object_set_new(request, protocol_arg_name(ARG_POINTS), json_integer(ask->points));
    add_end(request, ARG_FROM, ask->has_from, history, ask->from);
    add_end(request, ARG_TO, ask->has_to, history, ask->to);
    if (history->beside)
        json_object_set_new(request, protocol_arg_name(ARG_RUN), json_string(history->beside));
    return request;
}

/* ---- from the folder ---- */

static int read_folder(const struct history *history, const struct folder *folder, struct buf *out, struct err *err)
{
    struct store_reader *reader;
    if (history->beside)
        return store_history_beside(folder->path, history->beside, &history->ask, out, err);
    int code = store_reader_open(&reader, folder->path, !folder->is_local, err);
    if (code < 0)
        return code;
    code = store_history(reader, &history->ask, out, err);
    store_reader_close(reader);
    return code;
}

/* As the server would have answered. */
static int read_reply(const struct history *history, struct buf *line)
{
    const char *path = history->session.path;
    struct folder folder;
    struct err err = {0};
    if (folder_open(&folder, path, true, &err) < 0) {
        say_wrong("%s", err.text);
        return CLI_NO_SERVER;
    }
    buf_printf(line, "{\"code\":%d,\"result\":", CODE_HISTORY);
    int code = read_folder(history, &folder, line, &err);
    buf_char(line, '}');
    folder_close(&folder);
    if (code == 0)
        return CLI_DONE;
    say_wrong("%s", err.text);
    return code == ERR_SYSTEM || code == ERR_BUSY ? CLI_NO_SERVER : CLI_REFUSED;
}

static int once_offline(struct history *history, print_reply_fn *print)
{
    struct session *session = &history->session;
    struct buf line = {0};
    int status = read_reply(history, &line);
    session->json = session_is_json(session);
    session->line = buf_string(&line);
    session->reply = status == CLI_DONE ? json_loads(session->line, JSON_ALLOW_NUL, NULL) : NULL;
    if (status == CLI_DONE)
        status = session_show(session, print);
    session_close(session);
    buf_finish(&line);
    return status;
}

/* ---- the verb ---- */

static int is_served(void *context, const char *path)
{
    (void)context;
    return offline_is_served(path);
}

/* An ended run needs no server: its folder tells. */
static int choose(struct history *history, bool *offline)
{
    struct session *session = &history->session;
    int status = session->address ? CLI_DONE : session_find(session);
    bool named = *session->path;
    *offline = !session->address && (named ? !offline_is_served(session->path) : !folder_each_known(is_served, NULL));
    return status == CLI_DONE && *offline ? offline_choose(session) : status;
}

static int show(struct history *history)
{
    bool offline;
    print_reply_fn *print = history->points.given ? print_history_rows : print_history;
    int status = take_range(history);
    if (status == CLI_DONE)
        status = take_points(history);
    if (status == CLI_DONE)
        status = choose(history, &offline);
    if (status != CLI_DONE)
        return status;
    return offline ? once_offline(history, print)
                   : session_once(&history->session, request_of(history), SESSION_REPLY_SECONDS, print);
}

int verb_history(int argc, char **argv)
{
    struct history history = {0};
    struct args args;
    const struct args_option options[] = {
        {"from", ARGS_TEXT, &history.from, "S", "from this step on; with --time from this time on"},
        {"to", ARGS_TEXT, &history.to, "S", "up to this step, or time, with it"},
        {"time", ARGS_FLAG, &history.by_time, NULL, "by time: seconds since the epoch, \"2026-11-22 10:15:00\", 10:15"},
        {"points", ARGS_INTEGER, &history.points, "N", "so many rows a series at most (1000; at most 4096)"},
        {"beside", ARGS_TEXT, &history.beside, "NAME", "of the run in this folder beside it (`trimtab runs`)"},
    };
    const struct args_spec spec = {
        .verb = "history",
        .operands = "SERIES...",
        .details =
            "SERIES is a name, or a pattern as 'train/*'. On a terminal a row a series; with --points what it was "
            "made\n"
            "of: the points themselves, or as many folds of them, which leave out no extreme. What a restore has made\n"
            "undone counts too, but not in the small curve. A run without a server is read in its folder.\n\n"
            "Examples: trimtab history '*'\n"
            "          trimtab history train/loss --from 40000 --points 20\n"
            "          trimtab history val/loss --time --from 10:15 --json\n\n" SESSION_EXIT_CODES,
        .least = 1,
        .most = LIMIT_HISTORY_SERIES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(&history.session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    history.ask.globs = (const char *const *)args.operand;
    history.ask.globs_count = args.count;
    return show(&history);
}
