/* child.c: the command of `trimtab run`. Its output goes to the file RUN/output, never into a pipe that could break
 * under it; from there it is copied to the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/server.h"

enum { COPY_BYTES = 4096, COPIES_A_TURN = 16, ENVIRONMENT_MORE = 2 };

static void on_exit_child(uv_process_t *process, int64_t status, int signal)
{
    struct server *server = process->data;
    server->child.exited = true;
    server->child.exit_status = signal ? 128 + signal : (int)status;
    server->attach.next_look_ns = 0;
    uv_close((uv_handle_t *)process, NULL);
}

/* The server's own environment with TRIMTAB_RUN; NULL for want of memory. */
static char **environment(const char *variable)
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
        if (strncmp(environ[i], "TRIMTAB_RUN=", 12) != 0)
            copy[kept++] = environ[i];
    copy[kept] = (char *)variable;
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
        return 0;
    }
    uv_close((uv_handle_t *)&server->child.process, NULL);
    return err_set(err, ERR_MISSING, "cannot start %s: %s", server->options->command[0], uv_strerror(status));
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
    struct buf variable;
    buf_init(&variable);
    buf_printf(&variable, "TRIMTAB_RUN=%s", server->folder.path);
    char **variables = environment(buf_string(&variable));
    int status = variables ? spawn(server, output, variables, err) : err_set(err, ERR_NOMEM, "out of memory");
    free(variables);
    buf_finish(&variable);
    close(output);
    return status;
}

static bool terminal_takes(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLOUT);
}

/* A terminal that takes nothing just now (Ctrl-S) delays nobody: the rest follows in a later turn. */
static bool copy_some(struct server *server)
{
    struct child *child = &server->child;
    char data[COPY_BYTES];
    if (!terminal_takes(server->options->terminal_fd))
        return false;
    ssize_t got = pread(child->output_fd, data, sizeof data, child->copied);
    if (got <= 0)
        return false;
    if (server->options->clear)
        server->options->clear(server->options->context);
    ssize_t put = write(server->options->terminal_fd, data, (size_t)got);
    if (put > 0)
        child->copied += put;
    return put == got;
}

void child_turn(struct server *server)
{
    if (server->child.output_fd < 0 || server->options->terminal_fd < 0)
        return;
    for (int i = 0; i < COPIES_A_TURN && copy_some(server); i++)
        ;
}

void child_interrupt(struct server *server, int signal)
{
    struct child *child = &server->child;
    if (child->exited)
        return;
    bool polite = signal == SIGINT && child->interrupts++ == 0 && server->run.trainer.attached;
    if (polite)
        tickets_internal(server, CODE_STOP, "Ctrl-C");
    else
        uv_process_kill(&child->process, signal);
}

void child_finish(struct server *server)
{
    if (server->child.output_fd >= 0)
        close(server->child.output_fd);
    server->child.output_fd = -1;
}
