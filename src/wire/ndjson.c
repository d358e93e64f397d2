#include "wire/ndjson.h"

#include <assert.h>
#include <string.h>

void ndjson_init(struct ndjson *in, uint32_t limit)
{
    *in = (struct ndjson){.limit = limit};
    buf_init(&in->pending);
}

void ndjson_finish(struct ndjson *in)
{
    buf_finish(&in->pending);
    in->scanned = 0;
    in->taken = 0;
}

static void drop_taken(struct ndjson *in)
{
    if (in->taken == in->pending.size)
        buf_finish(&in->pending); /* an idle connection holds no memory */
    else
        buf_drop(&in->pending, in->taken);
    in->scanned -= in->taken;
    in->taken = 0;
}

bool ndjson_feed(struct ndjson *in, const char *data, size_t size)
{
    assert(!in->ended && size <= UINT32_MAX - in->pending.size);
    drop_taken(in);
    buf_add(&in->pending, data, size);
    return !in->pending.failed;
}

void ndjson_end(struct ndjson *in)
{
    in->ended = true;
}

static size_t without_cr(const char *line, size_t size)
{
    return size > 0 && line[size - 1] == '\r' ? size - 1 : size;
}

/* The next line with its end, however short; its size without that end in *size. 0: none is complete. */
static size_t line_whole(struct ndjson *in, const char *line, size_t *size)
{
    const char *rest = in->pending.data + in->scanned;
    const char *lf = memchr(rest, '\n', in->pending.size - in->scanned);
    in->scanned = (uint32_t)in->pending.size;
    size_t held = in->pending.size - in->taken;
    size_t whole = lf ? (size_t)(lf - line) + 1 : in->ended ? held : 0;
    *size = without_cr(line, lf ? whole - 1 : held);
    return whole;
}

int ndjson_next(struct ndjson *in, const char **line, size_t *size)
{
    while (ndjson_held(in) > 0) {
        *line = in->pending.data + in->taken;
        size_t whole = line_whole(in, *line, size);
        if (*size > in->limit) {
            /* Always this much, however the bytes came. */
            *size = (size_t)in->limit + 1;
            in->scanned = in->taken;
            return -1;
        }
        if (whole == 0)
            return 0;
        in->taken += (uint32_t)whole;
        in->scanned = in->taken;
        if (*size > 0)
            return 1;
    }
    drop_taken(in);
    return 0;
}

size_t ndjson_held(const struct ndjson *in)
{
    return in->pending.size - in->taken;
}
