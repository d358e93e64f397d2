/* server.h: the one server: what the rooms beside it share. Everything here belongs to the loop's thread. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <uv.h>

#include "base/folder.h"
#include "channel/journal_reader.h"
#include "channel/liveness.h"
#include "channel/mailbox.h"
#include "commands/command.h"
#include "net/conn.h"
#include "net/listener.h"
#include "server/hub.h"
#include "server/lanes.h"
#include "server/serve.h"
#include "wire/ndjson.h"

struct client {
    struct conn conn; /* first: a conn is a client */
    struct server *server;
    struct client *next, *previous; /* all clients */
    struct client *next_ready;      /* the turn's list */
    bool ready;
    bool is_unix, is_pulse, started; /* started: the first byte has been seen */
    bool draining;                   /* the last reply is out: read and forget until the peer closes */
    int64_t drain_until_ns;
    uint64_t id;
    enum role role;
    char *name;  /* as given in hello, NULL: none */
    char *login; /* of a Unix peer, NULL: none */
    char peer[64];
    struct ndjson in;
    uint64_t unanswered;       /* a bit a code */
    struct follower *follower; /* NULL: not subscribed */
};

/* The trainer's side as the server sees it. */
struct attach {
    struct journal_reader *reader; /* live */
    bool caught_up;                /* the reader has nothing more now */
    struct mailbox mailbox;        /* of the living trainer; map NULL: none */
    struct holder holder;          /* whose mailbox that is */
    struct death *death;           /* watches that process, NULL: none */
    bool died;
    uint64_t gone_ordinal;     /* trainers up to this one are gone; their journal may not be read to its end yet */
    uint64_t declared_ordinal; /* the incarnation whose declarations the run holds now */
    uint64_t ended_ordinal;    /* trainers up to this one are gone or closed, and what they held is judged */
    struct client *pulse;      /* the trainer's own connection, NULL: none */
    int64_t next_look_ns;      /* monotonic: when to look at the lock again */
    int64_t last_record_ns;    /* monotonic: when records last came */
    bool look_now;             /* the trainer gave a sign */
    bool remove_mailboxes;     /* of dead trainers, once all their requests are told */
    bool passed_start;         /* all that was published before this server began has been read */
    bool recovered;            /* what earlier servers left has been judged; nothing is accepted before */
    bool failing;              /* the journal cannot be read now; said once */
};

enum { TICKETS_MOST = LIMIT_PENDING * 4 };

struct tickets {
    struct ticket *live[TICKETS_MOST]; /* ascending; JUDGED ones wait only to be told */
    size_t count;
    uint64_t next_number;
    struct ticket *ended[64]; /* the newest that were told: for a late cancel */
    size_t ended_next;
};

struct child {
    uv_process_t process;
    pid_t pid;
    bool started, exited;
    int exit_status;
    int64_t exited_ns; /* monotonic */
    int output_fd;     /* RUN/output, for reading */
    int terminal_fd;   /* our own description of it; -1: none */
    int64_t copied;    /* bytes of the output that went to the terminal */
    int64_t copied_ns; /* monotonic: when some last did */
    bool rest;         /* there is more to copy */
    unsigned interrupts;
};

enum server_phase { SERVER_RUNNING, SERVER_DRAINING, SERVER_STORING, SERVER_CLOSING, SERVER_CLOSED };

struct server {
    const struct serve_options *options;
    uv_loop_t loop;
    struct folder folder;
    int journal_fd, lock_fd;
    bool served; /* by another server before this one */
    struct run run;
    struct hub hub;
    struct lanes lanes;
    struct attach attach;
    struct tickets tickets;
    struct child child;
    struct listener tcp, local;
    bool has_local;
    uv_timer_t timer;
    uv_check_t check;
    uv_idle_t again; /* keeps the loop from waiting while connections are ready */
    uv_signal_t signal_int, signal_term, signal_hup;
    uint64_t timer_ms;
    struct client *clients;
    size_t clients_count;
    struct client *ready;
    uint64_t next_client;
    int64_t now_ns, mono_ns; /* read once a turn */
    int64_t began_ns;        /* real clock: the server's start */
    int64_t next_flush_ns;   /* monotonic */
    uint64_t flushed_to;     /* the head of the broadcast log at the last tick */
    int64_t next_progress_ns, told_step;
    int64_t next_sign_ns; /* monotonic: a sign of life to followers that have ended their input */
    size_t clients_most;
    enum server_phase phase;
    int64_t phase_until_ns; /* monotonic: a phase does not last longer */
    bool stored_all;
    char address[64];
    char login[64]; /* who runs the server; "" where the system does not tell */
};

