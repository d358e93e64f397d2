/* websocket.h: one WebSocket (RFC 6455), the server's side. Heads and masks of the frames that come in are read by
 * wslay; their order, UTF-8 as it arrives and close codes are looked at here. What goes out is framed here, once for
 * all who get it. No extension. Knows no socket, no clock. */
#ifndef WIRE_WEBSOCKET_H
#define WIRE_WEBSOCKET_H

#include "base/buf.h"
#include "wire/http_head.h"

struct websocket;

struct websocket_events {
    /* A whole message; it lives until the call returns. */
    void (*message)(void *context, const char *data, size_t size, bool binary);
    /* Bytes to be sent, in order with all else (pong, close). */
    void (*send)(void *context, const void *data, size_t size);
};

/* Is this head a sound opening handshake (GET, HTTP/1.1, Upgrade, Connection, Sec-WebSocket-Version 13, a key of 16
 * bytes)? 0 with the value of Sec-WebSocket-Accept (zero-terminated), or -1 with *fault (400; 426 for
 * the version; 503 for want of memory). */
int websocket_accept(const struct http_head *head, char accept[29], struct http_fault *fault);

/* `limit`: of one message in bytes; a longer one closes with 1009. NULL for want of memory. */
struct websocket *websocket_create(uint64_t limit, const struct websocket_events *events, void *context);
void websocket_destroy(struct websocket *socket); /* NULL is fine; not from within an event */
void websocket_set_limit(struct websocket *socket, uint64_t limit);

/* Bytes as they came. False once nothing more will be read: a close frame came or was sent (then the connection is to
 * be closed when all is out), or memory ran out. */
bool websocket_feed(struct websocket *socket, const char *data, size_t size);
void websocket_ping(struct websocket *socket);
/* Sends a close frame (1000, 1001, 1003, 1008, 1009, 1011, ...; reason at most 123 bytes of UTF-8) once; nothing more
 * is read. */
void websocket_close(struct websocket *socket, unsigned code, const char *reason);
/* Did a pong, or anything else, come since this was asked last? */
bool websocket_heard(struct websocket *socket);

/* One frame, unmasked, FIN. */
void websocket_frame(struct buf *out, bool binary, const void *data, size_t size);
/* Each line of `lines` (all end with LF, which does not belong to it) as a text message of its own. */
void websocket_frame_lines(struct buf *out, const char *lines, size_t size);

#endif
