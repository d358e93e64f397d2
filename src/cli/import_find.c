#include "cli/import_find.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/import_stream.h"
#include "cli/interrupt.h"
#include "cli/say.h"
#include "cli/verbs.h"
#include "exchange/event_file.h"
#include "store/names.h"

#define MARK "tfevents" /* TensorBoard reads whatever has it in its name */

struct find {
    struct import_groups *groups;
    size_t root_size;  /* of the path of LOGDIR */
    struct names seen; /* device and number of each folder */
};

static int no_memory(void)
{
    say_wrong("out of memory");
    return CLI_REFUSED;
}

/* Room for one more; false: no memory, which was said. */
static bool grow(void **array, size_t count, size_t *capacity, size_t each)
{
    if (count < *capacity)
        return true;
    size_t more = *capacity ? *capacity * 2 : 16;
    void *larger = realloc(*array, more * each);
    if (!larger)
        return no_memory() == CLI_DONE;
    *array = larger;
    *capacity = more;
    return true;
}

/* ---- what lies there ---- */

/* A folder that two links lead to would be two runs, and many such links more than anybody could read. */
static int enter(struct find *find, FTS *walk, FTSENT *entry)
{
    const uint64_t id[2] = {entry->fts_statp->st_dev, entry->fts_statp->st_ino};
    struct text key = text_of((const char *)id, sizeof id);
    if (names_find(&find->seen, key) != NAMES_NONE)
        fts_set(walk, entry, FTS_SKIP);
    else if (names_add(&find->seen, key) == NAMES_NONE)
        return no_memory();
    return CLI_DONE;
}

/* The path of its folder, as seen from LOGDIR. */
static char *group_name(const struct find *find, const FTSENT *entry)
{
    const char *slash = strrchr(entry->fts_path, '/');
    size_t size = slash ? (size_t)(slash - entry->fts_path) : 0, root = find->root_size;
    if (entry->fts_level <= 0 || size <= root)
        return strdup("");
    while (entry->fts_path[root] == '/')
        root++;
    return strndup(entry->fts_path + root, size - root);
}

/* fts_number of a folder: its group, counted from 1. */
static struct import_group *group_of(struct find *find, FTSENT *entry)
{
    struct import_groups *groups = find->groups;
    if (entry->fts_parent->fts_number > 0)
        return &groups->group[entry->fts_parent->fts_number - 1];
    if (!grow((void **)&groups->group, groups->count, &groups->capacity, sizeof *groups->group))
        return NULL;
    struct import_group *group = &groups->group[groups->count];
    *group = (struct import_group){.name = group_name(find, entry)};
    if (!group->name) {
        no_memory();
        return NULL;
    }
    entry->fts_parent->fts_number = (long)++groups->count;
    return group;
}

static int add(struct find *find, FTSENT *entry)
{
    struct import_group *group = strstr(entry->fts_name, MARK) ? group_of(find, entry) : NULL;
    if (!strstr(entry->fts_name, MARK))
        return CLI_DONE;
    if (!group || !grow((void **)&group->file, group->count, &group->capacity, sizeof *group->file))
        return CLI_REFUSED;
    struct import_file *file = &group->file[group->count];
    *file = (struct import_file){.path = strdup(entry->fts_path), .bytes = (uint64_t)entry->fts_statp->st_size};
    if (!file->path)
        return no_memory();
    group->count++;
    return CLI_DONE;
}

static int take(struct find *find, FTS *walk, FTSENT *entry)
{
    switch (entry->fts_info) {
    case FTS_D:
        return enter(find, walk, entry);
    case FTS_F:
        return add(find, entry);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        say_wrong("%s: %s", entry->fts_path, strerror(entry->fts_errno));
        find->groups->unread++;
        return entry->fts_level <= 0 ? CLI_REFUSED : CLI_DONE;
    default:
        return CLI_DONE;
    }
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int walk_all(struct find *find, const char *logdir)
{
    char *paths[] = {(char *)(uintptr_t)logdir, NULL};
    int status = CLI_DONE;
    FTS *walk = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    if (!walk) {
        say_wrong("%s: %s", logdir, strerror(errno));
        return CLI_REFUSED;
    }
    for (FTSENT *entry; status == CLI_DONE && (entry = fts_read(walk));)
        status = interrupt_came() ? CLI_REFUSED : take(find, walk, entry);
    fts_close(walk);
    return status;
}

/* ---- their order ---- */

/* The file's first time; false: it is passed over. One without a sound record comes last, and is told of once it has
 * been read. */
static bool begins(struct import_groups *groups, struct import_file *file)
{
    struct err err;
    uint64_t bytes = 0;
    struct import_watch watch = {.bytes = &bytes};
    FILE *stream = import_stream_open(file->path, &watch);
    int code =
        stream ? event_file_begins(stream, &file->time_us, &err) : err_errno(&err, ERR_SYSTEM, "cannot be opened");
    if (stream)
        fclose(stream);
    if (code < 0 && !interrupt_came()) {
        say_wrong("%s %s", file->path, err.text);
        groups->unread++;
    }
    if (code == 0)
        file->time_us = INT64_MAX;
    return code > 0 || (code == 0 && bytes > 0);
}

static int by_time(const void *a, const void *b)
{
    const struct import_file *left = a, *right = b;
    if (left->time_us != right->time_us)
        return left->time_us < right->time_us ? -1 : 1;
    return strcmp(left->path, right->path);
}

static void order(struct import_groups *groups, struct import_group *group)
{
    size_t kept = 0;
    for (size_t i = 0; i < group->count; i++) {
        struct import_file file = group->file[i];
        if (!interrupt_came() && begins(groups, &file)) {
            groups->bytes += file.bytes;
            group->file[kept++] = file;
        } else {
            free(file.path);
        }
    }
    group->count = kept;
    if (kept > 0)
        qsort(group->file, kept, sizeof *group->file, by_time);
}

int import_find(struct import_groups *groups, const char *logdir)
{
    struct find find = {.groups = groups, .root_size = strlen(logdir)};
    *groups = (struct import_groups){0};
    while (find.root_size > 1 && logdir[find.root_size - 1] == '/')
        find.root_size--;
    int status = walk_all(&find, logdir);
    names_finish(&find.seen);
    for (size_t i = 0; i < groups->count && status == CLI_DONE; i++)
        order(groups, &groups->group[i]);
    return interrupt_came() ? CLI_REFUSED : status;
}

void import_groups_finish(struct import_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        for (size_t k = 0; k < groups->group[i].count; k++)
            free(groups->group[i].file[k].path);
        free(groups->group[i].file);
        free(groups->group[i].name);
    }
    free(groups->group);
    *groups = (struct import_groups){0};
}
