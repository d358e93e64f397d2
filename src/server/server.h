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
#include "server/authority.h"
#include "server/hub.h"
#include "server/lanes.h"
#include "server/serve.h"
#include "wire/ndjson.h"

struct http;
struct websocket;

/* What a connection speaks: its first byte says it; a WebSocket begins as HTTP. */
enum transport { TRANSPORT_UNKNOWN, TRANSPORT_LINES, TRANSPORT_PULSE, TRANSPORT_HTTP, TRANSPORT_WEBSOCKET };

struct client {
    struct conn conn; /* first: a conn is a client */
    struct server *server;
    struct client *next, *previous; /* all clients */
    struct client *next_same;       /* of its bucket in by_id */
    struct client *next_ready;      /* the turn's list */
    bool ready;
    bool is_unix;
    bool pinged;       /* a WebSocket that has been pinged */
    uint8_t transport; /* enum transport */
    bool draining;     /* the last reply is out: read and forget until the peer closes */
    bool announced;    /* others were told that it follows */
    int64_t drain_until_ns;
    uint64_t id;
    struct bearer *bearer;       /* whose token it has told; NULL: none */
    char *name;                  /* as given in hello, NULL: none */
    char *login;                 /* of a Unix peer, NULL: none */
    char peer[48];               /* "[39 characters of an IPv6 address]:65535" */
    int64_t since_ns;            /* real clock: when it connected */
    int64_t greet_ns;            /* monotonic: by when a token is to be told, where one is needed */
    uint64_t missed;             /* events that gaps have told of */
    struct ndjson in;            /* lines; of a WebSocket bytes that were not looked at yet */
    struct http *http;           /* of TRANSPORT_HTTP */
    struct websocket *websocket; /* of TRANSPORT_WEBSOCKET */
    int64_t ping_ns;             /* monotonic: when it is to be pinged */
    uint64_t unanswered;         /* a bit a code */
    struct follower *follower;   /* NULL: not subscribed */
};

/* The trainer's side as the server sees it. */
struct attach {
    struct journal_reader *reader; /* live; NULL: the run is served read-only */
    struct journal_position began; /* where it took the journal up */
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

enum { CLIENT_BUCKETS = 1024 };

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
    bool gone; /* exited, and nothing that it had started is left in its process group */
    int exit_status;
    int64_t exited_ns; /* monotonic */
    int64_t kill_ns;   /* monotonic: when SIGKILL follows; 0: it does not */
    int64_t killed_ns; /* monotonic: when it was sent; 0: it was not */
    int abort_signal;  /* the last signal that an abort sent */
    int output_fd;     /* RUN/output, for reading */
    int terminal_fd;   /* our own description of it; -1: none */
    int64_t copied;    /* bytes of the output that went to the terminal */
    int64_t copied_ns; /* monotonic: when some last did */
    bool rest;         /* there is more to copy */
    unsigned interrupts;
};

struct saying;
struct sayings { /* what was said and is not kept yet, oldest first */
    struct saying *item;
    size_t count;
    uint64_t next; /* number */
};

struct people {
    uint64_t following;    /* clients that others were told of */
    int64_t window_ns;     /* monotonic: the end of the present second */
    unsigned told;         /* events in it */
    uint64_t joined, left; /* not told one by one */
};

/* The output as it is told to those who follow it. */
struct output {
    int fd;
    int64_t at;          /* what comes from here on is told; -1: nobody follows */
    uint64_t skipped;    /* bytes passed over and not told yet */
    int64_t partial_end; /* where the unfinished line ended when it was told */
    int64_t partial_ns;  /* monotonic: when it may be told again */
    int64_t look_ns;     /* monotonic: when to look again for a file that is not there */
};

enum { SERVER_SIGNALS = 8 };

enum server_phase { SERVER_RUNNING, SERVER_DRAINING, SERVER_STORING, SERVER_CLOSING, SERVER_CLOSED };

struct server {
    const struct serve_options *options;
    uv_loop_t loop;
    struct folder folder;
    int journal_fd, lock_fd;
    bool served;    /* by another server before this one */
    bool read_only; /* nothing is written: no lock, no socket, no file; run.db is read in place */
    struct run run;
    struct authority authority;
    struct hub hub;
    struct lanes lanes;
    struct attach attach;
    struct tickets tickets;
    struct child child;
    struct sayings sayings;
    struct people people;
    struct output output;
    struct listener tcp, local;
    bool has_local;
    uv_timer_t timer;
    uv_check_t check;
    uv_idle_t again; /* keeps the loop from waiting while connections are ready */
    uv_signal_t signal[SERVER_SIGNALS];
    size_t signals;    /* watched */
    bool has_terminal; /* SIGHUP says then that it is gone; elsewhere a batch system means the command */
    uint64_t timer_ms;
    struct client *clients; /* the newest first */
    struct client *by_id[CLIENT_BUCKETS];
    size_t clients_count, http_count; /* http_count: of them, those that ask by HTTP alone */
    struct client *ready;
    uint64_t next_client;
    int64_t now_ns, mono_ns;         /* read once a turn */
    int64_t began_ns, began_mono_ns; /* the server's start: real clock, monotonic */
    int64_t next_flush_ns;           /* monotonic */
    int64_t next_progress_ns, told_step;
    int64_t next_sign_ns; /* monotonic: a sign of life to followers that have ended their input */
    size_t clients_most;
    size_t clients_peak;
    uint64_t clients_ever, turns, bytes_in, bytes_out, requests_answered, requests_refused, gaps; /* for stats */
    int64_t idle_since_ns; /* monotonic: no trainer lives and nobody is connected since then */
    enum server_phase phase;
    int64_t phase_until_ns; /* monotonic: a phase does not last longer */
    bool stored_all;
    char address[64];
    char login[64]; /* who runs the server; "" where the system does not tell */
};

