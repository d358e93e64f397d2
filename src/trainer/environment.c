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

/* The arguments with spaces between them. */
static char *read_command(void)
{
    char bytes[TRIMTAB_TEXT_MAX];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, bytes, sizeof bytes);

    if (fd >= 0)
        (void)close(fd);
    while (got > 0 && bytes[got - 1] == 0)
        got--;
    for (ssize_t i = 0; i < got; i++)
        if (bytes[i] == 0)
            bytes[i] = ' ';
    return clean_copy(bytes, got > 0 ? (size_t)got : 0);
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
           (!git_commit(path, commit) || keep_text(run, "git_commit", commit));
}
