/* client.h: one client, for clients.c, which holds all of them. */
#ifndef SERVER_CLIENT_H
#define SERVER_CLIENT_H

#include "server/server.h"

/* Takes over fd; NULL: it is closed. */
struct client *client_create(struct listener *listener, int fd, const char *peer);
/* Its memory lives until the loop waits again. */
void client_close(struct client *client);
/* What it sent is read and answered, what it is to be sent goes on. */
void client_serve(struct client *client);
/* A follower goes on as soon as there is space until it has what the last tick released. */
void client_feed(struct client *client);
/* Nothing more is to come from it and nothing is owed to it. */
bool client_is_done(const struct client *client);

/* clients.c */
void clients_leave(struct client *client);
void clients_count_person(struct server *server); /* it is no trainer */

#endif
