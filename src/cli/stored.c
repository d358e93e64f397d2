#include "cli/stored.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/named.h"
#include "cli/say.h"
#include "cli/verbs.h"

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The folder of a file called run.db; false where it is a file of another name. */
static bool folder_of(char path[PATH_MAX], const char *given)
{
    const char *slash = strrchr(given, '/');
    snprintf(path, PATH_MAX, "%.*s", slash ? (int)(slash - given + 1) : 1, slash ? given : ".");
    return strcmp(slash ? slash + 1 : given, "run.db") == 0;
}

static void say_why(const struct stored *stored, const struct err *err)
{
    if (err->code == ERR_MISSING && stored->folder.run_fd >= 0)
        say_wrong("nothing of %s is stored yet; `trimtab serve %s` stores what its trainer has recorded",
                  stored->folder.path, stored->folder.path);
    else if (err->code == ERR_BUSY && !stored->folder.is_local)
        say_wrong("run.db of %s is held by its server, and where it lies, not on a local disk, by nobody else at the "
                  "same time: ask the server (`trimtab history`), or come back when it has ended",
                  stored->folder.path);
    else
        say_wrong("%s", err->text);
}

int stored_open(struct stored *stored, const char *given)
{
    char path[PATH_MAX];
    struct err err;
    *stored = (struct stored){.folder = {.run_fd = -1, .local_fd = -1}};
    bool names_file = is_file(given);
    if (!names_file && !named_find(given, path))
        return CLI_REFUSED;
    if (names_file && !folder_of(path, given)) {
        say_wrong(
            "%s is a file, and not called run.db: name the folder of a run, or put a copied history into a folder "
            "of its own as run.db",
            given);
        return CLI_REFUSED;
    }
    int code = folder_open(&stored->folder, path, true, &err);
    if (code == 0)
        code = store_reader_open(&stored->reader, stored->folder.path, !stored->folder.is_local, &err);
    if (code == 0)
        return CLI_DONE;
    say_why(stored, &err);
    stored_close(stored);
    return CLI_REFUSED;
}

void stored_close(struct stored *stored)
{
    store_reader_close(stored->reader);
    stored->reader = NULL;
    folder_close(&stored->folder);
}
