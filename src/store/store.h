/* store.h: run.db. Nothing here knows a socket. One connection writes (the writer lane), one reads (the reader lane);
 * the loop itself never calls these but at start and end.
 *
 * A commit is one transaction: audit rows that the loop hands over, all that the journal has published since the stored
 * position (read by the store's own reader), and the new position. So a kill -9 at any instant loses nothing that was
 * published and doubles nothing. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <signal.h>

#include "base/buf.h"
#include "channel/record.h"
#include "channel/segment.h"
#include "model/ticket.h"

#define STORE_SCHEMA 3               /* PRAGMA user_version */
#define STORE_APPLICATION 0x7472696D /* PRAGMA application_id: "trim" */

struct store;

struct store_options {
    const char *run; /* the folder's path */
    int run_fd;      /* open descriptors of it and of journal/0; borrowed for the life of the store */
    int journal_fd;  /* -1: no journal (an ended run) */
    bool served;     /* a server was here before: then there was a run.db */
    bool exclusive;  /* RUN is not on a local file system: locking_mode=EXCLUSIVE */
    bool full_sync;  /* synchronous=FULL instead of NORMAL */
};

/* Opens or makes run.db. A damaged one is moved aside as run.db.damaged-YYYYMMDD-HHMMSS (with its -wal and -shm) and a
 * new one begun; *notice (480 bytes) then holds a sentence, else "". ERR_VERSION: made by a newer trimtab, untouched.
 * ERR_FORMAT: another program's database, untouched. ERR_SYSTEM, ERR_FULL, ERR_BUSY. No reader of the same run may be
 * open in this process. */
int store_open(struct store **store, const struct store_options *options, char notice[480], struct err *err);

/* Of a run in whose folder nothing may be written: run.db is read in place and never committed to. As
 * store_reader_open_in_place; ERR_VERSION of an older schema too. store_begin then gives no position. */
int store_open_read_only(struct store **store, const char *run, struct err *err);

/* Is something to be written that needs no news: what an older trimtab has stored, roll-ups that are missing? */
bool store_has_work(const struct store *store);

/* What the loop needs to begin. */
struct store_begin {
    struct journal_position position; /* stored; ordinal 0: nothing yet */
    uint64_t next_ticket;             /* greater than any ever used */
    uint64_t next_said;               /* likewise of messages that clients said */
    bool frozen;
};
int store_begin(struct store *store, struct store_begin *begin, struct err *err);

/* Gives the run as stored, as records in an order that run_take understands: RUN, STATE, CONFIG, SERIES, SETTING,
 * ACTION, then of each series its last point as SCALAR_AT, checkpoints oldest first. `replayed` is set but for the last
 * two kinds (run_take passes over replayed ones); ids are the store's own. Texts live during the call. */
int store_replay(struct store *store, void (*each)(void *context, const struct record *record), void *context,
                 struct err *err);

/* The newest LIMIT_MESSAGES_SHOWN messages, oldest first: the trainer's (said 0) and the clients'; step MAILBOX_NO_STEP
 * where none was known. Texts live during the call. */
int store_messages(struct store *store,
                   void (*each)(void *context, uint64_t said, uint32_t level, struct text text, const char *by,
                                int64_t step, int64_t time_ns),
                   void *context, struct err *err);

/* How many points of a series (by the store's id, as replayed) are stored. */
uint64_t store_series_count(const struct store *store, uint32_t series);

/* The accepted requests without an outcome, ascending. Of the ticket given: number, code, actor, role, address, reason,
 * canonical, accepted_ns, until_step and deadline_ns (absolute, real clock) are filled in; phase ACCEPTED,
 * row_committed. The callback takes it over. */
int store_pending(struct store *store, void (*each)(void *context, struct ticket *ticket), void *context,
                  struct err *err);

