/* tell.h: what is said of a ticket: replies to those who wait, events to all. */
#ifndef SERVER_TELL_H
#define SERVER_TELL_H

#include "server/server.h"

/* The outcome: to everybody who waits, and as an event. */
void tell_outcome(struct server *server, struct ticket *ticket);
/* The outcome to one client. */
void tell_one(struct server *server, struct client *client, enum code code, const struct request_id *id,
              const struct ticket *ticket);
/* "pending" to those who do not wait longer: all of them, or those whose time has run out. */
void tell_pending(struct server *server, struct ticket *ticket);
void tell_waiting(struct server *server, struct ticket *ticket);
/* The server ends: pending where the trainer has it, else not carried out. */
void tell_end(struct server *server, struct ticket *ticket);
/* 53: not carried out, the audit row cannot be written. */
void tell_storage(struct server *server, struct ticket *ticket, const char *why);
void tell_started(struct server *server, const struct ticket *ticket, int64_t step, int64_t time_ns);

/* Events of the run. */
void tell_run(struct server *server);
void tell_setting(struct server *server, uint32_t id, const struct record *record);
void tell_said(struct server *server, const struct said *said);
void tell_newest_said(struct server *server); /* of the messages that the run keeps */
void tell_checkpoint(struct server *server);
void tell_declared(struct server *server, const struct change *change);

#endif
