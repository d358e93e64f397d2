#include "store/audit.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/db.h"
#include "store/vals.h"

#define EARLY_MAX 256 /* outcomes that wait for their acceptance */

const char *audit_outcome_name(enum outcome_kind kind)
{
    static const char *const names[] = {NULL, "applied", "refused", "expired", "cancelled", "lost"};
    return kind <= OUTCOME_LOST ? names[kind] : NULL;
}

/* Chains the row to the last one and adds it. SEQUENCE is set here. */
static int append(struct store *store, struct chain_row *row, struct err *err)
{
    struct chain_head next = {.sequence = store->head.sequence + 1};
    chain_set_integer(row, AUDIT_SEQUENCE, (int64_t)next.sequence);
    int code = chain_hash_row(&next.hash, &store->head.hash, row, &store->bytes, err);
    if (code)
        return code;
    char previous[65], hash[65];
    chain_hash_text(previous, &store->head.hash);
    chain_hash_text(hash, &next.hash);
    sqlite3_stmt *add = store->statement[STATEMENT_AUDIT];
    chain_bind(row, add);
    db_bind_text(add, AUDIT_PREVIOUS + 1, text_from(previous));
    db_bind_text(add, AUDIT_HASH + 1, text_from(hash));
    code = db_run(add, err);
    if (!code)
        store->head = next;
    return code;
}

struct known {
    bool accepted, judged;
    int64_t code; /* of the request, where it was accepted */
};

static int look_up(struct store *store, uint64_t ticket, struct known *known, struct err *err)
{
    sqlite3_stmt *look = store->statement[STATEMENT_TICKET];
    int code;
    *known = (struct known){0};
    db_bind_unsigned(look, 1, ticket);
    while ((code = db_step(look, err)) > 0) {
        if (text_is(db_text(look, 0), AUDIT_ACCEPTED)) {
            known->accepted = true;
            known->code = sqlite3_column_int64(look, 1);
        } else {
            known->judged = true;
        }
    }
    return code;
}

static int append_outcome(struct store *store, const struct record *record, int64_t request_code, struct err *err)
{
    struct buf *vals = &store->vals;
    struct chain_row row = {0};
    buf_clear(vals);
    vals_write(vals, record, request_code, &store->catalog, store->second);
    if (vals->failed)
        return err_set(err, ERR_NOMEM, "no memory for an audit row");
    chain_set_integer(&row, AUDIT_TIME, record->time_ns);
    chain_set_integer(&row, AUDIT_TICKET, (int64_t)record->outcome.ticket);
    chain_set_text(&row, AUDIT_RECORD, text_from(AUDIT_OUTCOME_ROW));
    chain_set_text(&row, AUDIT_OUTCOME, text_from(audit_outcome_name(record->outcome.outcome)));
    chain_set_integer(&row, AUDIT_ERROR, record->outcome.error);
    chain_set_integer(&row, AUDIT_STEP, record->step);
    chain_set_text(&row, AUDIT_DETAIL, record->outcome.detail);
    chain_set_text(&row, AUDIT_VALS, text_of(vals->data, vals->size));
    return append(store, &row, err);
}

static int look_up_integer(sqlite3_stmt *look, int64_t *value, struct err *err)
{
    int code = db_step(look, err);
    *value = code > 0 ? sqlite3_column_int64(look, 0) : 0;
    sqlite3_reset(look);
    return code < 0 ? code : 0;
}

/* Keeps an outcome until its acceptance comes; not one of a ticket that cannot have been given away yet, for it would
 * be taken for that of whoever is given it later. */
