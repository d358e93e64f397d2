#include "cli/background.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/verbs.h"

/* What the server's process keeps of what it inherited: the pipe by which it reports, once. */
#define REPORT_FD 3

struct background {
    const char *run;
    const struct start *start;
    bool json;
    bool logs; /* standard output and error are RUN/server.log */
};

/* ---- the server's process ---- */

/* The status as a byte, then the text; the other side sees the end. */
static void report(int status, const char *text, size_t size)
{
    char byte = (char)status;
    if (file_write_all(REPORT_FD, &byte, 1) == 0)
        file_write_all(REPORT_FD, text, size);
    close(REPORT_FD);
}

static void point_to(int fd, int first, int last)
{
    for (int standard = first; fd >= 0 && standard <= last; standard++)
        dup2(fd, standard);
    if (fd > REPORT_FD)
        close(fd);
}

/* A new run has no folder yet: then again when it is served. */
static void open_log(struct background *background)
{
    char path[PATH_MAX + sizeof "/server.log"];
    snprintf(path, sizeof path, "%s/server.log", background->run);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
    background->logs = fd >= 0;
    point_to(fd, STDOUT_FILENO, STDERR_FILENO);
}

/* A kernel older than 5.9 knows no close_range. */
static void close_one_by_one(int first)
{
    DIR *descriptors = opendir("/proc/self/fd");
    const struct dirent *entry;
    while (descriptors && (entry = readdir(descriptors))) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd >= first && fd != dirfd(descriptors))
            close(fd);
    }
    if (descriptors)
        closedir(descriptors);
}

/* Nothing of whoever started it is held: no session, folder, descriptor or blocked signal. */
static void leave(int report_fd)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (chdir("/") < 0)
        log_line(LOG_WARNING, "the folder in which it was started stays in use");
    dup2(report_fd, REPORT_FD);
    if (close_range(REPORT_FD + 1, ~0U, 0) < 0)
        close_one_by_one(REPORT_FD + 1);
    point_to(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO, STDERR_FILENO);
}

static void tell(void *context, const struct serve_place *place)
{
    struct background *background = context;
    const char *address = place->address, *folder = place->folder;
    struct buf out = {0};
    if (!background->logs && !place->read_only)
        open_log(background);
    log_line(LOG_INFO, "process %d serves %s at %s", (int)getpid(), folder, address);
    if (background->json) {
        json_t *told = json_pack("{s:s, s:s, s:i}", "address", address, "run", folder, "pid", (int)getpid());
        start_add_read_only(told, place);
        print_value(&out, told);
        json_decref(told);
        buf_char(&out, '\n');
    } else {
        buf_printf(&out, "%s serves ", address);
        print_text(&out, folder);
        buf_printf(&out, "%s\nin the background: pid %d; ", place->read_only ? " read-only" : "", (int)getpid());
        print_text(&out, program_invocation_name);
        buf_text(&out, place->read_only ? " shutdown --connect " : " shutdown --run ");
        print_text(&out, place->read_only ? address : folder);
        buf_text(&out, " ends it\n");
        start_print_link(background->start, place, &out);
    }
    report(CLI_DONE, out.data, out.failed ? 0 : out.size);
    buf_finish(&out);
}

static int serve_there(struct start *start, struct serve_options *options, struct background *background)
{
    struct serve_result result;
    struct err err;
    if (!options->read_only)
        open_log(background);
    options->context = background;
    options->ready = tell;
    int status = start_serving(start, options, &result, &err);
    if (status != CLI_DONE) {
        log_line(LOG_ERROR, "process %d: %s", (int)getpid(), err.text);
        report(status, err.text, strlen(err.text));
    }
    return status;
}

/* ---- the process that started it ---- */

static int say_died(pid_t child, const char *run)
{
    int how = 0;
    if (waitpid(child, &how, 0) == child && WIFSIGNALED(how))
        say_wrong("the server was ended by signal %d before it listened; see %s/server.log", WTERMSIG(how), run);
    else
        say_wrong("the server ended before it listened; see %s/server.log", run);
    return CLI_REFUSED;
}

static int hear(int fd, pid_t child, const char *run)
{
    struct buf told = {0};
    ssize_t got = 1;
    while (got != 0 && buf_reserve(&told, PATH_MAX)) {
        got = read(fd, told.data + told.size, told.capacity - told.size);
        if (got < 0 && errno != EINTR)
            break;
        told.size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    int status = told.size > 0 ? told.data[0] : say_died(child, run);
    if (told.size > 0 && status == CLI_DONE)
        file_write_all(STDOUT_FILENO, told.data + 1, told.size - 1); /* it serves, whether anybody reads this or not */
    else if (told.size > 0)
        say_wrong("%s", buf_string(&told) + 1);
    buf_finish(&told);
    return status;
}

/* The server works in another folder. */
static int make_absolute(char path[PATH_MAX])
{
    char relative[PATH_MAX];
    if (path[0] == '/')
        return CLI_DONE;
    memcpy(relative, path, sizeof relative);
    char *here = getcwd(NULL, 0);
    int length = here ? snprintf(path, PATH_MAX, "%s/%s", here, relative) : -1;
    free(here);
    if (length >= 0 && length < PATH_MAX)
        return CLI_DONE;
    say_wrong("the path of the run, from the root on, is too long or cannot be told");
    return CLI_USAGE;
}

int background_serve(struct start *start, struct serve_options *options, bool json)
{
    struct background background = {.run = start->path, .start = start, .json = json};
    int fds[2];
    int status = make_absolute(start->path);
    if (status != CLI_DONE)
        return status;
    signal(SIGPIPE, SIG_IGN);
    pid_t child = pipe2(fds, O_CLOEXEC) < 0 ? -1 : fork();
    if (child < 0) {
        say_wrong("no process for the server: %s", strerror(errno));
        return CLI_REFUSED;
    }
    if (child == 0) {
        leave(fds[1]);
        return serve_there(start, options, &background);
    }
    close(fds[1]);
    status = hear(fds[0], child, start->path);
    if (status == CLI_DONE)
        start_warn(start);
    return status;
}
