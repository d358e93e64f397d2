#include "store/settle.h"

#include "base/log.h"
#include "store/db.h"

#define SETTLE_FRAMES 1000 /* pages in the WAL */
#define SETTLE_EVERY_NS (INT64_C(2000000000))

static int count_frames(void *context, sqlite3 *db, const char *name, int frames)
{
    (void)db;
    (void)name;
    ((struct store *)context)->wal_frames = frames;
    return SQLITE_OK;
}

void settle_begin(struct store *store)
{
    sqlite3_wal_autocheckpoint(store->db, 0);
    sqlite3_wal_hook(store->db, count_frames, store);
}

/* What everybody has read. */
static struct journal_position read_by_all(const struct store *store, const struct journal_position *follower)
{
    return follower && journal_position_compare(follower, &store->position) < 0 ? *follower : store->position;
}

static bool covers_segment(const struct store *store, const struct journal_position *read)
{
    return read->ordinal != store->unlinked.ordinal || read->sequence != store->unlinked.sequence;
}

static bool is_due(const struct store *store, const struct journal_position *read, int64_t now_ns)
{
    bool rested = now_ns - store->checkpoint_ns >= SETTLE_EVERY_NS;
    return store->wal_frames >= SETTLE_FRAMES || (rested && covers_segment(store, read));
}

/* True when every committed page is in run.db and synced; a reader that holds an old snapshot prevents that. */
static bool checkpoint(struct store *store, bool at_once)
{
    int frames, done;
    int code = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
    if (code && code != SQLITE_BUSY && !store->checkpoint_failed)
        log_line(LOG_WARNING, "run.db cannot be brought up to date, the journal is kept: %s",
                 sqlite3_errmsg(store->db));
    store->checkpoint_failed = code && code != SQLITE_BUSY;
    if (code || frames != done)
        return false;
    store->wal_frames = 0;
    if (at_once)
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return true;
}

/* A reader that stands still keeps the WAL from being emptied. What is in it is as safe once it is synced. */
static bool sync_wal(struct store *store)
{
    if (store->checkpoint_failed)
        return false;
    bool done = db_exec(store->db, "PRAGMA synchronous=FULL;BEGIN IMMEDIATE;UPDATE position SET offset=offset;COMMIT",
                        NULL) == 0;
    if (!sqlite3_get_autocommit(store->db))
        db_exec(store->db, "ROLLBACK", NULL);
    return db_exec(store->db, store->options.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL",
                   NULL) == 0 &&
           done;
}

int settle(struct store *store, bool at_once, const struct journal_position *follower, int64_t now_ns)
{
    struct journal_position read = read_by_all(store, follower);
    if (!at_once && !is_due(store, &read, now_ns))
        return 0;
    store->checkpoint_ns = now_ns;
    bool emptied = checkpoint(store, at_once);
    if (!covers_segment(store, &read) || store->options.journal_fd < 0 || (!emptied && !sync_wal(store)))
        return 0;
    store->unlinked = read;
    return journal_unlink_before(store->options.journal_fd, &read);
}
