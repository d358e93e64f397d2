#include "channel/unreadable.h"

#include <stdlib.h>
#include <unistd.h>

#define UNREADABLE_MOST 1024u /* no more are told: somebody fills the folder */

void unreadable_finish(struct unreadable *unreadable)
{
    free(unreadable->id);
    *unreadable = (struct unreadable){0};
}

static bool was_seen(const struct unreadable *unreadable, const struct segment_id *id)
{
    for (size_t i = 0; i < unreadable->count; i++)
        if (unreadable->id[i].sequence == id->sequence &&
            incarnation_same(&unreadable->id[i].incarnation, &id->incarnation))
            return true;
    return false;
}

struct sibling {
    int folder_fd;
    const struct segment_id *of;
};

static int is_readable_sibling(void *context, struct segment_id *id)
{
    const struct sibling *sibling = context;
    if (!incarnation_same(&id->incarnation, &sibling->of->incarnation))
        return 0;
    int fd = segment_open(sibling->folder_fd, id, NULL);
    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

static int remember(struct unreadable *unreadable, const struct segment_id *id)
{
    struct segment_id *grown = realloc(unreadable->id, (unreadable->count + 1) * sizeof *grown);
    if (!grown)
        return ERR_NOMEM;
    grown[unreadable->count++] = *id;
    unreadable->id = grown;
    return 1;
}

int unreadable_see(struct unreadable *unreadable, int folder_fd, const struct segment_id *id)
{
    struct sibling sibling = {folder_fd, id};
    if (unreadable->count == UNREADABLE_MOST || was_seen(unreadable, id))
        return 0;
    int readable = journal_folder_each(folder_fd, is_readable_sibling, &sibling, NULL);
    return readable == 0 ? remember(unreadable, id) : readable < 0 ? readable : 0;
}
