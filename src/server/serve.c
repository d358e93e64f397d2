/* serve.c: builds the server, runs the loop, takes it down. */
#include "server/serve.h"

#include <fcntl.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/unix_socket.h"
#include "server/server.h"
#include "server/tell.h"
#include "wire/request.h"

enum { DESCRIPTORS_SPARED = 48, NICE = 10 };

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *server = handle->data;
    if (number == SIGHUP && (server->has_terminal || !server->child.started))
        return; /* the terminal is gone; the run is not */
    if (server->child.started) {
        child_signal(server, number);
        return;
    }
    if (number == SIGINT)
        attach_dismiss(server); /* a person at the terminal has done with it */
    turn_begin_end(server);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer; /* it wakes the loop; the check callback does the work */
}

/* Of status: what becomes of the points. */
static void name_history(struct run *run, const struct lanes *lanes)
{
    const struct store_commit *commit = &lanes->commit;
    char *history = run->history;
    const size_t size = sizeof run->history;
    if (lanes->status == ERR_FULL)
        snprintf(history, size, "waiting (disk full)");
    else if (lanes->status == ERR_BUSY)
        snprintf(history, size, "waiting (locked by another process)");
    else if (lanes->status < 0)
        snprintf(history, size, "waiting (%.80s)", lanes->err.text);
    else if (commit->rebuild_total)
        snprintf(history, size, "rebuilding (%.0f %%)",
                 floor(100 * (double)commit->rebuilt / (double)commit->rebuild_total));
    else
        snprintf(history, size, "stored");
}

/* The store answered: from the loop's thread. */
static void on_committed(void *owner, bool ok)
{
    struct server *server = owner;
    name_history(&server->run, &server->lanes);
    tickets_stored(server, ok);
    say_stored(server, ok);
}

static void on_said(void *context, uint64_t number, uint32_t level, struct text text, const char *by, int64_t step,
                    int64_t time_ns)
{
    struct server *server = context;
    run_said(&server->run, number, level, text, by, step, time_ns);
}

/* A stored record; checkpoints and last points are news to the run, the rest are declarations. */
static void on_replay(void *context, const struct record *record)
{
    struct server *server = context;
    struct record copy = *record;
    copy.replayed = false;
    if (record->kind == RECORD_CONFIG &&
        !json_is_sound(record->config.json.data, record->config.json.size, SIZE_MAX, true))
        return;
    run_take(&server->run, &copy);
}

static int refuse_served(const struct server *server, const struct holder *other, struct err *err)
{
    return err_set(err, ERR_BUSY, "%s is served already by process %d; watch it with: trimtab status --run %s",
                   server->folder.path, (int)other->pid, server->folder.path);
}

static int open_folder_read_only(struct server *server, struct err *err)
{
    struct holder other = {0};
    if (folder_open(&server->folder, server->options->run, true, err) < 0)
        return err->code;
    lock_look(server->folder.run_fd, "lock", &other, NULL);
    return other.pid != 0 ? refuse_served(server, &other, err) : 0;
}

static int open_folder(struct server *server, struct err *err)
{
    struct holder other = {0};
    if (folder_open(&server->folder, server->options->run, false, err) < 0)
        return err->code;
    server->lock_fd = lock_take(server->folder.run_fd, "lock", &other, err);
    if (server->lock_fd == ERR_BUSY)
        return refuse_served(server, &other, err);
    if (server->lock_fd < 0)
        return err_wrap(err, "%.200s", server->folder.path);
    unlinkat(server->folder.run_fd, "address", 0); /* of a server that was killed */
    server->served = other.pid != 0;
    struct holder self = {.pid = getpid()};
    lock_name(server->lock_fd, &self, NULL);
    server->journal_fd = openat(server->folder.local_fd, "journal/0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (server->journal_fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open %s/journal/0", server->folder.path);
    return 0;
}

static int connect_store(struct server *server, struct store **store, struct err *err)
{
    struct store_options options = {.run = server->folder.path,
                                    .run_fd = server->folder.run_fd,
                                    .journal_fd = server->journal_fd,
                                    .served = server->served,
                                    .exclusive = !server->folder.is_local,
                                    .full_sync = server->options->full_sync};
    char notice[480] = "";
    bool exclusive = options.exclusive && !server->read_only;
    int code = server->read_only ? store_open_read_only(store, server->folder.path, err)
                                 : store_open(store, &options, notice, err);
    if (code < 0)
        return err_wrap(err, "%.200s", server->folder.path);
    lanes_init(&server->lanes, &server->loop, *store, server->folder.path, server->folder.run_fd, exclusive);
    server->lanes.owner = server;
    server->lanes.read_only = server->read_only;
    server->lanes.committed = on_committed;
    server->lanes.asked = carry_out_asked;
    server->lanes.commit.more = store_has_work(*store);
    if (notice[0])
        log_line(LOG_WARNING, "%s", notice);
    return 0;
}

