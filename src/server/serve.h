/* serve.h: the server as one call. */
#ifndef SERVER_SERVE_H
#define SERVER_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What a terminal may show of the run, about once a second. Texts live during the call. */
struct serve_progress {
    const char *state;
    int64_t step, total;     /* total 0, step -1: not known */
    double steps_per_second; /* 0: not known */
    double eta;              /* seconds; -1: not known */
    const char *series;      /* the first series that was logged, or NULL */
    double value;            /* its last value */
};

/* Where it can be found. */
struct serve_place {
    const char *address, *folder;
    bool read_only;
    const char *token; /* of a run served read-only: a viewer's, kept nowhere else; else NULL */
};

struct serve_options {
    const char *run;          /* folder, chosen already (folder_choose) */
    const char *listen;       /* "HOST:PORT", NULL: 127.0.0.1:7342; port 0: a free one */
    bool port_is_a_wish;      /* where the port is busy take the next free one */
    bool full_sync;           /* each commit waits for the disk */
    char *const *command;     /* `run`: what to start as the trainer, NULL-terminated; NULL: none */
    const char *name;         /* `run`: the run's name for the trainer's environment, may be NULL */
    bool resume;              /* `run`: the command is to go on where the run ended */
    bool read_only;           /* nothing is written in the folder, over TCP alone; so it is too where nothing can be */
    bool auth_none;           /* everybody who can connect is admin: on loopback only */
    const char *const *hosts; /* names by which browsers may reach it, beside loopback and the address */
    size_t hosts_count;
    double until_idle; /* seconds without a trainer and without a client after which the server ends; 0: never */
    int terminal_fd;   /* `run`: where the command's output is copied; -1: nowhere */
    void *context;
    /* Called once, when clients can connect. May be NULL, as may the next. */
    void (*ready)(void *context, const struct serve_place *place);
    void (*progress)(void *context, const struct serve_progress *progress);
    /* Called before output of the command is copied to the terminal, so that a progress line can be cleared. */
    void (*clear)(void *context);
};

struct serve_result {
    int exit_status; /* of the command; 128 + signal where it was killed; 0 without a command */
};

/* Serves the run until shutdown, SIGINT or SIGTERM (without a command), or until the command has ended and all is
 * stored. 0, or negative with one sentence in *err: busy port, held run, address that is not loopback, newer run.db,
 * command not found. */
int serve(const struct serve_options *options, struct serve_result *result, struct err *err);

#endif
