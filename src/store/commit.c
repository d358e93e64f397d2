#include "base/clock.h"
#include "base/log.h"
#include "store/audit.h"
#include "store/db.h"
#include "store/intake.h"
#include "store/messages.h"
#include "store/old_tail.h"
#include "store/settle.h"
#include "store/wal.h"

static int save_position(struct store *store, const struct journal_position *position, struct err *err)
{
    char incarnation[33];
    if (journal_position_compare(position, &store->position) == 0)
        return 0;
    incarnation_text(incarnation, &position->incarnation);
    sqlite3_stmt *save = store->statement[STATEMENT_POSITION];
    db_bind_text(save, 1, text_from(incarnation));
    db_bind_unsigned(save, 2, position->ordinal);
    db_bind_unsigned(save, 3, position->sequence);
    db_bind_unsigned(save, 4, position->offset);
    return db_run(save, err);
}

static int write_row(struct store *store, const struct store_row *row, struct err *err)
{
    if (row->kind == STORE_ROW_SAID)
        return messages_add(store, row->ticket, row->level, row->detail, row->actor, row->step, row->step_known,
                            row->time_ns, err);
    return audit_row(store, row, err);
}

/* What an older trimtab has stored comes before what the journal holds. */
static int convert(struct store *store, bool *more, struct err *err)
{
    int code = old_tail_convert(store, more, err);
    store->curves.rewrite = true;
    *more = true;
    return code ? code : curves_save(store, err);
}

static int write_all(struct store *store, struct store_commit *commit, struct err *err)
{
    uint64_t head = store->head.sequence;
    int code = 0;
    store->curves.rewrite |= commit->finish && store->curves.blocks > 1; /* read at once by whoever opens it */
    for (size_t i = 0; i < commit->rows_count && !code; i++)
        code = write_row(store, &commit->rows[i], err);
    if (!code && store->has_old_tail)
        code = convert(store, &commit->more, err);
    else if (!code)
        code = intake_read(store, &commit->more, err);
    if (!code && !commit->more)
        code = repair_slice(store, err);
    if (!code && store->head.sequence != head)
        code = audit_save_head(store, err);
    return code;
}

/* Some errors have rolled back already. One that fails is tried again before the next transaction. */
static void roll_back(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        db_run(store->statement[STATEMENT_ROLLBACK], NULL);
}

/* All that there is, or nothing: what is in memory is then loaded anew before the next transaction. */
static int transact(struct store *store, struct store_commit *commit, struct err *err)
{
    roll_back(store);
    int code = store->stale ? store_reload(store, err) : 0;
    if (!code)
        code = wal_begin(store, commit, err);
    if (!code)
        code = db_run(store->statement[STATEMENT_BEGIN], err);
    if (code)
        return code;
    struct journal_position position = store->position;
    if (store->reader)
        journal_reader_gone(store->reader, commit->gone_ordinal);
    code = write_all(store, commit, err);
    if (!code && store->reader)
        position = journal_reader_position(store->reader);
    if (!code)
        code = save_position(store, &position, err);
    if (!code)
        code = db_run(store->statement[STATEMENT_COMMIT], err);
    if (!code) {
        store->position = position;
        store->budget_bytes = STORE_BUDGET_MOST;
        commit->points += store->points;
        return 0;
    }
    roll_back(store);
    store->stale = true;
    store->budget_bytes = STORE_BUDGET_LEAST;
    return code;
}

int store_commit(struct store *store, struct store_commit *commit, struct err *err)
{
    int code = 0;
    pthread_mutex_lock(&store->lock);
    commit->more = false;
    commit->points = 0;
    commit->segments_removed = 0;
    do
        code = transact(store, commit, err);
    while (!code && commit->more && commit->finish);
    commit->more = !code && (commit->more || (!commit->finish && !repair_is_done(&store->repair)));
    commit->rebuilt = store->repair.done;
    commit->rebuild_total = repair_is_done(&store->repair) ? 0 : store->repair.total;
    commit->full = code == ERR_FULL;
    commit->stored = store->position;
    if (!code)
        commit->segments_removed = settle(store, commit->finish, commit->follower, clock_monotonic_ns());
    pthread_mutex_unlock(&store->lock);
    return code;
}