/* clients.c */
void clients_accept(struct listener *listener, int fd, const char *peer, bool crowded);
void clients_turn(struct server *server);
/* Every subscription that is due gets its next share. */
void clients_tick(struct server *server);
/* Closes those who have ended, or do not read their replies. */
void clients_look(struct server *server);
/* Both, and all get what there is: the server ends. */
void clients_flush(struct server *server);
struct client *client_with(struct server *server, uint64_t id);
size_t clients_people(const struct server *server); /* without the trainer's own connection and those of HTTP */

/* client.c */
void client_make_ready(struct client *client);
/* The only place where a request is answered: `line` is the whole reply; it is consumed. `code`: the request that is no
 * longer unanswered, CODE_LIMIT where none was. `error`: its CodeError, 0 where it is a result. */
void client_answer(struct client *client, enum code code, int error, struct buf *line);
/* Lines, each with its end, as its transport carries them. */
void client_send(struct client *client, const char *lines, size_t size);
void client_drain(struct client *client);
/* It has told its token: it may say more at once than a stranger. */
void client_greeted(struct client *client);
/* Where a token is needed it is to be told soon. */
void client_await_greeting(struct client *client);
/* Its token is not good any more: what it waits for is forgotten, it is told why, and closed. */
void client_expel(struct client *client, const char *why);
void client_actor(const struct client *client, char actor[160]);

/* dispatch.c */
/* False: it was refused as a whole. */
bool dispatch_line(struct client *client, const char *line, size_t size);
void dispatch_refusal(struct client *client, const struct refusal *refusal, const struct request_id *id, int64_t code,
                      bool code_known);
/* The same for a request; it is not unanswered any more. */
void dispatch_refuse(struct client *client, const struct refusal *refusal, const struct request *request);

/* carry_out.c */
/* May move the request's contents away (a post keeps them). */
void carry_out(struct client *client, struct request *request, struct answer *answer);
void carry_out_asked(void *server, struct lane_ask *ask); /* a lane has answered */

/* people.c: who follows the run is told to all */
void people_joined(struct client *client); /* it has subscribed */
void people_renamed(struct client *client);
void people_left(struct client *client); /* it is being closed */
void people_turn(struct server *server);
void people_list(const struct client *client, struct buf *line); /* the result of code 9, for this client */

/* say.c: what clients say: kept first, then told */
int say_accept(struct client *client, const struct request *request, const struct answer *answer,
               struct refusal *refusal);
void say_stored(struct server *server, bool ok); /* a commit ended */
bool say_is_waiting(const struct server *server);
void say_finish(struct server *server);

/* output.c: what the trainer printed, to those who follow it */
void output_turn(struct server *server);
void output_finish(struct server *server);

/* follow.c */
/* rate_ns: the least time between two messages; 0: each tick. */
void follow_begin(struct client *client, const struct request *request, unsigned topics, int64_t rate_ns);
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
/* The run had ended before this server began, and nobody has come since: its record stays as it is. */
bool attach_is_over(const struct server *server);
void attach_end_seen(struct server *server, uint64_t ordinal);
void attach_wake(struct server *server);    /* a byte to a paused trainer */
void attach_dismiss(struct server *server); /* the server is ended on purpose: the trainer is to start no other */

/* tickets.c */
void tickets_adopt(void *server, struct ticket *ticket); /* from run.db, at the start */
/* Accepts: takes over post and request's contents. 0, or -1 with the refusal (52, 53, 54). `post` NULL: the server
 * itself carries it out. */
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

/* stats.c: the result of code 11 */
struct stats_view;
void stats_view(const struct server *server, struct stats_view *view);
void stats_write(const struct server *server, struct buf *line);

/* child.c */
int child_start(struct server *server, struct err *err);
void child_abort(struct server *server, int64_t grace_ns); /* SIGTERM, then SIGKILL */
/* And all that it had started? (After an abort; else at least the command itself.) */
bool child_has_ended(const struct server *server);
void child_turn(struct server *server);
void child_signal(struct server *server, int signal); /* one that this process was sent */
/* Is output left that the terminal may still take? */
bool child_has_more(const struct server *server);
void child_close(struct server *server);
void child_finish(struct server *server);

/* serve.c */
void serve_forget_signals(struct server *server);

/* turn.c */
void turn(uv_check_t *check);
void turn_begin_end(struct server *server); /* the server ends in good order */

#endif