static int keep_early(struct store *store, const struct record *record, struct err *err)
{
    sqlite3_stmt *add = store->statement[STATEMENT_EARLY_ADD];
    int64_t waiting, most;
    int code = look_up_integer(store->statement[STATEMENT_EARLY_COUNT], &waiting, err);
    if (!code)
        code = look_up_integer(store->statement[STATEMENT_TICKET_MOST], &most, err);
    if (code)
        return code;
    bool possible = waiting < EARLY_MAX && record->outcome.ticket <= (uint64_t)most + TICKETS_AHEAD;
    buf_clear(&store->bytes);
    if (!possible || record_encode(&store->bytes, record) == ERR_INVALID) {
        log_line(LOG_WARNING, "the outcome of ticket %llu, which nobody asked for, is not kept",
                 (unsigned long long)record->outcome.ticket);
        return 0;
    }
    if (store->bytes.failed)
        return err_set(err, ERR_NOMEM, "no memory for an outcome");
    db_bind_unsigned(add, 1, record->outcome.ticket);
    db_bind_bytes(add, 2, store->bytes.data, store->bytes.size);
    return db_run(add, err);
}

/* The outcome that came before its acceptance, if one did. */
static int take_early(struct store *store, uint64_t ticket, struct err *err)
{
    sqlite3_stmt *look = store->statement[STATEMENT_EARLY], *remove = store->statement[STATEMENT_EARLY_REMOVE];
    db_bind_unsigned(look, 1, ticket);
    int code = db_step(look, err);
    if (code <= 0)
        return code;
    struct text bytes = db_bytes(look, 0);
    struct known known;
    struct record *early = malloc(sizeof *early);
    size_t skip;
    bool sound = early && record_decode((const uint8_t *)bytes.data, bytes.size, early, &skip) > 0 &&
                 early->kind == RECORD_OUTCOME;
    code = early ? look_up(store, ticket, &known, err) : err_set(err, ERR_NOMEM, "no memory for an outcome");
    if (!code && sound && !known.judged)
        code = append_outcome(store, early, known.code, err);
    sqlite3_reset(look);
    free(early);
    if (code)
        return code;
    db_bind_unsigned(remove, 1, ticket);
    return db_run(remove, err);
}

int audit_outcome(struct store *store, const struct record *record, struct err *err)
{
    struct known known;
    int code = look_up(store, record->outcome.ticket, &known, err);
    if (code)
        return code;
    if (known.judged) {
        log_line(LOG_WARNING, "a second outcome of ticket %llu is ignored", (unsigned long long)record->outcome.ticket);
        return 0;
    }
    return known.accepted ? append_outcome(store, record, known.code, err) : keep_early(store, record, err);
}

static void optional(struct chain_row *row, enum audit_field field, int64_t value, int64_t none)
{
    if (value != none)
        chain_set_integer(row, field, value);
}

static void accepted_row(struct chain_row *row, const struct store_row *from)
{
    chain_set_text(row, AUDIT_RECORD, text_from(AUDIT_ACCEPTED));
    chain_set_integer(row, AUDIT_CODE, from->code);
    chain_set_text(row, AUDIT_ACTOR, text_from(from->actor));
    chain_set_text(row, AUDIT_ROLE, text_from(protocol_role_name(from->role)));
    chain_set_text(row, AUDIT_ADDRESS, text_from(from->address));
    chain_set_text(row, AUDIT_REQUEST, text_from(from->canonical));
    chain_set_text(row, AUDIT_REASON, text_from(from->reason));
    optional(row, AUDIT_DEADLINE, from->deadline_ns, INT64_MAX);
    optional(row, AUDIT_UNTIL_STEP, from->until_step, MAILBOX_NO_STEP);
}

static void judged_vals(struct buf *vals, const struct store_row *from)
{
    buf_clear(vals);
    if (from->outcome == OUTCOME_APPLIED && from->result && *from->result)
        buf_printf(vals, "{\"result\":%s}", from->result);
    else if (from->outcome == OUTCOME_APPLIED)
        buf_printf(vals, "{\"changed\":%s}", from->changed ? "true" : "false");
    else if (from->outcome == OUTCOME_LOST)
        buf_printf(vals, "{\"reached\":%s}", from->reached ? "true" : "false");
    else
        buf_text(vals, "{}");
}

