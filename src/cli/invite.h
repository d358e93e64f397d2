/* invite.h: a link by which a person's browser reaches the page of a run, with a token in its fragment. */
#ifndef CLI_INVITE_H
#define CLI_INVITE_H

#include "access/tokens.h"
#include "base/buf.h"

#define INVITE_NAME "link"
#define INVITE_EXPIRES "30d"
#define INVITE_HOST_MAX 280 /* bytes of HOST:PORT */
#define INVITE_LINK_MAX (INVITE_HOST_MAX + TOKEN_TEXT + 20)

/* Makes a person's token on the terms of `grant`, with the first free name (grant->name then), and the link. Negative
 * as tokens_add_numbered: there is no token then. */
int invite_make(int run_fd, const char *host, struct grant *grant, int64_t now_ns, char link[INVITE_LINK_MAX],
                struct err *err);
/* `token` NULL: none is needed. */
void invite_link(char link[INVITE_LINK_MAX], const char *host, const char *token);

/* Where a browser on this machine reaches a server that listens at this address: all addresses are the loopback's. */
void invite_host(char host[INVITE_HOST_MAX], const char *address);
/* "ssh -L 7342:127.0.0.1:7342 THIS-HOST"; nothing where the host is not of the loopback. */
void invite_print_tunnel(struct buf *out, const char *host);

#endif
