#include "trainer/environment.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "trainer/config.h"
#include "trainer/git.h"
#include "trainer/json.h"

#define MORE " ..." /* after a command that is too long */

/* Well-formed UTF-8 of at most TRIMTAB_TEXT_MAX bytes, allocated. */
static char *clean_copy(const char *text, size_t size)
{
    struct buf clean;

    buf_init(&clean);
    text_clean(&clean, text, size, TRIMTAB_TEXT_MAX);
    char *copy = clean.failed ? NULL : run_copy_text(buf_string(&clean));
    buf_finish(&clean);
    return copy;
}

static bool is_plain(const char *argument)
{
    return *argument && argument[strspn(argument, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                                  "_./=:,@%+-")] == 0;
}

/* As a shell takes it: in single quotes, where it is not plain. */
static void add_argument(struct buf *out, const char *argument)
{
    if (is_plain(argument)) {
        buf_text(out, argument);
        return;
    }
    buf_char(out, '\'');
    for (; *argument; argument++) {
        if (*argument == '\'')
            buf_text(out, "'\\''");
        else
            buf_char(out, *argument);
    }
    buf_char(out, '\'');
}

/* `bytes` are arguments that each end with a zero. What does not fit is left out, whole arguments and all after them.
 */
static void add_command(struct buf *out, const char *bytes, size_t size)
{
    const char *end = bytes + size;

    while (bytes < end) {
        size_t before = out->size;
        const char *next = memchr(bytes, 0, (size_t)(end - bytes));
        if (next) {
            buf_text(out, before > 0 ? " " : "");
            add_argument(out, bytes);
        }
        if (!next || out->size > TRIMTAB_TEXT_MAX - sizeof MORE) {
            out->size = before;
            buf_text(out, MORE);
            return;
        }
        bytes = next + 1;
    }
}

static char *read_command(void)
{
    char bytes[TRIMTAB_TEXT_MAX];
    struct buf command;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);

    if (fd >= 0)
        (void)close(fd);
    buf_init(&command);
    add_command(&command, bytes, got > 0 ? (size_t)got : 0);
    char *copy = clean_copy(buf_string(&command), command.size);
    buf_finish(&command);
    return copy;
}

static char *read_host(void)
{
    char host[256] = "";

    if (gethostname(host, sizeof host - 1) < 0)
        host[0] = 0;
    return clean_copy(host, strlen(host));
}

static bool keep_text(trimtab_run *run, const char *name, const char *text)
{
    struct buf json;

    buf_init(&json);
    json_string(&json, text, strlen(text));
    char *copy = json.failed ? NULL : run_copy_text(buf_string(&json));
    buf_finish(&json);
    return config_keep(run, name, copy) == TRIMTAB_OK;
}

static bool keep_number(trimtab_run *run, const char *name, double number)
{
    char text[JSON_DOUBLE_MAX];

    json_format_double(text, number);
    return config_keep(run, name, run_copy_text(text)) == TRIMTAB_OK;
}

bool environment_learn(trimtab_run *run)
{
    char path[PATH_MAX], commit[GIT_COMMIT_MAX];

    if (!getcwd(path, sizeof path))
        path[0] = 0;
    run->started_ns = clock_real_ns();
    run->command = read_command();
    run->host = read_host();
    run->working_folder = clean_copy(path, strlen(path));
    if (!run->command || !run->host || !run->working_folder)
        return false;
    return keep_text(run, "command", run->command) && keep_text(run, "folder", run->working_folder) &&
           keep_text(run, "host", run->host) && keep_number(run, "pid", (double)getpid()) &&
           keep_number(run, "started", (double)(run->started_ns / 1000) / 1e6) &&
           (!git_commit(path, commit) || keep_text(run, "git_commit", commit)) &&
           (!run->project || keep_text(run, "project", run->project));
}