/* A row to be committed: an acceptance; an outcome that the server judged (expired, cancelled, lost, refused because
 * the mailbox was full; applied: what the server itself does); or what a client said. Deep-copied by the loop; the
 * worker only reads. */
struct store_row {
    enum { STORE_ROW_ACCEPTED, STORE_ROW_OUTCOME, STORE_ROW_SAID } kind;
    int64_t time_ns;
    uint64_t ticket; /* of a message its number */
    enum code code;
    const char *actor, *address, *canonical, *reason; /* acceptance; of a message the actor */
    enum role role;
    int64_t deadline_ns, until_step;
    enum outcome_kind outcome; /* outcome */
    int error;
    bool reached;
    bool step_known;
    int64_t step;
    const char *detail; /* of a message its text */
    const char *result; /* of one that was applied: a JSON object, "" when none */
    bool changed;
    bool freezes, frozen; /* of an applied freeze: what the run is from now on */
    uint32_t level;       /* of a message */
};

struct store_commit {
    /* in */
    const struct store_row *rows;
    size_t rows_count;
    uint64_t gone_ordinal; /* trainers with an ordinal <= this are gone: their segments may be left unsealed */
    /* Another reader of the journal, in this process, stands here: nothing that it has not read is unlinked. NULL:
     * none. */
    const struct journal_position *follower;
    bool finish; /* read on until nothing is left, then make run.db self-contained (end of the server) */
    /* out */
    struct journal_position stored; /* after this commit */
    bool more;                      /* the journal holds more than one commit takes (8 MiB): commit again soon */
    bool full;                      /* failed for want of space */
    uint64_t points;                /* scalars stored by this commit */
    /* Missing roll-ups are made anew, some in each commit: points done, and to do (0: nothing is missing) */
    uint64_t rebuilt, rebuild_total;
    int segments_removed;
};

/* One transaction (with `finish` several). 0, or negative: nothing of the last one is in run.db, and a later call tries
 * it again (the rows are the caller's to hand over again; one that is there already is not written twice). ERR_FULL: no
 * space; ERR_BUSY: locked by another process for more than a second; ERR_DAMAGED; ERR_SYSTEM. WAL is checkpointed and
 * segments are unlinked here, at most every few seconds or when a sealed segment is covered. */
int store_commit(struct store *store, struct store_commit *commit, struct err *err);

/* Ends the writer: with `ended` (no trainer, all is stored) run.db becomes one self-contained file (no -wal), provided
 * that every reader is closed. NULL is fine. */
void store_close(struct store *store, bool ended);

/* ---- the reader lane; also the command line, offline ---- */

struct store_reader;
/* `exclusive`: RUN is not on a local file system (no -shm is used; ERR_BUSY while another connection has it open).
 * ERR_MISSING: no run.db. ERR_VERSION, ERR_FORMAT, ERR_DAMAGED, ERR_BUSY, ERR_SYSTEM. */
int store_reader_open(struct store_reader **reader, const char *run, bool exclusive, struct err *err);
/* Without a trace: no file is made beside run.db, no byte of it is changed. ERR_SYSTEM too where it was not closed in
 * good order. */
int store_reader_open_in_place(struct store_reader **reader, const char *run, struct err *err);
/* Where this process's own store was opened `exclusive` nobody else can open run.db: the reader then shares the
 * writer's connection, and each waits for the other. The reader must be closed first. */
int store_reader_share(struct store_reader **reader, struct store *writer, struct err *err);
void store_reader_close(struct store_reader *reader);

/* The result of code 8 as JSON: {"records":[...],"next":N or null,"head":{"sequence":..,"hash":"..."}}. `from` 0: from
 * the oldest; `limit` rows at most (0: 100); `ticket` 0: all. */
int store_audit_page(struct store_reader *reader, int64_t from, int64_t limit, int64_t ticket, struct buf *out,
                     struct err *err);

