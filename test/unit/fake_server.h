/* fake_server.h: a server of one connection in a thread, which does what a list of steps says. */
#ifndef TEST_FAKE_SERVER_H
#define TEST_FAKE_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "trimtab/client.h"

struct fake_step {
    const char *expect; /* a line with this in it is awaited first; NULL: none */
    const char *send;   /* then this is sent, '@' being the "id" of the line; NULL: nothing */
    size_t size;        /* of send; 0: to its end */
    unsigned repeat;    /* sends it so many times more */
};

struct fake_server {
    const struct fake_step *steps; /* ends with a step of zeros */
    bool hang_up;                  /* after the last step; else when the client does */
    int listening;
    char address[32]; /* where it listens on TCP */
    pthread_t thread;
    const struct fake_step *failed; /* the step whose line did not come */
};

/* Listens on loopback; the thread begins to accept. `server->steps` and `hang_up` are filled in. */
void fake_server_start_tcp(struct fake_server *server);
/* On a socket that listens already, and is taken over. */
void fake_server_start(struct fake_server *server, int listening);
/* Joins it, when the client is closed; asserts that every line came. */
void fake_server_end(struct fake_server *server);

/* ---- with a client ---- */

#define SOON 20.0 /* seconds: what should come does; what does not is a failure */
#define PONG "{\"code\":2,\"id\":@,\"result\":{}}\n"

/* Starts the server with these steps on TCP; a client that is connected to it. */
trimtab_client *fake_server_meet(struct fake_server *server, const struct fake_step *steps);
/* Closes the client and ends the server. */
void fake_server_leave(trimtab_client *client, struct fake_server *server);
/* Calls ping with the id "p"; a step with PONG must answer. */
void fake_server_pong(trimtab_client *client);

#endif