static int judged_row(struct store *store, struct chain_row *row, const struct store_row *from, struct err *err)
{
    judged_vals(&store->vals, from);
    if (store->vals.failed)
        return err_set(err, ERR_NOMEM, "no memory for an audit row");
    chain_set_text(row, AUDIT_RECORD, text_from(AUDIT_OUTCOME_ROW));
    chain_set_text(row, AUDIT_OUTCOME, text_from(audit_outcome_name(from->outcome)));
    chain_set_integer(row, AUDIT_ERROR, from->error);
    if (from->step_known)
        chain_set_integer(row, AUDIT_STEP, from->step);
    chain_set_text(row, AUDIT_DETAIL, text_from(from->detail));
    chain_set_text(row, AUDIT_VALS, text_of(store->vals.data, store->vals.size));
    return 0;
}

static int save_frozen(struct store *store, const struct store_row *from, struct err *err)
{
    sqlite3_stmt *save = store->statement[STATEMENT_FROZEN];
    if (!from->freezes)
        return 0;
    db_bind_unsigned(save, 1, from->frozen);
    return db_run(save, err);
}

/* With what depends on it: an outcome that came before its acceptance; the mark of a frozen run. */
static int append_row(struct store *store, const struct store_row *from, struct err *err)
{
    struct chain_row row = {0};
    int code = 0;
    chain_set_integer(&row, AUDIT_TIME, from->time_ns);
    chain_set_integer(&row, AUDIT_TICKET, (int64_t)from->ticket);
    if (from->kind == STORE_ROW_ACCEPTED)
        accepted_row(&row, from);
    else
        code = judged_row(store, &row, from, err);
    if (!code)
        code = append(store, &row, err);
    if (code)
        return code;
    return from->kind == STORE_ROW_ACCEPTED ? take_early(store, from->ticket, err) : save_frozen(store, from, err);
}

int audit_row(struct store *store, const struct store_row *from, struct err *err)
{
    struct known known;
    int code = look_up(store, from->ticket, &known, err);
    bool acceptance = from->kind == STORE_ROW_ACCEPTED;
    if (code || (acceptance ? known.accepted : known.judged))
        return code;
    if (!acceptance && !known.accepted) {
        log_line(LOG_WARNING, "an outcome of ticket %llu, which was never accepted, is ignored",
                 (unsigned long long)from->ticket);
        return 0;
    }
    return append_row(store, from, err);
}

int audit_load_head(struct store *store, struct err *err)
{
    sqlite3_stmt *look;
    int64_t last;
    int code = db_integer(store->db, "SELECT max(sequence) FROM audit", &last, err);
    if (code)
        return code;
    code = db_prepare(store->db, &look, "SELECT sequence,hash FROM head", err);
    if (!code)
        code = db_step(look, err);
    if (code > 0) {
        store->head.sequence = db_unsigned(look, 0);
        code = chain_hash_parse(&store->head.hash, db_text(look, 1)) ? 0 : ERR_DAMAGED;
    } else if (!code) {
        code = ERR_DAMAGED;
    }
    if (code == ERR_DAMAGED)
        err_set(err, code, "run.db: the end of the audit cannot be read");
    sqlite3_finalize(look);
    /* Rows that somebody else added are for store_verify to name; they must not stand in the way of new ones. */
    if (last > 0 && (uint64_t)last > store->head.sequence)
        store->head.sequence = (uint64_t)last;
    return code;
}

int audit_save_head(struct store *store, struct err *err)
{
    char hash[65];
    chain_hash_text(hash, &store->head.hash);
    sqlite3_stmt *save = store->statement[STATEMENT_HEAD];
    db_bind_unsigned(save, 1, store->head.sequence);
    db_bind_text(save, 2, text_from(hash));
    return db_run(save, err);
}
