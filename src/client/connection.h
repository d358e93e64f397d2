/* connection.h: what a client is, for the files of this room. */
#ifndef CLIENT_CONNECTION_H
#define CLIENT_CONNECTION_H

#include "client/inbox.h"
#include "trimtab/client.h"

struct trimtab_client {
    int fd; /* -1: no connection */
    struct inbox inbox;
    uint64_t calls;                           /* for ids */
    char token[TRIMTAB_CLIENT_TOKEN_MAX + 1]; /* "": none */
    char error[480];
};

/* Keeps the sentence and returns the code. */
int client_fail(trimtab_client *client, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Closes the connection; messages kept can still be read. */
void client_hang_up(trimtab_client *client);
int client_call_until(trimtab_client *client, const char *request, const char **reply, int64_t deadline_ns);

#endif