static int open_store(struct server *server, struct err *err)
{
    struct store *store = NULL;
    struct store_begin begin = {0};
    if (connect_store(server, &store, err) < 0)
        return err->code;
    if (store_begin(store, &begin, err) < 0 || store_replay(store, on_replay, server, err) < 0 ||
        store_messages(store, on_said, server, err) < 0 ||
        (!server->read_only && store_pending(store, tickets_adopt, server, err) < 0))
        return err->code;
    for (uint32_t i = 0; i < server->run.series_count; i++)
        server->run.series[i].count = store_series_count(store, i);
    run_forget_ids(&server->run);
    server->tickets.next_number = begin.next_ticket;
    server->sayings.next = begin.next_said;
    server->run.frozen = begin.frozen;
    server->lanes.stored = begin.position;
    server->run.trainer.ordinal = begin.position.ordinal;
    return server->read_only ? 0 : attach_init(server, &begin.position, err);
}

static void base_name(struct server *server)
{
    const char *slash = strrchr(server->folder.path, '/');
    if (!server->run.name)
        server->run.name = strdup(slash ? slash + 1 : server->folder.path);
    server->run.folder = strdup(server->folder.path);
}

static int open_listeners(struct server *server, struct err *err)
{
    const char *listen = server->options->listen ? server->options->listen : "127.0.0.1:7342";
    int fd = listener_bind(listen, !server->options->auth_none, server->options->port_is_a_wish, server->address, err);
    if (fd < 0 || listener_init(&server->tcp, &server->loop, fd, clients_accept, server, err) < 0)
        return err->code;
    if (server->read_only)
        return 0;
    fd = unix_socket_listen(server->folder.local_fd, "sock", 128, err);
    if (fd < 0)
        return err_wrap(err, "%.200s", server->folder.path);
    if (listener_init(&server->local, &server->loop, fd, clients_accept, server, err) < 0)
        return err->code;
    server->has_local = true;
    return 0;
}

static int write_address(struct server *server, struct err *err)
{
    char line[80];
    if (server->read_only)
        return 0;
    int size = snprintf(line, sizeof line, "%s\n", server->address);
    if (file_replace(server->folder.run_fd, "address", 0600, line, (size_t)size, err) < 0)
        return err_wrap(err, "%.200s", server->folder.path);
    return 0;
}

/* Before the command is started: none may find us unprepared. The first three always, the others to pass them on; a
 * batch system announces the end of a job by SIGUSR1 or SIGUSR2. */
static void watch_signals(struct server *server)
{
    static const int numbers[SERVER_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT, SIGTSTP, SIGCONT};
    size_t count = server->options->command ? SERVER_SIGNALS : 3;
    for (; server->signals < count; server->signals++) {
        uv_signal_t *handle = &server->signal[server->signals];
        uv_signal_init(&server->loop, handle);
        handle->data = server;
        uv_signal_start(handle, on_signal, numbers[server->signals]);
    }
}

void serve_forget_signals(struct server *server)
{
    while (server->signals > 0)
        uv_close((uv_handle_t *)&server->signal[--server->signals], NULL);
}

static void start_loop(struct server *server)
{
    uv_timer_init(&server->loop, &server->timer);
    uv_timer_start(&server->timer, on_timer, 1, 10);
    uv_idle_init(&server->loop, &server->again);
    uv_check_init(&server->loop, &server->check);
    server->check.data = server;
    uv_check_start(&server->check, turn);
}

/* As many clients as descriptors allow, with some to spare for the journal, the store and the trainer. */
static void count_descriptors(struct server *server)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        struct rlimit more = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &more) == 0)
            limit = more;
    }
    size_t most = limit.rlim_cur > DESCRIPTORS_SPARED ? limit.rlim_cur - DESCRIPTORS_SPARED : 1;
    server->clients_most = most < LIMIT_CLIENTS ? most : LIMIT_CLIENTS;
}