struct store_verdict {
    uint64_t records;      /* read */
    uint64_t bad_sequence; /* the first record that is not as it was written; 0: none */
    char why[200];
    uint64_t open; /* accepted without an outcome */
    char head[65]; /* the last hash */
};
/* Checks the SHA-256 chain and that no ticket has two outcomes. */
int store_verify(struct store_reader *reader, struct store_verdict *verdict, struct err *err);

/* ---- points ---- */

/* A series' points have a sequence number, from 0 on, and lie in segments: a new one begins (0, 1, 2, ...) where the
 * step is less than that of the point before it (after a restore). */
struct store_point {
    const char *series; /* name; lives during the call */
    uint64_t sequence;
    uint32_t segment;
    int64_t step, time_us;
    double value;
};

struct store_points_ask {
    const char *const *globs; /* series, as fnmatch with FNM_NOESCAPE has them; none: all */
    size_t globs_count;
    bool superseded; /* also points that a later segment has replaced: their step is not less than its first */
    int (*each)(void *context, const struct store_point *point);
    void *context;
    /* out */
    uint64_t total; /* points of these series, known before the first is given; with those that are superseded */
    uint64_t lost;  /* of them could not be read: damaged */
};

/* Gives the stored points, series by series in the order of their declaration, each in its own order. Stops when `each`
 * returns non-zero and returns that. ERR_MISSING: a glob that no series matches. */
int store_points(struct store_reader *reader, struct store_points_ask *ask, struct err *err);

/* Code 7. */
struct store_history_ask {
    const char *const *globs; /* series: names, or globs as above */
    size_t globs_count;
    bool by_time;
    bool has_from, has_to; /* else from the first, to the last */
    int64_t from, to;      /* both within: steps, or us since the epoch */
    unsigned points;       /* buckets or points of each series, at most */
};

/* The result of code 7 as JSON: as in doc/protocol.md. ERR_MISSING: a series that is not there; ERR_FULL: too many
 * series, or too long an answer: ask for less. */
int store_history(struct store_reader *reader, const struct store_history_ask *ask, struct buf *out, struct err *err);
/* The same of a run beside this one, by the name of its folder; as store_runs it leaves no trace there. ERR_INVALID:
 * not the name of a folder beside it. */
int store_history_beside(const char *run, const char *beside, const struct store_history_ask *ask, struct buf *out,
                         struct err *err);

/* ---- SQL ---- */

struct store_cell {
    enum { STORE_CELL_NULL, STORE_CELL_INTEGER, STORE_CELL_NUMBER, STORE_CELL_TEXT, STORE_CELL_BYTES } kind;
    int64_t integer;
    double number;    /* a NaN too */
    struct text text; /* lives during the call */
};

struct store_sql_ask {
    const char *sql; /* one statement */
    /* Once, before the rows; then of each row. Non-zero ends it and is returned. */
    int (*columns)(void *context, const char *const *names, int count);
    int (*row)(void *context, const struct store_cell *cells, int count);
    void *context;
    const volatile sig_atomic_t *interrupted; /* set by a signal handler: ends with ERR_CLOSED; NULL: never */
    bool lost;                                /* out: points that are damaged are missing in the answer */
};

/* A query over the run's views (doc/sql.md), all of one moment: while it lasts the writer cannot empty the WAL. Nothing
 * can be changed by it, no other file is opened. ERR_INVALID: not a query that can be answered; the text says why. */
int store_sql(struct store_reader *reader, struct store_sql_ask *ask, struct err *err);
/* What can be asked: each view with the names of its columns. */
int store_sql_views(struct store_reader *reader,
                    void (*each)(void *context, const char *view, const char *const *columns, int count), void *context,
                    struct err *err);

/* ---- runs beside this one ---- */

/* The result of code 13 as JSON: the runs in the folders beside `run` (an absolute path), without itself, newest first.
 * ERR_NOMEM, ERR_SYSTEM: the folder above it cannot be read. */
int store_runs(const char *run, struct buf *out, struct err *err);

#endif
