#include "cli/offline.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/folder.h"
#include "cli/held.h"
#include "cli/say.h"
#include "cli/verbs.h"

struct known {
    char path[PATH_MAX];
    struct buf list;
    size_t count;
};

static int add_known(void *context, const char *path)
{
    struct known *known = context;
    known->count++;
    snprintf(known->path, sizeof known->path, "%s", path);
    buf_printf(&known->list, "\n  %s", path);
    return 0;
}

int offline_choose(struct session *session)
{
    struct known known = {.count = 0};
    int status = session_find(session);
    if (status != CLI_DONE || *session->path)
        return status;
    folder_each_known(add_known, &known);
    memcpy(session->path, known.path, PATH_MAX);
    if (known.count == 0)
        say_wrong("no run is known: name one with --run FOLDER");
    else if (known.count > 1)
        say_wrong("several runs are known: choose one with --run%s", buf_string(&known.list));
    buf_finish(&known.list);
    return known.count == 1 ? CLI_DONE : CLI_USAGE;
}

bool offline_is_served(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool served = fd >= 0 && held_look(fd).server != 0;
    if (fd >= 0)
        close(fd);
    return served;
}
