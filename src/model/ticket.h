/* ticket.h: one accepted control request, from its acceptance to its outcome. Plain data; server/ moves it on.
 *
 *   ACCEPTED (its audit row is being committed) -> POSTED (in a slot of the mailbox) -> STARTED (an action runs)
 *     -> JUDGED (its outcome is known, being committed) -> told, and gone from the table */
#ifndef MODEL_TICKET_H
#define MODEL_TICKET_H

#include "channel/mailbox.h"
#include "model/outcome.h"
#include "model/request.h"

enum ticket_phase { TICKET_ACCEPTED, TICKET_POSTED, TICKET_STARTED, TICKET_JUDGED };

/* So many tickets at most were given away since the newest that run.db knows. A number farther ahead, in a slot or in
 * the journal, is garbage. */
enum { TICKETS_AHEAD = 8192 };

/* Somebody who waits for the outcome: the asker, or who tried to cancel it. */
enum { TICKET_WAITERS = 4 };
struct waiter {
    uint64_t client;
    enum code code;
    struct request_id id;
    int64_t until_ns; /* monotonic: then the reply goes without the outcome */
};

struct ticket {
    uint64_t number;
    enum code code;
    enum ticket_phase phase;
    char actor[160]; /* zero-terminated */
    enum role role;
    bool agent; /* a program asked: a person's set withdraws it where both name a setting */
    uint32_t settings;
    uint32_t *setting; /* of a set: places in run->settings */
    char address[80];
    char *reason;    /* "" when none */
    char *canonical; /* the request as JSON */
    int64_t accepted_ns;
    int64_t deadline_ns; /* INT64_MAX: none */
    int64_t until_step;  /* MAILBOX_NO_STEP: none */
    int64_t at_step;     /* MAILBOX_NO_STEP: at once, or not known (of an earlier server) */
    uint64_t ordinal; /* the life of the trainer that it was checked against; 0: not known yet (of an earlier server) */
    struct mailbox_request *post; /* NULL once posted; owns nothing: texts point into request */
    struct request *request;      /* kept until posted, NULL after */
    uint32_t waiters;
    struct waiter waiter[TICKET_WAITERS];
    bool own;              /* the server itself carries it out: freeze, abort */
    bool cancel;           /* withdraw it rather than post it */
    char *why;             /* it is withdrawn; NULL: on request */
    bool reply_early;      /* its asker does not wait for the outcome */
    bool unaudited;        /* carried out although its audit row waits (pause, stop) */
    uint64_t accepted_job; /* the commit that writes its acceptance */
    bool row_committed;
    struct journal_position
        judged_at;       /* told once the stored position has reached this; ordinal 0: judged by the server */
    uint64_t judged_job; /* judged by the server: told once this commit is done */
    struct outcome outcome;
};

void ticket_destroy(struct ticket *ticket); /* NULL is fine */

#endif
