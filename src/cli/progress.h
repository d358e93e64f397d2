/* progress.h: the line at the bottom of the terminal that `run` keeps up while the command is silent. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/terminal.h"
#include "server/serve.h"

struct progress {
    struct terminal terminal;
    int fd;
    bool drawn;
    int64_t silent_since_ns; /* the command's last output */
};

struct progress progress_on(int fd);
/* Both are callbacks of serve: `context` is the struct. */
void progress_draw(void *context, const struct serve_progress *now);
void progress_clear(void *context);

#endif
