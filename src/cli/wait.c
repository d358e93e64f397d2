#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder.h"
#include "cli/condition.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/subscribe.h"
#include "cli/tree.h"
#include "cli/verbs.h"
#include "store/summary.h"

#define TOPICS "run,scalars,declarations"
#define SECOND_NS INT64_C(1000000000)
#define GONE_NS (30 * SECOND_NS)
#define ENDED_NS (2 * SECOND_NS) /* from the news of the end until nothing more is expected */
#define TRY_SECONDS 0.5
#define QUICK_SECONDS 2.0

struct waiting {
    struct session session;
    struct args_texts series;
    struct condition condition;
    enum verdict verdict;
    bool json;        /* asked for: a pipe gets the sentence too */
    bool refused;     /* the token is not taken any more */
    int64_t end_ns;   /* of --for */
    int64_t gone_ns;  /* since when nobody serves; 0: somebody does */
    int64_t ended_ns; /* since when it is known that the run has ended; 0: it has not */
};

/* ---- while it is served ---- */

static void take_message(struct waiting *waiting, const char *line, int64_t now_ns)
{
    json_t *event = json_loads(line, JSON_ALLOW_NUL, NULL);
    waiting->verdict = condition_take(&waiting->condition, event);
    if (!waiting->condition.ended)
        waiting->ended_ns = 0;
    else if (waiting->ended_ns == 0)
        waiting->ended_ns = now_ns;
    json_decref(event);
}

static double seconds_until(const struct waiting *waiting, double most, int64_t now_ns)
{
    return fmin(most, (double)(waiting->end_ns - now_ns) / 1e9);
}

static void take_next(struct waiting *waiting, int64_t now_ns)
{
    const char *line;
    int code = trimtab_client_next(waiting->session.client, &line, seconds_until(waiting, TRY_SECONDS, now_ns));
    bool all_told = waiting->ended_ns != 0 && now_ns > waiting->ended_ns + ENDED_NS;
    if (code == TRIMTAB_CLIENT_OK)
        take_message(waiting, line, now_ns);
    else if (code != TRIMTAB_CLIENT_TIMEOUT)
        waiting->gone_ns = now_ns;
    if (all_told && waiting->verdict == VERDICT_OPEN)
        waiting->verdict = condition_give_up(&waiting->condition);
}

static json_t *subscription(const struct waiting *waiting)
{
    return subscribe_request(TOPICS, &waiting->series, NULL);
}

static void know_name(struct waiting *waiting)
{
    const json_t *run = json_object_get(json_object_get(waiting->session.reply, "result"), "run");
    snprintf(waiting->condition.name, sizeof waiting->condition.name, "%s", field_text(run, "name"));
    if (!*waiting->session.path) /* of an address: it is on this host */
        snprintf(waiting->session.path, sizeof waiting->session.path, "%s", field_text(run, "folder"));
}

/* ---- while it is not ---- */

static int is_one(void *context, const char *name)
{
    (void)context;
    return *name != '.';
}

