#include "cli/local.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/tree.h"

static bool is_private(int at_fd, const char *name, int *fd)
{
    struct stat status;
    *fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *fd >= 0 && fstat(*fd, &status) == 0 && status.st_uid == geteuid() && (status.st_mode & 077) == 0;
}

struct local local_open(int run_fd)
{
    struct local local = {.root_fd = -1};
    char root[64], text[PATH_MAX];
    int id_fd = -1;
    snprintf(root, sizeof root, FOLDER_LOCAL_ROOT "%u", (unsigned)geteuid());
    if (file_read_small(run_fd, "local", text, sizeof text, NULL) < 0 || !folder_local_id(text, local.id))
        return local;
    if (!is_private(AT_FDCWD, root, &local.root_fd) || !is_private(local.root_fd, local.id, &id_fd))
        local_close(&local);
    if (id_fd >= 0)
        close(id_fd);
    return local;
}

void local_close(struct local *local)
{
    if (local->root_fd >= 0)
        close(local->root_fd);
    *local = (struct local){.root_fd = -1};
}

uint64_t local_bytes_with(int run_fd)
{
    struct local local = local_open(run_fd);
    uint64_t bytes = tree_bytes(run_fd, ".");
    if (local.root_fd >= 0)
        bytes += tree_bytes(local.root_fd, local.id);
    local_close(&local);
    return bytes;
}
