/* state.h: what a store holds; for this room only. */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>

#include "channel/journal_reader.h"
#include "store/catalog.h"
#include "store/chain.h"
#include "store/curve.h"
#include "store/repair.h"
#include "store/store.h"
#include "store/tail.h"

#define STORE_BUDGET_MOST (8u * 1024 * 1024) /* bytes of the journal, for one transaction */
#define STORE_BUDGET_LEAST (64u * 1024)      /* after a failure, until one comes through */

/* X(NAME, sql): prepared once */
#define STORE_STATEMENTS(X)                                                                                            \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    X(COMMIT, "COMMIT")                                                                                                \
    X(ROLLBACK, "ROLLBACK")                                                                                            \
    X(POSITION, "UPDATE position SET incarnation=?1,ordinal=?2,sequence=?3,offset=?4")                                 \
    X(TRAINER, "INSERT OR REPLACE INTO trainers(ordinal,incarnation,run) VALUES(?1,?2,?3)")                            \
    X(STATE, "INSERT OR REPLACE INTO state(id,state,step,time_ns,ticket) VALUES(1,?1,?2,?3,?4)")                       \
    X(CONFIG, "INSERT INTO config(name,json) VALUES(?1,?2) ON CONFLICT(name) DO UPDATE SET json=excluded.json"         \
              " WHERE json IS NOT excluded.json")                                                                      \
    X(SERIES_ADD, "INSERT INTO series(id,name,unit,count) VALUES(?1,?2,?3,0)")                                         \
    X(SERIES_UNIT, "UPDATE series SET unit=?2 WHERE id=?1")                                                            \
    X(SERIES_POINT, "UPDATE series SET count=?2,step=?3,time_ns=?4,value=?5 WHERE id=?1")                              \
    X(SETTING, "INSERT OR REPLACE INTO settings(id,name,declaration,value,revision,ticket) VALUES(?1,?2,?3,?4,?5,?6)") \
    X(ACTION, "INSERT OR REPLACE INTO actions(id,name,declaration) VALUES(?1,?2,?3)")                                  \
    X(EFFECT, "INSERT INTO effects(setting,step,time_ns,value,revision,ticket,overrides)"                              \
              " VALUES(?1,?2,?3,?4,?5,?6,?7)")                                                                         \
    X(CHECKPOINT, "INSERT INTO checkpoints(name,path,bytes,step,time_ns) VALUES(?1,?2,?3,?4,?5)")                      \
    X(MESSAGE, "INSERT INTO messages(level,text,step,time_ns,by) VALUES(?1,?2,?3,?4,'trainer')")                       \
    X(SAID, "INSERT OR IGNORE INTO messages(level,text,step,time_ns,by,said) VALUES(?1,?2,?3,?4,?5,?6)")               \
    X(FROZEN, "INSERT OR REPLACE INTO meta(name,value) VALUES('frozen',?1)")                                           \
    X(GAP, "INSERT INTO gaps(scalars,others,from_step,to_step,reason,time_ns) VALUES(?1,?2,?3,?4,?5,?6)")              \
    X(TAIL, "INSERT INTO tail(id,points,data) VALUES((SELECT max(0,ifnull(max(id),0))+1 FROM tail),?1,?2)")            \
    X(TAIL_CLEAR, "DELETE FROM tail WHERE id>0")                                                                       \
    X(CHUNK, "INSERT INTO chunks(series,segment,sequence,points,first_step,last_step,least_us,most_us,data)"           \
             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)")                                                                    \
    X(CHUNK_LAST, "SELECT sequence,points,segment,last_step FROM chunks WHERE series=?1"                               \
                  " ORDER BY sequence DESC LIMIT 1")                                                                   \
    X(ROLLUP, "INSERT OR IGNORE INTO rollups(series,level,sequence,points,data) VALUES(?1,?2,?3,?4,?5)")               \
    X(ROLLUP_END, "SELECT sequence+points FROM rollups WHERE series=?1 AND level=?2 ORDER BY sequence DESC LIMIT 1")   \
    X(AUDIT, "INSERT INTO audit(" AUDIT_COLUMNS ")"                                                                    \
             " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19)")                            \
    X(HEAD, "UPDATE head SET sequence=?1,hash=?2")                                                                     \
    X(TICKET, "SELECT record,code FROM audit WHERE ticket=?1")                                                         \
    X(TICKET_MOST, "SELECT max((SELECT ifnull(max(ticket),0) FROM audit),"                                             \
                   "ifnull((SELECT value FROM meta WHERE name='next_ticket'),0))")                                     \
    X(EARLY, "SELECT outcome FROM early WHERE ticket=?1")                                                              \
    X(EARLY_COUNT, "SELECT count(*) FROM early")                                                                       \
    X(EARLY_ADD, "INSERT OR IGNORE INTO early(ticket,outcome) VALUES(?1,?2)")                                          \
    X(EARLY_REMOVE, "DELETE FROM early WHERE ticket=?1")

enum store_statement {
#define X(NAME, sql) STATEMENT_##NAME,
    STORE_STATEMENTS(X)
#undef X
        STATEMENT_COUNT
};

struct store {
    pthread_mutex_t lock; /* where the reader has to share the connection (locking_mode=EXCLUSIVE) */
    sqlite3 *db;
    sqlite3_stmt *statement[STATEMENT_COUNT];
    struct store_options options;
    char run[PATH_MAX];
    struct store_reader *read_only; /* whose connection this is; NULL: the store's own */
    bool is_wal;                    /* asked for on this connection */

    /* As of the last commit; changed within a transaction, and taken back by store_reload where it fails. */
    struct journal_position position;
    struct chain_head head;
    struct catalog catalog;
    struct curves curves;
    struct repair repair;
    bool has_old_tail;             /* of an older schema: before it is converted the journal waits */
    struct journal_reader *reader; /* NULL: no journal */
    bool stale;                    /* a transaction failed: all of the above must be loaded again */

    struct tail tail;               /* scratch: a block */
    struct record *record, *second; /* scratch */
    struct buf bytes, vals;         /* scratch */
    uint64_t points;                /* of the present transaction */
    uint64_t unknown_points;        /* since the last commit: of a series that was never declared */
    uint64_t budget_bytes;          /* of the journal, for one transaction: small after a failure */

    int wal_frames;
    int64_t checkpoint_ns;            /* monotonic: the last one */
    bool checkpoint_failed;           /* said once */
    struct journal_position unlinked; /* all before it is gone from the journal */
};

/* Loads everything as of the last commit and opens the journal there. */
int store_reload(struct store *store, struct err *err);

/* The memory alone; all but that. */
int store_make(struct store **store, const struct store_options *options, struct err *err);
void store_destroy(struct store *store);

#endif
