/* background.h: `serve --detach`: the server as a process of its own, without terminal, session or descriptors of
 * whoever started it. What it has to say from then on goes to RUN/server.log. */
#ifndef CLI_BACKGROUND_H
#define CLI_BACKGROUND_H

#include "cli/start.h"

/* The run is chosen. The caller's process gets CLI_DONE once the server listens, having told where, or what to end
 * with, having said why. The server's own process comes back from here too, when it ends. */
int background_serve(struct start *start, struct serve_options *options, bool json);

#endif
