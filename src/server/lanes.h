/* lanes.h: the two lanes beside the loop: a writer (commits) and a reader (what takes longer than a turn to find out).
 * The loop never calls SQLite. */
#ifndef SERVER_LANES_H
#define SERVER_LANES_H

#include <uv.h>

#include "server/lane_history.h"

enum { LANES_ROWS_MAX = 4096 }; /* audit rows that wait: past that every control request is refused */

struct lane_row; /* a store_row that owns its texts */

/* What a client asks of the reader. */
struct lane_ask {
    struct lane_ask *next;
    enum code code; /* audit, history, output, runs */
    uint64_t client;
    struct request_id id;
    int64_t from, limit, ticket;
    struct lane_history *history; /* of code 7; owned */
    struct buf out;               /* the result, JSON */
    int status;
    struct err err;
};

struct lanes {
    uv_loop_t *loop;
    struct store *store;
    void *owner;
    /* called in the loop */
    void (*committed)(void *owner, bool ok);
    void (*asked)(void *owner, struct lane_ask *ask); /* the ask's memory is freed after */

    uv_work_t write_work;
    bool writing;
    struct lane_row *rows; /* waiting, oldest first; while writing the first `in_flight` are being committed */
    size_t rows_count, rows_capacity, in_flight;
    struct store_row *plain; /* scratch for the commit in flight */
    uint64_t next_job;       /* the number of the next commit to start */
    uint64_t committed_job;  /* the greatest commit that is done */
    struct store_commit commit;
    struct journal_position live; /* how far the loop had read when the commit began */
    int status;                   /* of the last commit */
    struct err err;
    struct {
        uint64_t count, failed, points;
        int64_t took_ns; /* the last one */
    } commits;           /* for stats */
    struct journal_position stored;
    int64_t last_start_ns, retry_ns; /* monotonic */

    char run[PATH_MAX];
    int run_fd; /* the folder; borrowed */
    bool exclusive, read_only;
    struct store_reader *reader;
    uv_work_t read_work;
    bool reading;
    struct lane_ask *asks, **asks_end; /* the first is in flight while reading */
    size_t asks_count;
};

void lanes_init(struct lanes *lanes, uv_loop_t *loop, struct store *store, const char *run, int run_fd, bool exclusive);
void lanes_finish(struct lanes *lanes); /* both lanes idle */

/* Queues a row (deep copy); *job is the commit after which it stands in run.db. False: no room or no memory. */
bool lanes_add(struct lanes *lanes, const struct store_row *row, uint64_t *job);
/* Takes back a row that is not in flight: the acceptance of a ticket, or what was said. */
void lanes_take_back(struct lanes *lanes, int kind, uint64_t number);
/* Is the store failing? */
bool lanes_failing(const struct lanes *lanes);
/* Starts a commit where none runs: `gone` and `finish` as in store_commit; `live` is how far the loop has read. */
void lanes_commit(struct lanes *lanes, uint64_t gone, const struct journal_position *live, bool finish, int64_t now_ns);
bool lanes_idle(const struct lanes *lanes);

/* Copies what was asked; takes over asked->history in any case. False: too many wait. */
bool lanes_ask(struct lanes *lanes, const struct lane_ask *asked);
/* The client has gone: what it has asked and is not being read yet is dropped. */
void lanes_forget_client(struct lanes *lanes, uint64_t client);
/* The server ends: what is not being read yet is answered by `asked`, with ERR_CLOSED. */
void lanes_refuse(struct lanes *lanes);

#endif
