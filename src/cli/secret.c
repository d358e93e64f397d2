#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/say.h"
#include "cli/verbs.h"

/* Byte by byte: what follows the line on standard input is not ours. False: it cannot be read, errno says why; or it is
 * longer than any token, then errno is 0. */
static bool read_line(int fd, char token[TRIMTAB_CLIENT_TOKEN_MAX + 1])
{
    size_t size = 0;
    for (;;) {
        char c = '\n';
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (c == '\n')
            break;
        if (size == TRIMTAB_CLIENT_TOKEN_MAX) {
            errno = 0;
            return false;
        }
        token[size++] = c;
    }
    if (size > 0 && token[size - 1] == '\r')
        size--;
    token[size] = '\0';
    return true;
}

static void warn_of_others(int fd, const char *file)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & (S_IRWXG | S_IRWXO)))
        say_wrong("others can read the token in %s: chmod 600 %s", file, file);
}

static int read_file(const char *file, char token[TRIMTAB_CLIENT_TOKEN_MAX + 1])
{
    bool is_input = strcmp(file, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    errno = fd < 0 ? errno : 0;
    bool is_read = fd >= 0 && read_line(fd, token);
    if (!is_read && errno == 0)
        say_wrong("the first line of --token-file %s is longer than a token", file);
    else if (!is_read)
        say_wrong("cannot read --token-file %s: %s", file, strerror(errno));
    else if (!*token)
        say_wrong("--token-file %s holds no token in its first line", file);
    else if (!is_input)
        warn_of_others(fd, file);
    if (fd >= 0 && !is_input)
        close(fd);
    return is_read && *token ? CLI_DONE : CLI_USAGE;
}

int secret_read(const char *file, char token[TRIMTAB_CLIENT_TOKEN_MAX + 1])
{
    const char *given = getenv("TRIMTAB_TOKEN");
    token[0] = '\0';
    if (file)
        return read_file(file, token);
    size_t size = given ? strlen(given) : 0;
    if (size > TRIMTAB_CLIENT_TOKEN_MAX) {
        say_wrong("TRIMTAB_TOKEN is longer than a token");
        return CLI_USAGE;
    }
    memcpy(token, given ? given : "", size + 1);
    return CLI_DONE;
}