/* client.c */
void clients_accept(struct listener *listener, int fd, const char *peer, bool crowded);
void clients_turn(struct server *server);
/* Every subscriber gets its next share. */
void clients_flush(struct server *server);
struct client *client_with(struct server *server, uint64_t id);
void client_make_ready(struct client *client);
/* The only place where a request is answered: `line` is the whole reply; it is consumed. `code`: the request that is no
 * longer unanswered, CODE_LIMIT where none was. */
void client_answer(struct client *client, enum code code, struct buf *line);
void client_drain(struct client *client);
void client_actor(const struct client *client, char actor[160]);
size_t clients_people(const struct server *server); /* without the trainer's own connection */

/* dispatch.c */
void dispatch_line(struct client *client, const char *line, size_t size);
void dispatch_refusal(struct client *client, const struct refusal *refusal, const struct request_id *id, int64_t code,
                      bool code_known);
void dispatch_audit(void *server, struct lane_ask *ask);

/* follow.c */
void follow_begin(struct client *client, const struct request *request, unsigned topics);
void follow_end(struct client *client);
/* A line to every follower that has ended its input: without it one that has gone is never noticed on a silent run. */
void follow_sign_of_life(struct server *server);
/* Offers the next chunk, or the gap and the state as of now. */
void follow_offer(struct client *client);

/* ingest.c */
void ingest_turn(struct server *server);

/* attach.c */
int attach_init(struct server *server, const struct journal_position *from, struct err *err);
void attach_finish(struct server *server);
void attach_turn(struct server *server);
void attach_end_seen(struct server *server, uint64_t ordinal);
void attach_wake(struct server *server); /* a byte to a paused trainer */

/* tickets.c */
void tickets_adopt(void *server, struct ticket *ticket); /* from run.db, at the start */
/* Accepts: takes over post and request's contents. 0, or -1 with the refusal (52, 53, 54). */
int tickets_accept(struct server *server, struct client *client, struct request *request, struct mailbox_request *post,
                   struct refusal *refusal);
void tickets_internal(struct server *server, enum code code, const char *reason); /* the server's own stop */
void tickets_turn(struct server *server);
void tickets_stored(struct server *server, bool ok); /* a commit ended */
void tickets_take_outcome(struct server *server, const struct record *record);
void tickets_take_started(struct server *server, const struct record *record);
/* Is any ticket left of this life of the trainer? */
bool tickets_of(const struct server *server, uint64_t ordinal);
/* The mailbox's trainer is gone and its journal read: what it held is lost. */
void tickets_trainer_gone(struct server *server, struct mailbox *mailbox);
/* At the start, of each ticket found in a slot; then, when all slots were looked at: what was in none was never posted.
 */
void tickets_recover(struct server *server, struct mailbox *mailbox, uint64_t number);
void tickets_recovered(struct server *server);
/* 0: an answer will follow or was given; -1 with the refusal. */
int tickets_cancel(struct server *server, struct client *client, const struct request *request, uint64_t number,
                   struct refusal *refusal);
/* Who waits is told "pending"; what was not posted is cancelled: the server ends. */
void tickets_end(struct server *server);
void tickets_forget_client(struct server *server, uint64_t client);
bool tickets_waiting_to_be_told(const struct server *server);
void tickets_finish(struct server *server);

/* child.c */
int child_start(struct server *server, struct err *err);
void child_turn(struct server *server);
void child_interrupt(struct server *server, int signal);
/* Is output left that the terminal may still take? */
bool child_has_more(const struct server *server);
void child_close(struct server *server);
void child_finish(struct server *server);

/* turn.c */
void turn(uv_check_t *check);
void turn_begin_end(struct server *server); /* the server ends in good order */

#endif
