#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/aside.h"
#include "store/audit.h"
#include "store/db.h"
#include "store/old_tail.h"
#include "store/read_only.h"
#include "store/schema.h"
#include "store/settle.h"
#include "store/state.h"

#define CHECK_BYTES_MAX (INT64_C(64) << 20) /* a larger database is not read whole at each start */

static const char *const statements[STATEMENT_COUNT] = {
#define X(NAME, sql) sql,
    STORE_STATEMENTS(X)
#undef X
};

/* ---- what is loaded ---- */

static int load_position(struct store *store, struct err *err)
{
    sqlite3_stmt *look;
    struct journal_position *position = &store->position;
    int code = db_prepare(store->db, &look, "SELECT incarnation,ordinal,sequence,offset FROM position", err);
    if (!code)
        code = db_step(look, err);
    if (code > 0) {
        position->ordinal = db_unsigned(look, 1);
        position->sequence = db_unsigned(look, 2);
        position->offset = db_unsigned(look, 3);
        struct text incarnation = db_text(look, 0);
        bool sound = incarnation.size == 32 && incarnation_parse(incarnation.data, &position->incarnation);
        code = sound ? 0 : err_set(err, ERR_DAMAGED, "run.db: the position makes no sense");
    } else if (!code) {
        code = err_set(err, ERR_DAMAGED, "run.db: the position is missing");
    }
    sqlite3_finalize(look);
    return code;
}

int store_reload(struct store *store, struct err *err)
{
    catalog_finish(&store->catalog);
    journal_reader_destroy(store->reader);
    store->reader = NULL;
    int code = load_position(store, err);
    if (!code)
        code = audit_load_head(store, err);
    if (!code)
        code = catalog_load(&store->catalog, store->db, err);
    if (!code)
        code = curves_load(store, err);
    if (!code)
        code = repair_load(store, err);
    if (!code)
        code = old_tail_load(store, err);
    if (!code && store->options.journal_fd >= 0)
        code = journal_reader_create(&store->reader, store->options.journal_fd, &store->position, err);
    store->stale = code != 0;
    return code;
}

/* ---- opening ---- */

/* Cheap, or in proportion to a small file. */
static int check(struct store *store, struct err *err)
{
    int64_t pages = 0, page_bytes = 0, problems = 0;
    int code = db_integer(store->db, "PRAGMA page_count", &pages, err);
    if (!code)
        code = db_integer(store->db, "PRAGMA page_size", &page_bytes, err);
    if (code || pages * page_bytes > CHECK_BYTES_MAX)
        return code;
    code = db_integer(store->db, "SELECT count(*) FROM pragma_quick_check(1) WHERE quick_check<>'ok'", &problems, err);
    return !code && problems ? err_set(err, ERR_DAMAGED, "run.db does not pass SQLite's check") : code;
}

static int set_up(struct store *store, struct err *err)
{
    const char *sync = store->options.full_sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL";
    int code = schema_check(store->db, err);
    if (code == ERR_VERSION || code == ERR_FORMAT)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!code)
        code = check(store, err);
    if (!code)
        code = schema_migrate(store->db, err);
    if (!code)
        code = db_exec(store->db, "PRAGMA journal_size_limit=16777216", err);
    if (!code)
        code = db_exec(store->db, sync, err);
    if (!code)
        settle_begin(store);
    for (int i = 0; i < STATEMENT_COUNT && !code; i++)
        code = db_prepare(store->db, &store->statement[i], statements[i], err);
    return code ? code : store_reload(store, err);
}

static void disconnect(struct store *store)
{
    journal_reader_destroy(store->reader);
    store->reader = NULL;
    catalog_finish(&store->catalog);
    curves_finish(&store->curves);
    repair_finish(&store->repair);
    for (int i = 0; i < STATEMENT_COUNT; i++) {
        sqlite3_finalize(store->statement[i]);
        store->statement[i] = NULL;
    }
    sqlite3_close(store->db);
    store->db = NULL;
    store->is_wal = false;
}

static int connect(struct store *store, struct err *err)
{
    int code = schema_peek(store->run, err);
    if (!code)
        code = db_open(&store->db, store->run, DB_NAME, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, err);
    if (!code && store->options.exclusive)
        code = db_exec(store->db, "PRAGMA locking_mode=EXCLUSIVE", err);
    if (!code)
        code = set_up(store, err);
    if (code)
        disconnect(store);
    return code;
}

