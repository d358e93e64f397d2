/* wslay's frame reader alone: its events take a close frame of one byte, look for UTF-8 in a close reason by how the
 * bytes were split, answer a broken head without a code, and set aside what a head claims. */
#include "wire/websocket.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wslay/wslay.h>

#include "base/utf8.h"

enum { CONTROL_MOST = 125 };

struct websocket {
    struct websocket_events events;
    void *context;
    uint64_t limit;
    wslay_frame_context_ptr reader; /* 4 KiB: only while a frame is on its way */
    const char *data;               /* what is being fed: the reader has not taken it yet */
    size_t size;
    uint64_t held; /* bytes that the reader has taken and not given back */
    uint64_t left; /* of the present frame's payload */
    struct buf message;
    size_t valid; /* so much of a text message is UTF-8 */
    bool in_frame, in_message, binary, heard, ended;
    uint8_t control_size, control[CONTROL_MOST];
};

struct websocket *websocket_create(uint64_t limit, const struct websocket_events *events, void *context)
{
    struct websocket *socket = calloc(1, sizeof *socket);
    if (!socket)
        return NULL;
    socket->limit = limit;
    socket->events = *events;
    socket->context = context;
    buf_init(&socket->message);
    return socket;
}

void websocket_destroy(struct websocket *socket)
{
    if (!socket)
        return;
    wslay_frame_context_free(socket->reader);
    buf_finish(&socket->message);
    free(socket);
}

void websocket_set_limit(struct websocket *socket, uint64_t limit)
{
    socket->limit = limit;
}

bool websocket_heard(struct websocket *socket)
{
    bool heard = socket->heard;
    socket->heard = false;
    return heard;
}

/* ---- control frames that go out ---- */

static void send_control(struct websocket *socket, uint8_t opcode, const void *data, size_t size)
{
    uint8_t frame[2 + CONTROL_MOST] = {(uint8_t)(0x80 | opcode), (uint8_t)size};
    assert(size <= CONTROL_MOST);
    if (size > 0)
        memcpy(frame + 2, data, size);
    socket->events.send(socket->context, frame, 2 + size);
}

void websocket_ping(struct websocket *socket)
{
    if (!socket->ended)
        send_control(socket, WSLAY_PING, NULL, 0);
}

void websocket_close(struct websocket *socket, unsigned code, const char *reason)
{
    char payload[CONTROL_MOST] = {(char)(code >> 8), (char)code};
    size_t size = reason ? strlen(reason) : 0;
    assert(size <= sizeof payload - 2);
    if (socket->ended)
        return;
    if (size > 0)
        memcpy(payload + 2, reason, size);
    socket->ended = true;
    send_control(socket, WSLAY_CONNECTION_CLOSE, payload, 2 + size);
}

/* ---- messages ---- */

/* Can what stands here become a character once more has come? */
static bool may_become_character(const char *begun, size_t size)
{
    static const char fills[] = {(char)0x80, (char)0xbf};
    char whole[4];
    for (size_t i = 0; size < sizeof whole && i < sizeof fills; i++) {
        memset(whole, fills[i], sizeof whole);
        memcpy(whole, begun, size);
        if (utf8_valid_prefix(whole, sizeof whole) > 0)
            return true;
    }
    return false;
}

static bool is_text_so_far(struct websocket *socket)
{
    const struct buf *message = &socket->message;
    if (socket->binary || message->size == socket->valid)
        return true;
    socket->valid += utf8_valid_prefix(message->data + socket->valid, message->size - socket->valid);
    size_t begun = message->size - socket->valid;
    return begun == 0 || may_become_character(message->data + socket->valid, begun);
}

static void keep_message(struct websocket *socket, const void *data, size_t size)
{
    buf_add(&socket->message, data, size);
    if (socket->message.failed)
        websocket_close(socket, WSLAY_CODE_INTERNAL_SERVER_ERROR, "the server has no memory for this message");
    else if (!is_text_so_far(socket))
        websocket_close(socket, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "a text message is not UTF-8");
}

static void end_message(struct websocket *socket)
{
    struct buf *message = &socket->message;
    if (!socket->binary && socket->valid < message->size) {
        websocket_close(socket, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "a text message ends within a character");
        return;
    }
    socket->in_message = false;
    socket->events.message(socket->context, message->size ? message->data : "", message->size, socket->binary);
    buf_clear(message);
    socket->valid = 0;
}

/* ---- control frames that come in ---- */

static bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void end_close(struct websocket *socket)
{
    const uint8_t *payload = socket->control;
    size_t size = socket->control_size, reason = size > 2 ? size - 2 : 0;
    if (size == 1 || (size > 1 && !is_close_code((unsigned)(payload[0] << 8 | payload[1])))) {
        websocket_close(socket, WSLAY_CODE_PROTOCOL_ERROR, "a close frame without a code that may be sent");
    } else if (utf8_valid_prefix((const char *)payload + 2, reason) < reason) {
        websocket_close(socket, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA, "the reason of a close frame is not UTF-8");
    } else {
        socket->ended = true;
        send_control(socket, WSLAY_CONNECTION_CLOSE, payload, size > 2 ? 2 : size);
    }
}

static void keep_control(struct websocket *socket, const void *data, size_t size)
{
    assert(size <= (size_t)(CONTROL_MOST - socket->control_size));
    if (size > 0)
        memcpy(socket->control + socket->control_size, data, size);
    socket->control_size = (uint8_t)(socket->control_size + size);
}

static void end_control(struct websocket *socket, uint8_t opcode)
{
    if (opcode == WSLAY_CONNECTION_CLOSE)
        end_close(socket);
    else if (opcode == WSLAY_PING)
        send_control(socket, WSLAY_PONG, socket->control, socket->control_size);
    socket->control_size = 0;
}

