/* turn.c: what happens in each turn of the loop, in this order: connections that are ready -> dispatch -> journal ->
 * tickets -> broadcast -> lanes; and how the server ends. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/http.h"
#include "server/tell.h"

enum {
    BUSY_MS = LIMIT_TICK_LEAST_MS,
    IDLE_MS = 100,
    CATCH_UP_MS = 1,
    RECORDS_NS = 1000000000, /* after the last record the journal is looked at often for so long */
    COMMIT_NS = 100000000
};

#define SECONDS(n) ((n)*INT64_C(1000000000))

/* ---- the tick ---- */

/* Fan-out takes at most a tenth of a core: the next tick is ten times as far away as this one took. A log that is about
 * to lose what was not told yet does not wait. */
static void flush_tick(struct server *server)
{
    bool due = server->mono_ns >= server->next_flush_ns && hub_is_due(&server->hub, server->mono_ns);
    if (!due && !hub_pressed(&server->hub))
        return;
    int64_t begin = clock_cpu_ns();
    clients_tick(server);
    int64_t pause = 10 * (clock_cpu_ns() - begin);
    int64_t least = LIMIT_TICK_LEAST_MS * INT64_C(1000000), most = LIMIT_TICK_MOST_MS * INT64_C(1000000);
    server->next_flush_ns = server->mono_ns + (pause < least ? least : pause > most ? most : pause);
}

static void show_progress(struct server *server)
{
    const struct run *run = &server->run;
    struct serve_progress progress = {.state = run_state_name(run->state),
                                      .step = run->step_known ? run->step : -1,
                                      .total = run->trainer.total_steps,
                                      .steps_per_second = run->steps_per_second,
                                      .eta = run_eta(run)};
    for (uint32_t i = 0; i < run->series_count && !progress.series; i++)
        if (run->series[i].logged) {
            progress.series = run->series[i].name;
            progress.value = run->series[i].value;
        }
    server->options->progress(server->options->context, &progress);
}

/* A run whose folder was removed is over for the server, too. */
static void end_when_removed(struct server *server)
{
    struct stat folder;
    if (server->phase != SERVER_RUNNING || server->child.started || fstat(server->folder.run_fd, &folder) < 0 ||
        folder.st_nlink > 0)
        return;
    log_line(LOG_WARNING, "%s was removed: the server ends", server->folder.path);
    turn_begin_end(server);
}

/* Once a second: progress to whoever follows the run, and to the terminal. */
static void every_second(struct server *server)
{
    if (server->mono_ns < server->next_progress_ns)
        return;
    if (server->run.step_known && server->run.step != server->told_step)
        tell_run(server);
    server->next_progress_ns = server->mono_ns + SECONDS(1);
    end_when_removed(server);
    if (server->options->progress && server->phase == SERVER_RUNNING)
        show_progress(server);
    if (server->mono_ns >= server->next_sign_ns) {
        server->next_sign_ns = server->mono_ns + SECONDS(10);
        follow_sign_of_life(server);
    }
    /* whoever no event reaches is looked at here: replies not read, connections that have ended */
    clients_look(server);
}

/* ---- the store ---- */

static bool journal_is_ahead(const struct server *server)
{
    if (server->read_only)
        return false;
    struct journal_position live = journal_reader_position(server->attach.reader);
    return journal_position_compare(&live, &server->lanes.stored) > 0;
}

static void commit(struct server *server, bool finish)
{
    if (server->read_only)
        return;
    struct journal_position live = journal_reader_position(server->attach.reader);
    lanes_commit(&server->lanes, server->attach.gone_ordinal, &live, finish, server->mono_ns);
}

static bool outcome_waits(const struct server *server)
{
    for (size_t i = 0; i < server->tickets.count; i++)
        if (server->tickets.live[i]->phase == TICKET_JUDGED)
            return true;
    return false;
}

static void commit_if_due(struct server *server)
{
    struct lanes *lanes = &server->lanes;
    if (lanes->writing || server->mono_ns < lanes->retry_ns || server->phase >= SERVER_STORING)
        return;
    bool at_once = lanes->rows_count > 0 || outcome_waits(server) || lanes->commit.more;
    bool in_time = journal_is_ahead(server) && server->mono_ns - lanes->last_start_ns >= COMMIT_NS;
    if (at_once || in_time || lanes_failing(lanes))
        commit(server, false);
}

/* ---- the end ---- */

static void next_phase(struct server *server, enum server_phase phase, int64_t most_ns)
{
    server->phase = phase;
    server->phase_until_ns = server->mono_ns + most_ns;
}

void turn_begin_end(struct server *server)
{
    if (server->phase != SERVER_RUNNING)
        return;
    if (!server->read_only)
        unlinkat(server->folder.run_fd, "address", 0);
    listener_close(&server->tcp);
    if (server->has_local)
        listener_close(&server->local);
    tickets_end(server);
    lanes_refuse(&server->lanes);
    next_phase(server, SERVER_DRAINING, SECONDS(5));
}

