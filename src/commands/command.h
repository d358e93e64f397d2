/* command.h: what each request code does, as a function that decides and touches nothing. server/ carries it out. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "model/event.h"
#include "model/request.h"
#include "model/run.h"
#include "model/ticket.h"

struct command {
    struct run *run;
    const struct request *request;
};

/* Which result wire/ is to write. */
enum reply_form { REPLY_EMPTY, REPLY_PING, REPLY_HELLO, REPLY_STATUS, REPLY_DESCRIBE, REPLY_CLIENTS, REPLY_STATS };

struct answer {
    enum {
        ANSWER_REPLY,     /* form */
        ANSWER_REFUSE,    /* refusal */
        ANSWER_POST,      /* post: allocated, the server's from now on; its texts point into the request */
        ANSWER_ASK,       /* ask the reader: from, limit, ticket, as the code means them; of history also the range */
        ANSWER_SAY,       /* the request's text; level; at `from` (MAILBOX_NO_STEP: the present step) */
        ANSWER_INTRODUCE, /* take the caller's name from the request, then REPLY_HELLO */
        ANSWER_SUBSCRIBE, /* topics, rate_ns; globs and cursor are the request's */
        ANSWER_UNSUBSCRIBE,
        ANSWER_CANCEL, /* ticket */
        ANSWER_OWN,    /* a control request that the server itself carries out: freeze, abort */
        ANSWER_SHUTDOWN
    } kind;
    enum reply_form form;
    struct refusal refusal;
    struct mailbox_request *post;
    int64_t from, limit, ticket;
    bool by_time, has_from, has_to; /* of history: from and to are us since the epoch, not steps; which of them count */
    int64_t to;
    unsigned topics;
    int64_t rate_ns; /* 0: each tick */
    unsigned level;  /* 1 info, 2 warning, 3 error */
};

typedef struct answer command_fn(const struct command *command);

/* The handler of a code. */
command_fn *command_handler(enum code code);

#define CODE(number, NAME, name, role, needs, summary) command_fn command_##name;
#include "protocol/codes.def"
#undef CODE

/* Is the run in a state for this code (45, 51, 55)? 0, or -1 with the refusal. */
int guard_state(const struct run *run, const struct protocol_code *entry, struct refusal *refusal);

#endif
