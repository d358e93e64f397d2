/* child.c: the command of `trimtab run`. Its output goes to the file RUN/output, never into a pipe that could break
 * under it; from there it is copied to the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/server.h"

enum { COPY_BYTES = 65536, COPIES_A_TURN = 16, ENVIRONMENT_MORE = 3 };

#define BURIAL_NS INT64_C(2000000000)
#define PATIENCE_NS INT64_C(5000000000) /* with a terminal that takes nothing, after the command has ended */

static bool group_is_empty(const struct child *child)
{
    return kill(-child->pid, 0) < 0 && errno == ESRCH;
}

static void on_exit_child(uv_process_t *process, int64_t status, int signal)
{
    struct server *server = process->data;
    server->child.exited = true;
    server->child.gone = group_is_empty(&server->child);
    server->child.exited_ns = server->mono_ns;
    server->child.exit_status = signal ? 128 + signal : (int)status;
    server->attach.next_look_ns = 0;
    uv_close((uv_handle_t *)process, NULL);
}

/* Is it ours to say, or (a token) not the trainer's to know? */
static bool is_left_out(const char *variable)
{
    static const char *const names[] = {"TRIMTAB_RUN=", "TRIMTAB_RESUME=", "TRIMTAB_TOKEN="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(variable, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* The server's own environment with TRIMTAB_RUN and, where the run is to be resumed, TRIMTAB_RESUME; NULL for want of
 * memory. */
static char **environment(const char *variable, bool resume)
{
    extern char **environ;
    size_t count = 0;
    while (environ[count])
        count++;
    char **copy = calloc(count + ENVIRONMENT_MORE, sizeof *copy);
    if (!copy)
        return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_left_out(environ[i]))
            copy[kept++] = environ[i];
    copy[kept++] = (char *)variable;
    if (resume)
        copy[kept] = (char *)"TRIMTAB_RESUME=1";
    return copy;
}

static int spawn(struct server *server, int output, char **environment, struct err *err)
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE}, {.flags = UV_INHERIT_FD, .data.fd = output}, {.flags = UV_INHERIT_FD, .data.fd = output}};
    uv_process_options_t options = {.exit_cb = on_exit_child,
                                    .file = server->options->command[0],
                                    .args = (char **)server->options->command,
                                    .env = environment,
                                    /* a session of its own: Ctrl-C on the terminal is for the server to pass on */
                                    .flags = UV_PROCESS_DETACHED,
                                    .stdio_count = 3,
                                    .stdio = stdio};
    server->child.process.data = server;
    int status = uv_spawn(&server->loop, &server->child.process, &options);
    if (status == 0) {
        server->child.started = true;
        server->child.pid = server->child.process.pid;
        return 0;
    }
    uv_close((uv_handle_t *)&server->child.process, NULL);
    return err_set(err, ERR_MISSING, "cannot start %s: %s", server->options->command[0], uv_strerror(status));
}

/* A terminal or a pipe is opened anew, so that it can be written without waiting and without changing how whoever
 * shares it sees it; a file never makes anybody wait. -1: nowhere. */
