#include "store/wal.h"

#include "store/db.h"
#include "store/state.h"

/* As far as can be told beforehand. What comes in between is written without WAL, which is only slower. */
static bool brings_news(const struct store *store, const struct store_commit *commit)
{
    return commit->rows_count > 0 || store_has_work(store) || !commit->follower ||
           journal_position_compare(commit->follower, &store->position) > 0;
}

int wal_begin(struct store *store, const struct store_commit *commit, struct err *err)
{
    if (store->is_wal || !brings_news(store, commit))
        return 0;
    int code = db_exec(store->db, "PRAGMA journal_mode=WAL", err);
    store->is_wal = !code;
    return code;
}

bool store_has_work(const struct store *store)
{
    return store->has_old_tail || !repair_is_done(&store->repair);
}
