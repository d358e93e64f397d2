/* server_view.h: what the server tells of itself and of those who are connected, as JSON. The shapes are in
 * doc/protocol.md. */
#ifndef WIRE_SERVER_VIEW_H
#define WIRE_SERVER_VIEW_H

#include "base/buf.h"
#include "base/value.h"
#include "protocol/protocol.h"

struct client_view {
    uint64_t id;
    const char *name, *transport, *address;
    enum role role;
    int64_t since_ns;
    unsigned topics;
    uint64_t sent, missed;
    bool you;
};
/* The result of clients: open, one add a client, close. */
void result_clients_open(struct buf *out);
void result_clients_add(struct buf *out, const struct client_view *view);
void result_clients_close(struct buf *out, uint64_t total);
/* Members of the event `client`: one that joined, left, was renamed; or many. */
void event_client_members(struct buf *out, const char *change, const struct client_view *view, uint64_t clients);
void event_clients_members(struct buf *out, uint64_t joined, uint64_t left, uint64_t clients);

struct stats_view {
    const char *version;
    int64_t pid;
    double uptime, cpu; /* seconds */
    uint64_t resident;  /* bytes */
    uint64_t turns, clients_now, clients_most, clients_ever, answered, refused, bytes_in, bytes_out;
    uint64_t published, held, held_bytes, thinned, gaps;
    uint64_t commits, commits_failed, points;
    double last_commit; /* seconds */
};
void result_stats(struct buf *out, const struct stats_view *view);

/* step MAILBOX_NO_STEP: none is known. */
void result_said(struct buf *out, uint64_t message, int64_t step, int64_t time_ns);

/* The signal that was sent last and what the process ended with. */
void result_abort(struct buf *out, int signal, int exit_status);

/* What is left standing of one line of output (without its end): what follows the last carriage return, of at most
 * LIMIT_OUTPUT_LINE_BYTES. */
struct text output_standing(struct text line);
/* The result of output: open, one add a line, close (`partial` empty: none; `before` < 0: nothing older is there). */
void result_output_open(struct buf *out);
void result_output_add(struct buf *out, int64_t at, struct text line);
void result_output_close(struct buf *out, struct text partial, int64_t before, int64_t size);
/* Members of the event `output`: as above; lines are separated and ended by line feeds. skipped 0: not told. */
void event_output_members(struct buf *out, struct text lines, int64_t at, struct text partial, uint64_t skipped);

#endif
