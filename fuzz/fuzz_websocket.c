/* What a WebSocket's peer sends. Messages and answers must not depend on how the bytes were split; a text is UTF-8; no
 * message passes the limit; nothing is read or sent after a close frame; what is sent is no more than what came. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/websocket.h"

enum { LIMIT = 200, CLOSE = 0x88, PONG = 0x8a };

struct seen {
    struct buf log;
    size_t sent;
    bool closed;
};

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void on_message(void *context, const char *data, size_t size, bool binary)
{
    struct seen *seen = context;
    must(!seen->closed && size <= LIMIT);
    must(binary || utf8_valid_prefix(data, size) == size);
    buf_u8(&seen->log, binary);
    buf_u32(&seen->log, (uint32_t)size);
    buf_add(&seen->log, data, size);
}

static void on_send(void *context, const void *data, size_t size)
{
    struct seen *seen = context;
    const uint8_t *frame = data;
    must(!seen->closed && size >= 2 && size <= 127 && frame[1] == size - 2);
    must(frame[0] == CLOSE || frame[0] == PONG);
    must(frame[0] == PONG || size == 2 || (size >= 4 && frame[2] >= 3));
    seen->closed = frame[0] == CLOSE;
    seen->sent += seen->closed ? 0 : size;
    buf_add(&seen->log, data, size);
}

static const struct websocket_events events = {on_message, on_send};

/* In memory of just its size, so that reading past it is noticed. */
static bool feed(struct websocket *socket, const uint8_t *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    must(copy != NULL);
    memcpy(copy, data, size);
    bool on = websocket_feed(socket, copy, size);
    free(copy);
    return on;
}

/* First `first` bytes, then `step` at a time. */
static void tell(const uint8_t *data, size_t size, size_t first, size_t step, struct seen *seen)
{
    *seen = (struct seen){0};
    buf_init(&seen->log);
    struct websocket *socket = websocket_create(LIMIT, &events, seen);
    must(socket != NULL);
    size_t piece = first;
    for (size_t at = 0; at < size; at += piece, piece = step) {
        piece = piece < size - at ? piece : size - at;
        must(feed(socket, data + at, piece) == !seen->closed);
    }
    must(seen->sent <= size && !seen->log.failed);
    websocket_destroy(socket);
}

static void must_be_same(struct seen *one, struct seen *other)
{
    must(one->log.size == other->log.size && one->closed == other->closed);
    must(one->log.size == 0 || memcmp(one->log.data, other->log.data, one->log.size) == 0);
    buf_finish(&other->log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen whole, split;
    size_t at = size ? (size * 7 + data[0] + (size_t)data[size - 1] * 256) % (size + 1) : 0;
    tell(data, size, size, 1, &whole);
    tell(data, size, 1, 1, &split);
    must_be_same(&whole, &split);
    tell(data, size, at, size, &split);
    must_be_same(&whole, &split);
    buf_finish(&whole.log);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