/* Is there a journal of what the trainer said last, which no server has read to its end? */
static bool is_unread(const char *path)
{
    struct folder folder;
    if (folder_open(&folder, path, true, NULL) < 0)
        return false;
    int fd = openat(folder.local_fd, "journal/0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool unread = fd >= 0 && tree_each(fd, is_one, NULL, NULL) > 0;
    if (fd >= 0)
        close(fd);
    folder_close(&folder);
    return unread;
}

/* Where nobody is left, the folder knows how it ended; but not whether a run is lost of which something is unread. */
static void look_into_folder(struct waiting *waiting)
{
    struct buf text = {0};
    if (store_summary(waiting->session.path, &text, NULL) < 0)
        return;
    json_t *run = json_loads(buf_string(&text), JSON_ALLOW_NUL, NULL);
    bool is_lost = strcmp(field_text(run, "state"), "lost") == 0;
    if (json_is_false(json_object_get(run, "live")) && !(is_lost && is_unread(waiting->session.path)))
        waiting->verdict = condition_take_summary(&waiting->condition, run);
    else if (json_is_true(json_object_get(run, "live")))
        waiting->gone_ns = clock_monotonic_ns(); /* somebody trains it, or begins to serve it */
    json_decref(run);
    buf_finish(&text);
}

static void try_again(struct waiting *waiting, int64_t now_ns)
{
    struct session *session = &waiting->session;
    int code = session_reopen(session, QUICK_SECONDS);
    bool open = code == TRIMTAB_CLIENT_OK;
    waiting->refused = code == TRIMTAB_CLIENT_REFUSED;
    if (open && session_try(session, session_request(CODE_STATUS), QUICK_SECONDS) == TRIMTAB_CLIENT_OK) {
        know_name(waiting);
        if (session_try(session, subscription(waiting), QUICK_SECONDS) == TRIMTAB_CLIENT_OK &&
            json_object_get(session->reply, "result")) {
            waiting->gone_ns = waiting->ended_ns = 0;
            return;
        }
    }
    if (!open && *session->path)
        look_into_folder(waiting);
    if (waiting->verdict == VERDICT_OPEN)
        usleep((useconds_t)(1e6 * fmax(0, seconds_until(waiting, TRY_SECONDS, now_ns))));
}

/* ---- the whole ---- */

static int say_verdict(const struct waiting *waiting)
{
    struct buf out = {0};
    struct condition condition = waiting->condition;
    bool is_true = waiting->verdict == VERDICT_TRUE;
    if (waiting->json)
        print_value(&out, condition.told);
    else if (is_true)
        print_text(&out, buf_string(&condition.text));
    buf_text(&out, out.size > 0 ? "\n" : "");
    say_out(&out);
    buf_finish(&out);
    if (!is_true)
        say_wrong("%s", buf_string(&condition.text));
    return is_true ? CLI_DONE : CLI_REFUSED;
}

static int wait_for_it(struct waiting *waiting)
{
    while (waiting->verdict == VERDICT_OPEN) {
        int64_t now_ns = clock_monotonic_ns();
        bool gone = waiting->gone_ns != 0;
        if (waiting->refused)
            return session_refused(&waiting->session);
        if (now_ns >= waiting->end_ns || (gone && now_ns > waiting->gone_ns + GONE_NS)) {
            say_wrong(!gone                       ? "the time is over, and what is waited for did not come"
                      : now_ns >= waiting->end_ns ? "the time is over, and nobody serves the run"
                                                  : "nobody has served the run for 30 seconds, and nobody trains it");
            return gone ? CLI_NO_SERVER : CLI_TIME_OVER;
        }
        if (gone)
            try_again(waiting, now_ns);
        else
            take_next(waiting, now_ns);
    }
    return say_verdict(waiting);
}

/* A run of which the folder is there is waited for though nobody serves it now. */
static int begin(struct waiting *waiting)
{
    struct session *session = &waiting->session;
    struct folder folder;
    int status = session_take_token(session);
    if (status == CLI_DONE && !session->address)
        status = session_find(session);
    if (status != CLI_DONE)
        return status;
    if (*session->path && folder_open(&folder, session->path, true, NULL) == 0) {
        folder_close(&folder);
        session->client = trimtab_client_create();
        waiting->gone_ns = clock_monotonic_ns();
        return CLI_DONE;
    }
    status = session_open(session);
    if (status == CLI_DONE)
        status = session_ask(session, session_request(CODE_STATUS), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    know_name(waiting);
    return session_ask(session, subscription(waiting), SESSION_REPLY_SECONDS);
}

static int check(const struct condition *condition)
{
    struct buf why = {0};
    bool ok = condition_check(condition, &why);
    if (!ok)
        say_wrong("%s", buf_string(&why));
    buf_finish(&why);
    return ok ? CLI_DONE : CLI_USAGE;
}

int verb_wait(int argc, char **argv)
{
    struct waiting waiting = {.end_ns = INT64_MAX};
    struct condition *condition = &waiting.condition;
    struct args args;
    struct args_seconds seconds = {0};
    const struct args_option options[] = {
        {"state", ARGS_TEXTS, &condition->states, "STATE",
         "the run is waiting, running, paused, stopping, finished or lost; may be repeated"},
        {"step", ARGS_INTEGER, &condition->step, "N", "it has come to step N"},
        {"nonfinite", ARGS_FLAG, &condition->nonfinite, NULL, "a value is NaN or infinite"},
        {"series", ARGS_TEXTS, &waiting.series, "GLOB", "of these series only, as in train/*; may be repeated"},
        {"for", ARGS_SECONDS, &seconds, "SECONDS", "no longer than this"},
    };
    const struct args_spec spec = {
        .verb = "wait",
        .operands = "",
        .details =
            "Waits until any of what is given is true (it may be so already) and prints one line that says which.\n"
            "A server that goes is waited for while the trainer lives; a run that has ended needs none.\n\n"
            "Examples: trimtab wait --state finished --state lost | mail -s training anna\n"
            "          trimtab wait --nonfinite --series 'train/*' && trimtab pause --reason NaN\n"
            "          trimtab wait --step 5000 --for 3600 --json\n\n"
            "Without --run and --connect: the run of $TRIMTAB_RUN, else the only one trained, or live.\n"
            "Exit status: 0 it became true, 1 it cannot any more: the run has ended (or refused), 2 wrong usage,\n"
            "3 no server for 30 seconds (or when the time was over), and nobody trains; 4 the time of --for is "
            "over.\n",
        .groups = {{options, sizeof options / sizeof *options}, session_options(&waiting.session)},
    };
    condition->series = &waiting.series;
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    waiting.json = waiting.session.json;
    if (seconds.given && seconds.value < 1e9)
        waiting.end_ns = clock_monotonic_ns() + (int64_t)(seconds.value * 1e9);
    status = check(condition);
    if (status == CLI_DONE)
        status = begin(&waiting);
    if (status == CLI_DONE)
        status = wait_for_it(&waiting);
    session_close(&waiting.session);
    condition_finish(condition);
    return status;
}