/* ---- frames that come in ---- */

/* Why this frame may not come now, or NULL. */
static const char *frame_fault(const struct websocket *socket, const struct wslay_frame_iocb *frame)
{
    if (frame->rsv)
        return "a reserved bit is set: no extension was agreed on";
    if (!frame->mask)
        return "a frame is not masked";
    switch (frame->opcode) {
    case WSLAY_CONTINUATION_FRAME:
        return socket->in_message ? NULL : "a continuation without a message";
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
        return socket->in_message ? "a message begins within another" : NULL;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
        return NULL;
    default:
        return "a frame of an unknown kind";
    }
}

static void refuse_length(struct websocket *socket)
{
    char reason[100];
    snprintf(reason, sizeof reason, "a message is longer than %llu bytes", (unsigned long long)socket->limit);
    websocket_close(socket, WSLAY_CODE_MESSAGE_TOO_BIG, reason);
}

/* As wslay takes it: the shortest form of the length, and a mask. */
static uint64_t head_size(uint64_t payload)
{
    return payload > UINT16_MAX ? 14 : payload > CONTROL_MOST ? 8 : 6;
}

static bool is_too_long(const struct websocket *socket, uint64_t more)
{
    return socket->message.size > socket->limit || more > socket->limit - socket->message.size;
}

static void begin_frame(struct websocket *socket, const struct wslay_frame_iocb *frame)
{
    const char *fault = frame_fault(socket, frame);
    bool control = wslay_is_ctrl_frame(frame->opcode);
    if (fault) {
        websocket_close(socket, WSLAY_CODE_PROTOCOL_ERROR, fault);
    } else if (!control && is_too_long(socket, frame->payload_length)) {
        refuse_length(socket);
    } else {
        socket->held -= head_size(frame->payload_length);
        socket->left = frame->payload_length;
        socket->in_frame = true;
    }
    if (!control && !socket->in_message) {
        socket->in_message = true;
        socket->binary = frame->opcode == WSLAY_BINARY_FRAME;
    }
}

/* A piece of a frame; its head comes with the first. */
static void take_piece(struct websocket *socket, const struct wslay_frame_iocb *piece)
{
    bool control = wslay_is_ctrl_frame(piece->opcode);
    if (!socket->in_frame)
        begin_frame(socket, piece);
    if (socket->ended)
        return;
    socket->held -= piece->data_length;
    socket->left -= piece->data_length;
    socket->in_frame = socket->left > 0;
    if (control)
        keep_control(socket, piece->data, piece->data_length);
    else
        keep_message(socket, piece->data, piece->data_length);
    if (socket->in_frame || socket->ended)
        return;
    if (control)
        end_control(socket, piece->opcode);
    else if (piece->fin)
        end_message(socket);
}

static ssize_t give_reader(uint8_t *out, size_t most, int flags, void *context)
{
    struct websocket *socket = context;
    size_t size = socket->size < most ? socket->size : most;
    (void)flags;
    if (size == 0)
        return -1;
    memcpy(out, socket->data, size);
    socket->data += size;
    socket->size -= size;
    socket->held += size;
    return (ssize_t)size;
}

static void read_frames(struct websocket *socket)
{
    ssize_t got = 0;
    while (!socket->ended) {
        struct wslay_frame_iocb piece = {0};
        got = wslay_frame_recv(socket->reader, &piece);
        if (got < 0)
            break;
        take_piece(socket, &piece);
    }
    if (got < 0 && got != WSLAY_ERR_WANT_READ)
        websocket_close(socket, WSLAY_CODE_PROTOCOL_ERROR,
                        "a control frame in fragments or of more than 125 bytes, or a length not in its shortest form");
}

/* An idle connection holds no memory. */
static void let_go(struct websocket *socket)
{
    if (socket->ended || (!socket->in_frame && socket->held == 0)) {
        wslay_frame_context_free(socket->reader);
        socket->reader = NULL;
    }
    if (socket->ended || !socket->in_message)
        buf_finish(&socket->message);
}

bool websocket_feed(struct websocket *socket, const char *data, size_t size)
{
    struct wslay_frame_callbacks callbacks = {.recv_callback = give_reader};
    if (socket->ended)
        return false;
    socket->heard |= size > 0;
    socket->data = data;
    socket->size = size;
    if (socket->reader || wslay_frame_context_init(&socket->reader, &callbacks, socket) == 0)
        read_frames(socket);
    else
        websocket_close(socket, WSLAY_CODE_INTERNAL_SERVER_ERROR, "the server has no memory for this connection");
    let_go(socket);
    return !socket->ended;
}

/* ---- messages that go out ---- */

void websocket_frame(struct buf *out, bool binary, const void *data, size_t size)
{
    uint8_t head[10] = {(uint8_t)(0x80 | (binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME))};
    size_t digits = size > UINT16_MAX ? 8 : size > CONTROL_MOST ? 2 : 0;
    head[1] = (uint8_t)(digits == 8 ? 127 : digits == 2 ? 126 : size);
    for (size_t i = 0; i < digits; i++)
        head[2 + i] = (uint8_t)((uint64_t)size >> (8 * (digits - 1 - i)));
    if (buf_reserve(out, 2 + digits + size)) {
        buf_add(out, head, 2 + digits);
        buf_add(out, data, size);
    }
}

void websocket_frame_lines(struct buf *out, const char *lines, size_t size)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(lines + at, '\n', size - at);
        size_t line = end ? (size_t)(end - lines) - at : size - at;
        websocket_frame(out, false, lines + at, line);
        at += line + 1;
    }
}
