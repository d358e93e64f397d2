/* client.h: the client's side of trimtab: watch and steer a run from a program of your own.
 *
 * A small blocking client. It carries JSON texts to the server of a run and back; what the requests and replies mean is
 * in doc/protocol.md.
 *
 *     trimtab_client *client = trimtab_client_create();
 *     const char *reply;
 *     if (trimtab_client_connect_run(client, "runs/gpt/20261122-101500", 5) < 0 ||
 *         trimtab_client_call(client, "{\"code\":20,\"settings\":{\"lr\":0.0003}}", &reply, 90) < 0)
 *         fprintf(stderr, "%s\n", trimtab_client_error(client));
 *     else
 *         puts(reply);
 *     trimtab_client_close(client);
 *
 * Threads: a client may be used by one thread at a time; different clients do not know of each other. No signal is
 * raised (a lost connection is a return value, never SIGPIPE), nothing is printed, no thread is started.
 *
 * Time-outs are seconds, each function as a whole returns within its own; 0 takes only what is there already, INFINITY
 * waits for ever. NaN or a negative one counts as 0.
 *
 * Texts given are UTF-8, zero-terminated, and not kept (but a token is). Texts handed out are zero-terminated, belong
 * to the client, and live until the next call on it. Every function accepts client == NULL, as trimtab_client_create
 * returns it for want of memory, and then returns TRIMTAB_CLIENT_NOMEM. */
#ifndef TRIMTAB_CLIENT_H
#define TRIMTAB_CLIENT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef TRIMTAB_API
#define TRIMTAB_API __attribute__((visibility("default")))
#endif

typedef struct trimtab_client trimtab_client;

/* ---- what the functions below return: 0, or one of these (all negative) ---- */
enum {
    TRIMTAB_CLIENT_OK = 0,
    TRIMTAB_CLIENT_INVALID = -1, /* an argument is not what it should be; nothing was sent */
    TRIMTAB_CLIENT_NOBODY = -2,  /* there is no such run, or nobody serves it */
    TRIMTAB_CLIENT_TIMEOUT = -3, /* the time is over; the connection is as good as before */
    TRIMTAB_CLIENT_CLOSED = -4,  /* the server has closed the connection, or there is none */
    TRIMTAB_CLIENT_FORMAT = -5,  /* what came is not this protocol; the connection has been closed */
    TRIMTAB_CLIENT_NOMEM = -6,   /* out of memory; the connection has been closed if a message was lost by it */
    TRIMTAB_CLIENT_SYSTEM = -7,  /* the system refused: trimtab_client_error says what */
    TRIMTAB_CLIENT_REFUSED = -8  /* the server does not take the token, or needs one: trimtab_client_error says why */
};

/* Bounds of one client. */
#define TRIMTAB_CLIENT_REQUEST_MAX 1048576  /* bytes of a request */
#define TRIMTAB_CLIENT_TOKEN_MAX 256        /* bytes of a token */
#define TRIMTAB_CLIENT_MESSAGE_MAX 67108864 /* bytes of one message from the server */
#define TRIMTAB_CLIENT_KEPT_MAX 4096        /* messages kept for trimtab_client_next, */
#define TRIMTAB_CLIENT_KEPT_BYTES 33554432  /* and their bytes */

/* A client without a connection, or NULL for want of memory. The caller ends it with trimtab_client_close. */
TRIMTAB_API trimtab_client *trimtab_client_create(void);

/* Closes the connection and frees the client. What was requested lives on. NULL is allowed. */
TRIMTAB_API void trimtab_client_close(trimtab_client *client);

/* The token to say hello with, at each connection over TCP that begins from now on, before anything else; over a Unix
 * socket none is needed, and none is sent. The client keeps a copy until it is closed; NULL or "" forgets it. Returns
 * OK or INVALID (too long, or with a space or a control character in it: what was set before stays). */
TRIMTAB_API int trimtab_client_set_token(trimtab_client *client, const char *token);

/* Connects to the server of the run in `folder`: by its Unix socket, else at the address on this host's loopback that
 * the folder names, if the server there serves this very run. An earlier connection is closed first, and messages kept
 * are forgotten. Returns OK, INVALID, NOBODY, TIMEOUT, NOMEM or SYSTEM; over the address also CLOSED, FORMAT and
 * REFUSED. */
TRIMTAB_API int trimtab_client_connect_run(trimtab_client *client, const char *folder, double timeout);

/* Connects to "HOST:PORT": HOST is an IPv4 address, an IPv6 address in brackets, or localhost. No name is looked up:
 * that could take longer than the time-out. As above otherwise. Returns OK, INVALID, NOBODY, TIMEOUT or SYSTEM; with
 * a token also NOMEM, CLOSED, FORMAT and REFUSED. */
TRIMTAB_API int trimtab_client_connect_address(trimtab_client *client, const char *address, double timeout);

/* Sends one request and waits for its reply, which is *reply: one JSON object without line end, {"code":..,"result":..}
 * or {"CodeError":..,..}; a refusal of the server is OK here. The request is a JSON object; where it has no "id" the
 * client gives it one. Other messages that come meanwhile are kept for trimtab_client_next; past the bounds the oldest
 * are dropped and counted. An error without an id is taken as the reply: do not leave requests of trimtab_client_send
 * that have no id unanswered meanwhile. After TIMEOUT the reply may still come: it is then one of those other messages.
 * Returns OK, INVALID, TIMEOUT, CLOSED, FORMAT, NOMEM or SYSTEM. */
TRIMTAB_API int trimtab_client_call(trimtab_client *client, const char *request, const char **reply, double timeout);

/* Sends one line as it is, but line ends inside become spaces, and waits for nothing. Returns OK, INVALID (empty or too
 * long), TIMEOUT (nothing was sent), CLOSED (also when the time was over in the middle of the line), NOMEM or SYSTEM.
 */
TRIMTAB_API int trimtab_client_send(trimtab_client *client, const char *request, double timeout);

/* The next message, of whatever kind: first those kept, then from the connection. *message is one line without its end;
 * that it is JSON is not checked. Returns OK, TIMEOUT, CLOSED, FORMAT, NOMEM or SYSTEM. */
TRIMTAB_API int trimtab_client_next(trimtab_client *client, const char **message, double timeout);

/* How many messages were dropped so far because trimtab_client_next was not called often enough. 0 for NULL. */
TRIMTAB_API uint64_t trimtab_client_dropped(const trimtab_client *client);

/* The descriptor, for poll(2): when it is readable, call trimtab_client_next with time-out 0 until TIMEOUT. It stays
 * the client's. Negative without a connection. */
TRIMTAB_API int trimtab_client_fd(const trimtab_client *client);

/* Why the last call failed, as one sentence without a full stop; "" when it did not. */
TRIMTAB_API const char *trimtab_client_error(const trimtab_client *client);

#ifdef __cplusplus
}
#endif

#endif
