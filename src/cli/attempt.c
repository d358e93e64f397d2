#include "cli/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder.h"
#include "channel/liveness.h"
#include "cli/held.h"
#include "cli/removal.h"
#include "cli/verbs.h"
#include "store/store.h"

static uint64_t trainer_of(const char *path)
{
    struct holder holder = {0};
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    lock_look(fd, "trainer", &holder, NULL);
    close(fd);
    return holder.ordinal;
}

struct attempt attempt_begin(const char *path, bool named)
{
    struct stat status;
    bool is_new = stat(path, &status) < 0 && errno == ENOENT;
    return (struct attempt){.path = path, .is_own = is_new && !named, .ordinal = trainer_of(path)};
}

bool attempt_trained(const struct attempt *attempt)
{
    return trainer_of(attempt->path) != attempt->ordinal;
}

bool attempt_printed(const struct attempt *attempt)
{
    char output[PATH_MAX + sizeof "/output"];
    struct stat status;
    snprintf(output, sizeof output, "%s/output", attempt->path);
    return lstat(output, &status) == 0 && status.st_size > 0;
}

/* ---- undoing ---- */

static int count_columns(void *context, const char *const *names, int count)
{
    (void)context;
    (void)names;
    (void)count;
    return 0;
}

static int stop_at_row(void *context, const struct store_cell *cells, int count)
{
    (void)context;
    (void)cells;
    (void)count;
    return 1;
}

/* What cannot be read counts as something. */
static bool has_words(const struct folder *folder)
{
    struct store_reader *reader;
    struct store_sql_ask ask = {
        .sql = "SELECT 1 FROM requests UNION ALL SELECT 1 FROM messages", .columns = count_columns, .row = stop_at_row};
    int code = store_reader_open(&reader, folder->path, !folder->is_local, NULL);
    if (code < 0)
        return code != ERR_MISSING;
    code = store_sql(reader, &ask, NULL);
    store_reader_close(reader);
    return code != 0;
}

static bool is_empty(const char *path)
{
    struct folder folder;
    if (folder_open(&folder, path, true, NULL) < 0)
        return false;
    struct held held = held_look(folder.run_fd);
    bool is = held.server == 0 && held.trainer == 0 && !has_words(&folder);
    folder_close(&folder);
    return is;
}

bool attempt_undo(const struct attempt *attempt)
{
    struct removal removal;
    if (!attempt->is_own || attempt_printed(attempt) || !is_empty(attempt->path))
        return false;
    bool gone = removal_open(&removal, attempt->path, false) == CLI_DONE && removal.other_count == 0 &&
                removal_carry_out(&removal, false) == CLI_DONE;
    removal_close(&removal);
    return gone;
}
