/* meter.h: how far a long command is, on one line of a terminal. */
#ifndef CLI_METER_H
#define CLI_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/terminal.h"

struct meter {
    struct terminal terminal;
    int fd;
    bool drawn;
    int64_t begun_ns, next_ns;
};

/* Draws nothing where `fd` is no terminal, or where it is not wanted. */
struct meter meter_on(int fd, bool wanted);
/* Draws now and then: "what  43 %  ETA 12 s". May be called often. */
void meter_show(struct meter *meter, const char *what, double done, double total);
void meter_clear(struct meter *meter);

#endif
