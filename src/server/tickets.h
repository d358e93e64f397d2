/* tickets.h: what the files that deal with accepted requests share. */
#ifndef SERVER_TICKETS_H
#define SERVER_TICKETS_H

#include "server/server.h"

#define OWN_FROZEN "withdrawn: the run was frozen"

/* tickets.c */
struct ticket *tickets_with(struct server *server, uint64_t number); /* NULL: not live */
/* A number that was met in a slot or in the journal is never given out again, even where run.db does not know it (a
 * pause that was carried out while it could not be written, by a server that was then killed). */
void tickets_note_number(struct server *server, uint64_t number);
/* The request is on its way, or ended: what it was made from is not needed any more. */
void ticket_drop_request(struct ticket *ticket);

/* judge.c: the server says it: its row is committed first. */
void ticket_judge(struct server *server, struct ticket *ticket, enum outcome_kind kind, int error, const char *detail);
/* Queues the row of an outcome that the server judged; where there is no room it is tried again in the next turn. */
void ticket_add_outcome_row(struct server *server, struct ticket *ticket);

/* cancel.c: a person sets what pending requests of agents would set, too: these are withdrawn. */
void tickets_yield(struct server *server, const struct ticket *to);
/* Where the trainer has it already, its true outcome follows. */
void ticket_withdraw(struct server *server, struct ticket *ticket, const char *why);

/* own.c: what the server itself carries out */
void own_begin(struct server *server, struct ticket *ticket); /* its acceptance is committed */
void own_turn(struct server *server);
/* Is this request not to be posted because the run is frozen? */
bool own_forbids(const struct server *server, const struct ticket *ticket);

#endif
