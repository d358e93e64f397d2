/* session.h: a verb's connection to the server of the run that was meant: its options, asking, showing the reply. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <jansson.h>
#include <limits.h>

#include "cli/args.h"
#include "cli/print.h"
#include "protocol/protocol.h"
#include "trimtab/client.h"

#define SESSION_OPTIONS 6
#define SESSION_REPLY_SECONDS 30.0

struct session {
    const char *run, *address, *name;         /* --run, --connect, --name */
    const char *token_file;                   /* --token-file */
    char token[TRIMTAB_CLIENT_TOKEN_MAX + 1]; /* said over TCP; "": none */
    bool json, text;                          /* --json, or once it is open: nobody reads; --text */
    char path[PATH_MAX];                      /* of the run that was meant; "" where only its address is known */
    struct terminal terminal;                 /* standard output */
    trimtab_client *client;
    const char *line; /* the last reply as it came, */
    json_t *reply;    /* and parsed */
    struct args_option options[SESSION_OPTIONS];
};

/* Sets *session to nothing and gives its options; the session must stay where it is. */
struct args_group session_options(struct session *session);

/* Each returns CLI_DONE or what to end with, having said why. */
/* Finds the run of --run or $TRIMTAB_RUN: session->path, which stays "" where none is named. session_open does it too,
 * if nobody has and there is no --connect. */
int session_find(struct session *session);
int session_open(struct session *session);
int session_take_token(struct session *session); /* session_open does it, if nobody has */
/* Once open: connects anew, without a word. What trimtab_client_connect_run returns. */
int session_reopen(struct session *session, double seconds);
/* Takes over the request. A refusal is CLI_REFUSED. With CLI_DONE session->reply is the reply, until the next one. */
int session_ask(struct session *session, json_t *request, double seconds);
/* As session_ask, without a word where the connection fails: what trimtab_client_call returns, FORMAT for what is no
 * reply. A refusal is OK, and a reply without `result`. */
int session_try(struct session *session, json_t *request, double seconds);
/* The last reply: as it came, or for people. */
int session_show(struct session *session, print_reply_fn *print);
/* Opens, asks, shows, closes. */
int session_once(struct session *session, json_t *request, double seconds, print_reply_fn *print);
void session_close(struct session *session);
/* Is JSON printed: asked for, or for want of a terminal and of --text? */
bool session_is_json(const struct session *session);
/* The whole of a verb without operands that asks once. */
int session_plain(const char *verb, enum code code, const char *details, print_reply_fn *print, int argc, char **argv);

json_t *session_request(enum code code);
/* A line of the wire with its end: as it came where nobody reads, harmless on a terminal. */
void session_line(const struct session *session, struct buf *out, const char *line);
/* Says why the client's last call failed: CLI_NO_SERVER. */
int session_lost(const struct session *session);

/* The same where the server does not take the token, or needs one: CLI_REFUSED. */
int session_refused(const struct session *session);

/* For the help of every verb that talks to a server. */
#define SESSION_EXIT_CODES                                                                                             \
    "Without --run and --connect: the run of $TRIMTAB_RUN, else the only one trained, or live. --connect needs a "     \
    "token.\n"                                                                                                         \
    "Exit status: 0 done, 1 refused, 2 wrong usage, 3 no server.\n"

#endif
