#include "client/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "trimtab/client.h"

struct inbox_kept {
    struct inbox_kept *next;
    size_t size;
    char text[];
};

/* ---- bytes into lines ---- */

char *inbox_space(struct inbox *inbox, size_t size)
{
    buf_drop(&inbox->bytes, inbox->taken);
    inbox->scanned -= inbox->taken;
    inbox->taken = 0;
    return buf_reserve(&inbox->bytes, size) ? inbox->bytes.data + inbox->bytes.size : NULL;
}

void inbox_filled(struct inbox *inbox, size_t size)
{
    inbox->bytes.size += size;
}

static char *next_line(struct inbox *inbox, size_t *size)
{
    if (inbox->scanned == inbox->bytes.size)
        return NULL;
    char *line = inbox->bytes.data + inbox->taken;
    char *end = memchr(inbox->bytes.data + inbox->scanned, '\n', inbox->bytes.size - inbox->scanned);
    inbox->scanned = end ? (size_t)(end + 1 - inbox->bytes.data) : inbox->bytes.size;
    if (!end)
        return NULL;
    inbox->taken = inbox->scanned;
    if (end > line && end[-1] == '\r')
        end--;
    *end = '\0';
    *size = (size_t)(end - line);
    return line;
}

const char *inbox_line(struct inbox *inbox, size_t *size)
{
    const char *line;
    do
        line = next_line(inbox, size);
    while (line && *size == 0);
    return line;
}

size_t inbox_unfinished(const struct inbox *inbox)
{
    return inbox->bytes.size - inbox->taken;
}

/* ---- messages kept ---- */

static struct inbox_kept *take_first(struct inbox *inbox)
{
    struct inbox_kept *kept = inbox->first;
    if (!kept)
        return NULL;
    inbox->first = kept->next;
    if (!inbox->first)
        inbox->last = NULL;
    inbox->kept_count--;
    inbox->kept_bytes -= kept->size;
    return kept;
}

bool inbox_keep(struct inbox *inbox, const char *message, size_t size)
{
    struct inbox_kept *kept = malloc(sizeof *kept + size + 1);
    if (!kept)
        return false;
    *kept = (struct inbox_kept){.size = size};
    memcpy(kept->text, message, size);
    kept->text[size] = '\0';
    if (inbox->last)
        inbox->last->next = kept;
    else
        inbox->first = kept;
    inbox->last = kept;
    inbox->kept_count++;
    inbox->kept_bytes += size;
    while (inbox->kept_count > TRIMTAB_CLIENT_KEPT_MAX ||
           (inbox->kept_bytes > TRIMTAB_CLIENT_KEPT_BYTES && inbox->kept_count > 1)) {
        free(take_first(inbox));
        inbox->dropped++;
    }
    return true;
}

const char *inbox_next(struct inbox *inbox)
{
    free(inbox->current);
    inbox->current = take_first(inbox);
    return inbox->current ? inbox->current->text : NULL;
}

void inbox_finish(struct inbox *inbox)
{
    while (inbox->first)
        free(take_first(inbox));
    free(inbox->current);
    buf_finish(&inbox->bytes);
    *inbox = (struct inbox){.dropped = inbox->dropped};
}
