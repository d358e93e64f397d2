/* authority.h: who may do what: the tokens of the run as the server knows them, and the one check that every request of
 * every transport passes before it is dispatched. */
#ifndef SERVER_AUTHORITY_H
#define SERVER_AUTHORITY_H

#include <sys/types.h>

#include "access/tokens.h"

struct server;
struct client;

/* A token that somebody may have told. It lives until no client holds it and RUN/tokens does not either. */
struct bearer {
    uint8_t hash[TOKEN_HASH];
    struct grant grant;
    bool listed;         /* RUN/tokens has it */
    bool own;            /* the server made it; it is kept nowhere */
    double allowance;    /* control requests that it may make now */
    int64_t refilled_ns; /* monotonic */
};

struct authority {
    bool none; /* --auth none: everybody is admin */
    struct bearer **bearer;
    size_t count;
    int64_t look_ns;   /* monotonic: when to look at RUN/tokens again */
    int64_t expiry_ns; /* real clock: when the next token expires; INT64_MAX: none does */
    bool failing;      /* RUN/tokens cannot be read; said once */
    struct {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
    } seen;                    /* RUN/tokens as it was read */
    char own_text[TOKEN_TEXT]; /* the one of a run served read-only; "" where there is none */
};

/* 0, or negative with a sentence: no memory, no random numbers. A file that cannot be read lets nobody in. */
int authority_init(struct server *server, struct err *err);
void authority_finish(struct server *server);
/* Takes in what has changed in RUN/tokens; ends the connections of tokens that are gone or have expired. */
void authority_turn(struct server *server);

/* NULL: nobody yet. */
const struct grant *client_grant(const struct client *client);
/* Is a token needed that it has not told? */
bool authority_is_awaited(const struct client *client);
/* It tells a token (empty: none). 0, or -1 (44). */
int authority_greet(struct client *client, struct text token, struct refusal *refusal);

/* The check, before the parameters (44, 52) and after them (44). */
int authority_permits(struct client *client, const struct protocol_code *entry, struct refusal *refusal);
int authority_permits_request(const struct client *client, const struct request *request, struct refusal *refusal);
/* One whose token lists what it allows withdraws its own tickets only. */
int authority_permits_cancel(const struct client *client, uint64_t ticket, struct refusal *refusal);

#endif