static int open_terminal(int fd)
{
    struct stat status;
    char path[64];
    if (fd < 0 || fstat(fd, &status) < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int own = S_ISCHR(status.st_mode) || S_ISFIFO(status.st_mode)
                  ? open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
                  : -1;
    return own >= 0 ? own : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int child_start(struct server *server, struct err *err)
{
    if (!server->options->command)
        return 0;
    int output = openat(server->folder.run_fd, "output", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output < 0)
        return err_errno(err, ERR_SYSTEM, "cannot write %s/output", server->folder.path);
    server->child.output_fd = openat(server->folder.run_fd, "output", O_RDONLY | O_CLOEXEC);
    server->child.copied = lseek(output, 0, SEEK_END);
    server->child.terminal_fd = open_terminal(server->options->terminal_fd);
    struct buf variable;
    buf_init(&variable);
    buf_printf(&variable, "TRIMTAB_RUN=%s", server->folder.path);
    char **variables = environment(buf_string(&variable), server->options->resume);
    int status = variables ? spawn(server, output, variables, err) : err_set(err, ERR_NOMEM, "out of memory");
    free(variables);
    buf_finish(&variable);
    close(output);
    return status;
}

/* Whoever read there has gone (`| head`, a closed window). All is in RUN/output. */
static void forget_terminal(struct child *child)
{
    close(child->terminal_fd);
    child->terminal_fd = -1;
    child->rest = false;
}

/* One that takes nothing just now (Ctrl-S, a stalled ssh) delays nobody: the rest follows in a later turn. */
static bool copy_some(struct server *server)
{
    static _Thread_local char data[COPY_BYTES];
    struct child *child = &server->child;
    struct pollfd room = {.fd = child->terminal_fd, .events = POLLOUT};
    ssize_t got = pread(child->output_fd, data, sizeof data, child->copied);
    child->rest = got > 0;
    if (got <= 0 || poll(&room, 1, 0) != 1)
        return false;
    if (room.revents & (POLLERR | POLLNVAL)) {
        forget_terminal(child);
        return false;
    }
    if (!(room.revents & POLLOUT))
        return false;
    if (server->options->clear)
        server->options->clear(server->options->context);
    ssize_t put = write(child->terminal_fd, data, (size_t)got);
    if (put > 0)
        child->copied += put;
    else if (put < 0 && (errno == EPIPE || errno == EIO))
        forget_terminal(child);
    return put == got;
}

/* To the command and all that it started: it leads a session of its own. */
static void signal_all(const struct child *child, int signal)
{
    if (kill(-child->pid, signal) < 0 && !child->exited)
        kill(child->pid, signal);
}

static void abort_turn(struct server *server)
{
    struct child *child = &server->child;
    if (!child->kill_ns || child->gone || server->mono_ns < child->kill_ns)
        return;
    child->kill_ns = 0;
    child->killed_ns = server->mono_ns;
    child->abort_signal = SIGKILL;
    signal_all(child, SIGKILL);
}

void child_abort(struct server *server, int64_t grace_ns)
{
    struct child *child = &server->child;
    int64_t kill_ns = server->mono_ns + grace_ns;
    child->abort_signal = SIGTERM;
    if (!child->kill_ns || kill_ns < child->kill_ns) /* a second one does not put off the first */
        child->kill_ns = kill_ns;
    signal_all(child, SIGTERM);
    signal_all(child, SIGCONT); /* one that was stopped hears it too */
    abort_turn(server);
}

void child_turn(struct server *server)
{
    struct child *child = &server->child;
    if (child->exited && !child->gone)
        child->gone = group_is_empty(child);
    abort_turn(server);
    if (child->output_fd < 0 || child->terminal_fd < 0)
        return;
    int64_t before = child->copied;
    for (int i = 0; i < COPIES_A_TURN && child->terminal_fd >= 0 && copy_some(server); i++)
        ;
    if (child->copied != before)
        child->copied_ns = server->mono_ns;
}

/* A shell goes at SIGTERM, the training that it started perhaps not: it has until SIGKILL. After that only what nobody
 * has buried yet can be left. */
bool child_has_ended(const struct server *server)
{
    const struct child *child = &server->child;
    bool killed = child->killed_ns && server->mono_ns - child->killed_ns > BURIAL_NS;
    return child->gone || (child->exited && killed);
}

bool child_has_more(const struct server *server)
{
    const struct child *child = &server->child;
    int64_t since = child->copied_ns > child->exited_ns ? child->copied_ns : child->exited_ns;
    return child->rest && server->mono_ns - since < PATIENCE_NS;
}

/* Ctrl-Z on the terminal stops both; an orphaned process group can be stopped by SIGSTOP alone. */
static void hold(const struct child *child)
{
    signal_all(child, SIGSTOP);
    raise(SIGSTOP);
}

void child_signal(struct server *server, int signal)
{
    struct child *child = &server->child;
    bool first = signal == SIGINT && child->interrupts++ == 0;
    if (signal == SIGUSR1 || signal == SIGUSR2) {
        if (!child->exited)
            kill(child->pid, signal); /* what it started itself may know nothing of it */
    } else if (signal == SIGTSTP) {
        hold(child);
    } else if (signal == SIGCONT) {
        signal_all(child, signal);
    } else if (child->exited) {
        turn_begin_end(server);
    } else if (first && server->run.trainer.attached) {
        tickets_internal(server, CODE_STOP, "Ctrl-C");
    } else {
        signal_all(child, signal);
    }
}

void child_close(struct server *server)
{
    if (server->child.started && !server->child.exited)
        uv_close((uv_handle_t *)&server->child.process, NULL);
}

void child_finish(struct server *server)
{
    if (server->child.output_fd >= 0)
        close(server->child.output_fd);
    if (server->child.terminal_fd >= 0)
        close(server->child.terminal_fd);
    server->child.output_fd = server->child.terminal_fd = -1;
}
