/* request.h: one message into requests, in the order of checks that the protocol promises: UTF-8, NUL, depth, JSON
 * (42; a duplicate member is 41 only if the text is otherwise JSON), then object, members, code (41). The caller then
 * checks same code, role and rate, and only then asks for the parameters (43). Knows no descriptor, no clock.
 *
 * A message is one request or a list of them: the list is judged whole (message_read), then each request by itself as
 * if it had come alone (message_head, message_request). */
#ifndef WIRE_REQUEST_H
#define WIRE_REQUEST_H

#include "model/request.h"

struct message; /* JSON, parsed */

struct message_head {
    int64_t code;                      /* as given, where it was an integer; code_known tells */
    bool code_known;                   /* to be echoed in a reply */
    const struct protocol_code *entry; /* NULL: refused */
    struct request_id id;              /* only where it is a well-formed id */
};

/* 0 with *message set (destroy it), or -1 with the refusal of the whole (42, 41, 54): *head is then what is known of
 * it, to be echoed. `size` over LIMIT_MESSAGE_BYTES is 42. */
int message_read(const char *text, size_t size, struct message **message, struct message_head *head,
                 struct refusal *refusal);
/* How many requests there are in it: at least 1, at most CODE_LIMIT. */
size_t message_count(const struct message *message);
/* The i-th: 0, or -1 with the refusal (41). *head is filled in as far as it is known in either case. */
int message_head(const struct message *message, size_t i, struct message_head *head, struct refusal *refusal);
/* Validates id and every parameter of the i-th against the tables. 0 with *request to be finished by the caller, or -1
 * (43, 54). */
int message_request(const struct message *message, size_t i, const struct message_head *head, struct request *request,
                    struct refusal *refusal);
void message_destroy(struct message *message);

/* Is `text` one JSON object (UTF-8, depth, no duplicates) of at most `limit` bytes? For an action's result. With `any`
 * any JSON value will do (for config). */
bool json_is_sound(const char *text, size_t size, size_t limit, bool any);

#endif