/* The damaged one is gone from its place: begins a new one that goes on counting its tickets. */
static int begin_anew(struct store *store, const struct aside *aside, struct err *err)
{
    char sql[96];
    int code = connect(store, err);
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO meta VALUES('next_ticket',%llu)",
             (unsigned long long)aside->next_ticket);
    return code ? code : db_exec(store->db, sql, err);
}

static int replace_damaged(struct store *store, char notice[480], struct err *err)
{
    struct aside aside;
    char why[200];
    snprintf(why, sizeof why, "%.150s", err->text);
    int code = aside_move(&aside, store->run, store->options.run_fd, clock_real_ns(), err);
    if (!code)
        code = begin_anew(store, &aside, err);
    if (!code)
        snprintf(notice, 480,
                 "run.db was damaged (%s)%s%.80s; a new one was begun with what the journal still holds, "
                 "tickets go on from %llu (%s)",
                 why, *aside.name ? " and is kept as " : "", aside.name, (unsigned long long)aside.next_ticket,
                 aside.learned ? "learned from the old one" : "taken from the clock");
    return code;
}

int store_make(struct store **store, const struct store_options *options, struct err *err)
{
    struct store *made = calloc(1, sizeof *made);
    if (!made)
        return err_set(err, ERR_NOMEM, "no memory for the store");
    made->record = malloc(sizeof *made->record);
    made->second = malloc(sizeof *made->second);
    made->options = *options;
    snprintf(made->run, sizeof made->run, "%s", options->run);
    made->options.run = made->run;
    made->budget_bytes = STORE_BUDGET_MOST;
    tail_init(&made->tail);
    buf_init(&made->bytes);
    buf_init(&made->vals);
    pthread_mutex_init(&made->lock, NULL);
    *store = made;
    return made->record && made->second ? 0 : err_set(err, ERR_NOMEM, "no memory for the store");
}

void store_destroy(struct store *store)
{
    disconnect(store);
    tail_finish(&store->tail);
    buf_finish(&store->bytes);
    buf_finish(&store->vals);
    free(store->record);
    free(store->second);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

int store_open(struct store **store, const struct store_options *options, char notice[480], struct err *err)
{
    struct store *made = NULL;
    struct err own = {0};
    err = err ? err : &own;
    *store = NULL;
    notice[0] = 0;
    int code = store_make(&made, options, err);
    if (!code && aside_is_needed(options->run_fd, options->journal_fd, options->served))
        code = err_set(err, ERR_DAMAGED, "it is missing or empty, and what belongs to it is not");
    if (!code)
        code = connect(made, err);
    if (code == ERR_DAMAGED)
        code = replace_damaged(made, notice, err);
    if (!code)
        *store = made;
    else if (made)
        store_destroy(made);
    return code;
}

int store_begin(struct store *store, struct store_begin *begin, struct err *err)
{
    int64_t next, said = 1, frozen = 0;
    int code = db_integer(store->db,
                          "SELECT max((SELECT ifnull(max(ticket),0)+1 FROM audit),"
                          "(SELECT ifnull(max(ticket),0)+1 FROM early),"
                          "ifnull((SELECT value FROM meta WHERE name='next_ticket'),1))",
                          &next, err);
    if (!code)
        code = db_integer(store->db, "SELECT ifnull(max(said),0)+1 FROM messages", &said, err);
    if (!code)
        code = db_integer(store->db, "SELECT ifnull(max(value),0) FROM meta WHERE name='frozen'", &frozen, err);
    begin->position = store->position;
    begin->next_ticket = (uint64_t)next;
    begin->next_said = (uint64_t)said;
    begin->frozen = frozen != 0;
    return code;
}

void store_close(struct store *store, bool ended)
{
    if (!store)
        return;
    if (store->read_only) {
        read_only_close(store);
        return;
    }
    struct err err;
    settle(store, true, NULL, clock_monotonic_ns());
    if (ended && db_exec(store->db, "PRAGMA journal_mode=DELETE", &err))
        log_line(LOG_WARNING, "run.db keeps its -wal for now: %s", err.text);
    store_destroy(store);
}