static void name_user(struct server *server)
{
    const struct passwd *entry = getpwuid(getuid());
    if (entry)
        snprintf(server->login, sizeof server->login, "%s", entry->pw_name);
}

/* The training comes first. (The command was started before: it keeps the priority that it was given.) */
static void be_modest(void)
{
    if (getpriority(PRIO_PROCESS, 0) < NICE)
        setpriority(PRIO_PROCESS, 0, NICE);
}

static bool has_terminal(void)
{
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* A command cannot be recorded in such a folder: it is told so. */
static bool is_read_only(const struct serve_options *options)
{
    return options->read_only || (!options->command && folder_is_unwritable(options->run));
}

static int check_listen(const struct serve_options *options, struct err *err)
{
    int code = listener_check(options->listen, !options->auth_none, err);
    if (code > 0)
        log_line(LOG_WARNING,
                 "%s can be reached from the network, and who listens there can read all, the tokens too; "
                 "127.0.0.1 and ssh -L are safer",
                 options->listen);
    return code;
}

static int build(struct server *server, struct err *err)
{
    /* a wrong address leaves no folder behind */
    if (server->options->listen && check_listen(server->options, err) < 0)
        return err->code;
    server->read_only = is_read_only(server->options);
    if ((server->read_only ? open_folder_read_only(server, err) : open_folder(server, err)) < 0 ||
        authority_init(server, err) < 0 || open_store(server, err) < 0 || open_listeners(server, err) < 0)
        return err->code;
    base_name(server);
    watch_signals(server);
    attach_turn(server); /* whether it has ended is known before anybody asks */
    if (write_address(server, err) < 0 || child_start(server, err) < 0) {
        if (!server->read_only)
            unlinkat(server->folder.run_fd, "address", 0);
        return err->code;
    }
    be_modest();
    start_loop(server);
    return 0;
}

/* Closes what build had opened when it failed; the loop then runs once for the close callbacks. */
static void unbuild(struct server *server)
{
    listener_close(&server->tcp);
    listener_close(&server->local);
    serve_forget_signals(server);
    attach_finish(server);
}

static void finish(struct server *server)
{
    uv_run(&server->loop, UV_RUN_DEFAULT);
    uv_loop_close(&server->loop);
    bool ended = server->stored_all && !server->run.trainer.attached && server->attach.gone_ordinal > 0;
    if (server->lanes.store) {
        lanes_finish(&server->lanes);
        store_close(server->lanes.store, ended);
    }
    child_finish(server);
    output_finish(server);
    say_finish(server);
    tickets_finish(server);
    hub_finish(&server->hub);
    authority_finish(server);
    run_finish(&server->run);
    if (server->journal_fd >= 0)
        close(server->journal_fd);
    if (server->has_local)
        unlinkat(server->folder.local_fd, "sock", 0);
    lock_free(server->lock_fd);
    folder_close(&server->folder);
}

int serve(const struct serve_options *options, struct serve_result *result, struct err *err)
{
    struct server *server = calloc(1, sizeof *server);
    if (!server || uv_loop_init(&server->loop) < 0) {
        free(server);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* past RLIMIT_FSIZE: the write fails, as on a full disk */
    if (options->command)
        log_set(STDERR_FILENO, LOG_WARNING); /* the terminal belongs to the command */
    server->options = options;
    server->journal_fd = server->lock_fd = server->child.output_fd = server->child.terminal_fd = server->output.fd = -1;
    server->folder.run_fd = server->folder.local_fd = -1;
    server->now_ns = clock_real_ns();
    server->mono_ns = clock_monotonic_ns();
    server->began_ns = server->now_ns;
    server->began_mono_ns = server->mono_ns;
    server->idle_since_ns = server->mono_ns;
    count_descriptors(server);
    server->has_terminal = has_terminal();
    name_user(server);
    run_init(&server->run);
    hub_init(&server->hub, (uint64_t)(server->now_ns / 1000));
    int status = build(server, err);
    if (status < 0)
        unbuild(server);
    else if (options->ready)
        options->ready(
            options->context,
            &(struct serve_place){.address = server->address,
                                  .folder = server->folder.path,
                                  .read_only = server->read_only,
                                  .token = server->authority.own_text[0] ? server->authority.own_text : NULL});
    finish(server);
    *result = (struct serve_result){.exit_status = server->child.exit_status};
    free(server);
    return status;
}
