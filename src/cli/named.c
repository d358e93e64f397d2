#include "cli/named.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "cli/known.h"
#include "cli/print.h"
#include "cli/say.h"
#include "store/summary.h"

static bool is_run(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is = fd >= 0 && known_is_run(fd);
    if (fd >= 0)
        close(fd);
    return is;
}

static bool find_below_home(const char *given, char path[PATH_MAX])
{
    char home[PATH_MAX], below[PATH_MAX];
    return folder_homes(home, NULL) == 0 && snprintf(below, sizeof below, "%s/%s", home, given) < (int)sizeof below &&
           is_run(below) && realpath(below, path);
}

/* Does it lie in a folder of this name, as the library makes one of it? */
static bool lies_in(const char *path, const char *name)
{
    char home[PATH_MAX];
    if (folder_home(name, home, NULL) < 0)
        return false;
    const char *wanted = strrchr(home, '/') + 1, *last = strrchr(path, '/');
    size_t size = strlen(wanted);
    return last && (size_t)(last - path) > size && last[-1 - (ptrdiff_t)size] == '/' &&
           memcmp(last - size, wanted, size) == 0;
}

static bool is_called(const char *path, const char *name)
{
    struct buf text = {0};
    store_summary(path, &text, NULL);
    json_t *run = json_loads(buf_string(&text), JSON_ALLOW_NUL, NULL);
    bool is = strcmp(field_text(run, "name"), name) == 0;
    json_decref(run);
    buf_finish(&text);
    return is;
}

static bool find_newest(const struct known *known, bool (*fits)(const char *path, const char *name), const char *name,
                        char path[PATH_MAX])
{
    for (size_t i = 0; i < known->count; i++)
        if (fits(known->run[i].path, name))
            return snprintf(path, PATH_MAX, "%s", known->run[i].path) < PATH_MAX;
    return false;
}

static bool find_name(const char *name, char path[PATH_MAX])
{
    struct known known;
    known_find(&known);
    bool found = find_newest(&known, lies_in, name, path) || find_newest(&known, is_called, name, path);
    known_finish(&known);
    return found;
}

bool named_find(const char *given, char path[PATH_MAX])
{
    struct stat status;
    bool is_path = !*given || strchr("/.~", *given) || is_run(given);
    if (!is_path && (find_below_home(given, path) || find_name(given, path)))
        return true;
    snprintf(path, PATH_MAX, "%s", given);
    if (is_path || stat(given, &status) == 0)
        return true;
    say_wrong("there is no run %s: neither a folder nor a name; `trimtab ls` lists your runs", given);
    return false;
}
