/* test_trainer.h: a run in a temporary folder, and the test as its server. */
#ifndef TEST_TRAINER_H
#define TEST_TRAINER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "channel/journal_reader.h"
#include "trainer/run.h"

#define FIRST 2u /* the id of the first setting that a test declares: the built-in one has 1 */

struct server {
    char temporary[96]; /* removed at the end, with all that lies in it */
    char path[128];     /* the run's folder */
    struct folder folder;
    struct mailbox mailbox;
    struct journal_reader *reader;
    int journal_fd;       /* 0: not open */
    struct record record; /* the last one read */
    uint64_t ticket;      /* the last one posted */
    trimtab_run *run;
};

/* cmocka's setup and teardown: an empty folder for a run; closing what is open and leaving no file behind. */
int server_setup(void **state);
int server_teardown(void **state);

/* Opens the run (quiet), its journal and its mailbox. `options` may be NULL; its `run` is filled in. */
trimtab_run *server_open(struct server *server, const trimtab_options *options);
/* Ends the run; the journal can still be read. */
void server_close(struct server *server);

/* The next record of this kind, skipping others; NULL when no more is published. */
const struct record *server_next(struct server *server, enum record_kind kind);
/* The same, and it must be there. Of settings the built-in one is skipped. */
const struct record *server_expect(struct server *server, enum record_kind kind);
/* Reads all there is: how many of this kind. */
uint32_t server_count(struct server *server, enum record_kind kind);

/* The next config record of this name; it must be there. */
const struct record *server_config(struct server *server, const char *name);

/* Posts a request under the next ticket, which it returns. */
uint64_t server_post(struct server *server, struct mailbox_request *request);
uint64_t server_ask(struct server *server, enum mailbox_kind kind, int64_t integer, int64_t at_step);
uint64_t server_set(struct server *server, uint32_t setting, struct value value, uint64_t revision);
uint64_t server_act(struct server *server, uint32_t action);

/* The outcome of this ticket: it must be the next one, and its slot done; the slot is freed. */
const struct record_outcome *server_outcome(struct server *server, uint64_t ticket, enum outcome_kind outcome);
/* Asks, runs a control point at `step`, gives the outcome. */
const struct record_outcome *server_answer(struct server *server, uint64_t ticket, int64_t *step);

void assert_text(struct text text, const char *expected);

#define TEST(function) cmocka_unit_test_setup_teardown(function, server_setup, server_teardown)

#endif
