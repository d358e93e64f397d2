#include "channel/mailbox.h"
#include "store/chain.h"
#include "store/db.h"
#include "store/jsonw.h"
#include "store/reader.h"

#define PAGE_ROWS 100
#define PAGE_ROWS_MAX 1000
#define PAGE_BYTES (1u * 1024 * 1024) /* no further record is begun behind it */

static const char *code_name(int64_t code)
{
    const struct protocol_code *known = protocol_code(code);
    return known ? known->name : "";
}

static void text_member(struct buf *out, const char *name, sqlite3_stmt *row, int column)
{
    jsonw_name(out, name);
    jsonw_text(out, db_text(row, column));
}

static void integer_member(struct buf *out, const char *name, sqlite3_stmt *row, int column)
{
    jsonw_name(out, name);
    jsonw_integer(out, sqlite3_column_int64(row, column));
}

static void acceptance_members(struct buf *out, sqlite3_stmt *row)
{
    integer_member(out, "code", row, AUDIT_CODE);
    jsonw_name(out, "name");
    jsonw_text(out, text_from(code_name(sqlite3_column_int64(row, AUDIT_CODE))));
    text_member(out, "actor", row, AUDIT_ACTOR);
    text_member(out, "role", row, AUDIT_ROLE);
    text_member(out, "address", row, AUDIT_ADDRESS);
    jsonw_name(out, "request");
    jsonw_embed(out, db_text(row, AUDIT_REQUEST));
    text_member(out, "reason", row, AUDIT_REASON);
}

static void outcome_members(struct buf *out, sqlite3_stmt *row)
{
    text_member(out, "outcome", row, AUDIT_OUTCOME);
    integer_member(out, "error", row, AUDIT_ERROR);
    if (sqlite3_column_type(row, AUDIT_STEP) != SQLITE_NULL)
        integer_member(out, "step", row, AUDIT_STEP);
    text_member(out, "detail", row, AUDIT_DETAIL);
    jsonw_name(out, "values");
    jsonw_embed(out, db_text(row, AUDIT_VALS));
}

static void record(struct buf *out, sqlite3_stmt *row)
{
    buf_char(out, '{');
    integer_member(out, "sequence", row, AUDIT_SEQUENCE);
    jsonw_name(out, "time");
    jsonw_time(out, sqlite3_column_int64(row, AUDIT_TIME));
    integer_member(out, "ticket", row, AUDIT_TICKET);
    text_member(out, "record", row, AUDIT_RECORD);
    if (text_is(db_text(row, AUDIT_RECORD), AUDIT_ACCEPTED))
        acceptance_members(out, row);
    else
        outcome_members(out, row);
    text_member(out, "previous", row, AUDIT_PREVIOUS);
    text_member(out, "hash", row, AUDIT_HASH);
    buf_char(out, '}');
}

/* *next: the sequence of the first record that is not on this page; 0: there is none. */
static int records(struct store_reader *reader, int64_t from, int64_t limit, int64_t ticket, struct buf *out,
                   int64_t *next, struct err *err)
{
    sqlite3_stmt *look;
    size_t start = out->size;
    int code = db_prepare(reader->db, &look,
                          ticket ? "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence>=?1 AND ticket=?2"
                                   " ORDER BY sequence LIMIT ?3"
                                 : "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence>=?1 AND ?2=0"
                                   " ORDER BY sequence LIMIT ?3",
                          err);
    if (code)
        return code;
    sqlite3_bind_int64(look, 1, from);
    sqlite3_bind_int64(look, 2, ticket);
    sqlite3_bind_int64(look, 3, limit + 1);
    for (*next = 0; (code = db_step(look, err)) > 0; limit--) {
        if (!limit || out->size - start > PAGE_BYTES) {
            *next = sqlite3_column_int64(look, AUDIT_SEQUENCE);
            break;
        }
        if (out->size != start)
            buf_char(out, ',');
        record(out, look);
    }
    sqlite3_finalize(look);
    return code < 0 ? code : 0;
}

static int head(struct store_reader *reader, struct buf *out, struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(reader->db, &look, "SELECT sequence,hash FROM head", err);
    if (!code)
        code = db_step(look, err);
    if (code > 0) {
        buf_char(out, '{');
        integer_member(out, "sequence", look, 0);
        text_member(out, "hash", look, 1);
        buf_char(out, '}');
    }
    sqlite3_finalize(look);
    return code > 0 ? 0 : code ? code : err_set(err, ERR_DAMAGED, "run.db: the end of the audit is missing");
}

static int page(struct store_reader *reader, int64_t from, int64_t limit, int64_t ticket, struct buf *out,
                struct err *err)
{
    int64_t next;
    buf_text(out, "{\"records\":[");
    int code = records(reader, from, limit, ticket, out, &next, err);
    if (code)
        return code;
    buf_text(out, "],\"next\":");
    if (next)
        jsonw_integer(out, next);
    else
        buf_text(out, "null");
    buf_text(out, ",\"head\":");
    code = head(reader, out, err);
    buf_char(out, '}');
    return code;
}

int store_audit_page(struct store_reader *reader, int64_t from, int64_t limit, int64_t ticket, struct buf *out,
                     struct err *err)
{
    size_t start = out->size;
    if (limit <= 0)
        limit = PAGE_ROWS;
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = page(reader, from, limit > PAGE_ROWS_MAX ? PAGE_ROWS_MAX : limit, ticket, out, err);
    reader_end(reader);
    if (!code && out->failed)
        code = err_set(err, ERR_NOMEM, "no memory for a page of the audit");
    if (code)
        out->size = start;
    return code;
}
