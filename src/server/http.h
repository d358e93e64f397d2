/* http.h: a connection that speaks HTTP: one request at a time, answered in order. */
#ifndef SERVER_HTTP_H
#define SERVER_HTTP_H

#include "server/server.h"
#include "wire/http_body.h"

struct http {
    struct buf in; /* bytes not taken yet */
    size_t seen;   /* of in: without the end of a head */
    struct buf head_bytes;
    struct http_head head; /* points into head_bytes while a request is being read or answered */
    struct http_body body;
    bool in_body;
    bool busy;        /* a request waits for its answer */
    bool dispatching; /* its replies come one after another just now */
    bool is_list, refused_whole;
    int error;           /* of the only reply */
    struct buf replies;  /* lines */
    bool keep_alive;     /* after the present answer */
    int64_t deadline_ns; /* monotonic: the head, the body or the next request is to be here by then */
};

struct http *http_create(const struct client *client);
void http_destroy(struct http *http); /* NULL is fine */

/* Bytes have come: takes what can be taken now. */
void http_feed(struct client *client, const char *data, size_t size);
/* Goes on with what waits: the last answer is out, or there is room for one. */
void http_go_on(struct client *client);
/* Is more input of use now? While a request waits for its answer too: so a peer that goes is noticed. */
bool http_reads_on(const struct client *client);
/* Its token is not good any more. */
void http_expel(struct client *client, const struct refusal *refusal);
bool http_is_done(const struct client *client); /* its peer has ended and nothing is owed to it */
/* Once a second: who is late is told so and closed. */
void http_look(struct client *client);
/* A reply to the request of POST /api. */
void http_take_reply(struct client *client, const char *line, size_t size, int error);

/* ---- for route.c: the answer to the present request ---- */

struct http_content {
    const char *type, *more; /* as in http_answer.h */
    const void *bytes;
    size_t size;
};
void http_respond(struct client *client, int status, const struct http_content *content);
/* A sentence; with `error` as a refusal of the protocol. The connection goes on only where the request was read whole.
 */
void http_decline(struct client *client, int status, int error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* route.c: the head is here. True: its body is wanted; else it has been answered, or it is no HTTP any more. */
bool route_begin(struct client *client);
uint64_t route_body_limit(const struct http_head *head); /* bytes */
/* The body is here, too. */
void route_finish(struct client *client);

/* visitor.c: may this request come in: Host and Origin. 0, or -1 with the refusal. */
int visitor_check(const struct client *client, const struct http_head *head, struct refusal *refusal);
/* Takes the token of `Authorization: Bearer`. 0; 1: there is none; -1: it is not good. */
int visitor_token(struct client *client, const struct http_head *head, struct refusal *refusal);

/* socket.c: the connection becomes a WebSocket */
void socket_begin(struct client *client, bool echo);
void socket_feed(struct client *client, const char *data, size_t size);
void socket_go_on(struct client *client);
void socket_send(struct client *client, const char *lines, size_t size);
void socket_close(struct client *client, unsigned code, const char *why);
void socket_look(struct client *client); /* once a second: pings */

#endif