static void close_clients(struct server *server)
{
    for (struct client *client = server->clients; client; client = client->next) {
        follow_end(client);
        if (client->transport == TRANSPORT_WEBSOCKET)
            socket_close(client, 1001, "the server ends");
        else
            client_drain(client);
        client_make_ready(client);
    }
}

static void close_handles(struct server *server)
{
    uv_close((uv_handle_t *)&server->timer, NULL);
    uv_close((uv_handle_t *)&server->check, NULL);
    uv_close((uv_handle_t *)&server->again, NULL);
    child_close(server);
    serve_forget_signals(server);
    attach_finish(server);
}

static void end_turn(struct server *server)
{
    bool late = server->mono_ns >= server->phase_until_ns;
    switch (server->phase) {
    case SERVER_RUNNING:
        break;
    case SERVER_DRAINING:
        if (!late && (tickets_waiting_to_be_told(server) || say_is_waiting(server) || server->lanes.writing))
            break;
        if (server->lanes.writing)
            break; /* one commit at a time; it ends by itself */
        commit(server, true);
        next_phase(server, SERVER_STORING, SECONDS(60));
        break;
    case SERVER_STORING:
        if (!lanes_idle(&server->lanes))
            break;
        server->stored_all = !lanes_failing(&server->lanes);
        if (!server->stored_all)
            log_line(LOG_ERROR, "the history could not be written to its end: %s; the journal keeps the rest",
                     server->lanes.err.text);
        tickets_turn(server);
        for (size_t i = 0; i < server->tickets.count; i++)
            tell_end(server, server->tickets.live[i]);
        clients_flush(server);
        close_clients(server);
        next_phase(server, SERVER_CLOSING, SECONDS(2));
        break;
    case SERVER_CLOSING:
        clients_flush(server);
        if (server->clients && !late)
            break;
        while (server->clients) {
            server->clients->conn.broken = true;
            client_make_ready(server->clients);
            clients_turn(server);
        }
        close_handles(server);
        server->phase = SERVER_CLOSED;
        break;
    case SERVER_CLOSED:
        break;
    }
}

/* A run with a command ends when the command has, and its trainer's last word is in and told. Where it cannot be told
 * because run.db cannot be written, the end does not wait for ever. */
static void end_with_command(struct server *server)
{
    const struct attach *attach = &server->attach;
    if (!server->child.exited || server->phase != SERVER_RUNNING || attach->mailbox.map || child_has_more(server))
        return;
    bool late = server->mono_ns - server->child.exited_ns > SECONDS(10);
    bool told = attach->recovered && attach->gone_ordinal == attach->ended_ordinal && server->tickets.count == 0;
    if ((attach->caught_up && told) || (late && lanes_failing(&server->lanes)))
        turn_begin_end(server);
}

/* A server that a trainer started by itself is left behind by nobody: it ends when nothing has happened for long. */
static void end_when_idle(struct server *server)
{
    const struct attach *attach = &server->attach;
    bool busy = attach->mailbox.map || clients_people(server) + server->http_count > 0 || !attach->caught_up ||
                server->tickets.count > 0;
    if (busy)
        server->idle_since_ns = server->mono_ns;
    if (server->options->until_idle <= 0 || busy || lanes_failing(&server->lanes) || journal_is_ahead(server))
        return;
    if ((double)(server->mono_ns - server->idle_since_ns) * 1e-9 >= server->options->until_idle)
        turn_begin_end(server);
}

/* ---- the turn ---- */

static void on_again(uv_idle_t *idle)
{
    (void)idle;
}

static void set_timer(struct server *server)
{
    if (server->phase == SERVER_CLOSED)
        return;
    if (server->ready)
        uv_idle_start(&server->again, on_again);
    else
        uv_idle_stop(&server->again);
    bool busy = server->mono_ns - server->attach.last_record_ns < RECORDS_NS ||
                hub_behind(&server->hub, server->mono_ns) || server->child.rest || server->phase != SERVER_RUNNING;
    bool behind = !server->attach.caught_up && !server->attach.failing;
    uint64_t ms = behind ? CATCH_UP_MS : busy ? BUSY_MS : IDLE_MS;
    if (ms == server->timer_ms)
        return;
    server->timer_ms = ms;
    uv_timer_set_repeat(&server->timer, ms);
    uv_timer_again(&server->timer);
}

void turn(uv_check_t *check)
{
    struct server *server = check->data;
    server->now_ns = clock_real_ns();
    server->mono_ns = clock_monotonic_ns();
    server->turns++;
    authority_turn(server);
    clients_turn(server);
    attach_turn(server);
    tickets_turn(server);
    child_turn(server);
    output_turn(server);
    people_turn(server);
    every_second(server);
    flush_tick(server);
    commit_if_due(server);
    end_with_command(server);
    end_when_idle(server);
    end_turn(server);
    /* replies of this turn go out in this turn */
    if (server->phase != SERVER_CLOSED)
        clients_turn(server);
    set_timer(server);
}
