#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/chain.h"
#include "store/db.h"
#include "store/reader.h"

/* Tickets accepted so far, ascending; they nearly always come in that order. */
struct tickets {
    struct ticket_seen {
        int64_t ticket;
        bool judged;
    } * seen;
    size_t count, capacity;
};

struct walk {
    struct store_verdict *verdict;
    struct chain_head head; /* of the rows read */
    struct chain_row row;
    struct tickets tickets;
    struct buf scratch;
};

static bool bad(struct walk *walk, uint64_t sequence, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Always false. */
static bool bad(struct walk *walk, uint64_t sequence, const char *format, ...)
{
    va_list args;
    walk->verdict->bad_sequence = sequence;
    va_start(args, format);
    vsnprintf(walk->verdict->why, sizeof walk->verdict->why, format, args);
    va_end(args);
    return false;
}

/* Where the ticket stands, or would. */
static size_t place(const struct tickets *tickets, int64_t ticket)
{
    size_t low = 0, high = tickets->count;
    if (high && tickets->seen[high - 1].ticket < ticket)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tickets->seen[middle].ticket < ticket)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct ticket_seen *find(struct tickets *tickets, int64_t ticket)
{
    size_t at = place(tickets, ticket);
    return at < tickets->count && tickets->seen[at].ticket == ticket ? &tickets->seen[at] : NULL;
}

static bool add(struct tickets *tickets, int64_t ticket)
{
    if (tickets->count == tickets->capacity) {
        size_t capacity = tickets->capacity ? tickets->capacity * 2 : 64;
        struct ticket_seen *larger = realloc(tickets->seen, capacity * sizeof *larger);
        if (!larger)
            return false;
        tickets->seen = larger;
        tickets->capacity = capacity;
    }
    size_t at = place(tickets, ticket);
    memmove(tickets->seen + at + 1, tickets->seen + at, (tickets->count - at) * sizeof *tickets->seen);
    tickets->seen[at] = (struct ticket_seen){.ticket = ticket};
    tickets->count++;
    return true;
}

/* Is this the row that follows, as it was written? */
static bool link_holds(struct walk *walk, sqlite3_stmt *look, struct err *err)
{
    uint64_t sequence = db_unsigned(look, AUDIT_SEQUENCE), expected = walk->head.sequence + 1;
    struct chain_hash previous, stored, hash;
    if ((int64_t)sequence < (int64_t)expected)
        return bad(walk, expected, "record %" PRId64 " was never written", (int64_t)sequence);
    if (sequence > expected)
        return bad(walk, expected, "record %" PRIu64 " is missing", expected);
    if (!chain_hash_parse(&previous, db_text(look, AUDIT_PREVIOUS)) ||
        memcmp(&previous, &walk->head.hash, sizeof previous) != 0)
        return bad(walk, sequence, "record %" PRIu64 " does not follow the record before it", sequence);
    chain_from_columns(&walk->row, look);
    if (chain_hash_row(&hash, &previous, &walk->row, &walk->scratch, err))
        return false;
    if (!chain_hash_parse(&stored, db_text(look, AUDIT_HASH)) || memcmp(&stored, &hash, sizeof hash) != 0)
        return bad(walk, sequence, "record %" PRIu64 " is not as it was written", sequence);
    walk->head = (struct chain_head){sequence, hash};
    return true;
}

static bool ticket_holds(struct walk *walk, struct err *err)
{
    int64_t ticket = walk->row.field[AUDIT_TICKET].integer;
    uint64_t sequence = walk->head.sequence;
    struct ticket_seen *seen = find(&walk->tickets, ticket);
    if (text_is(walk->row.field[AUDIT_RECORD].text, AUDIT_ACCEPTED)) {
        if (seen)
            return bad(walk, sequence, "record %" PRIu64 " accepts ticket %" PRId64 " again", sequence, ticket);
        walk->verdict->open++;
        if (!add(&walk->tickets, ticket)) {
            err_set(err, ERR_NOMEM, "no memory to verify the audit");
            return false;
        }
        return true;
    }
    if (!seen)
        return bad(walk, sequence, "record %" PRIu64 " is an outcome of ticket %" PRId64 ", which was never accepted",
                   sequence, ticket);
    if (seen->judged)
        return bad(walk, sequence, "record %" PRIu64 " is a second outcome of ticket %" PRId64, sequence, ticket);
    seen->judged = true;
    walk->verdict->open--;
    return true;
}

/* 0 also where a record is bad: the verdict says so. */
static int walk_rows(struct walk *walk, sqlite3_stmt *look, struct err *err)
{
    int code;
    err->code = 0;
    while ((code = db_step(look, err)) > 0) {
        if (!link_holds(walk, look, err) || !ticket_holds(walk, err))
            return err->code;
        walk->verdict->records++;
    }
    return code;
}

/* Does the audit end where the writer left it? */
static int walk_end(struct walk *walk, sqlite3_stmt *look, struct err *err)
{
    int code = db_step(look, err);
    if (code < 0)
        return code;
    uint64_t sequence = code ? db_unsigned(look, 0) : 0;
    struct chain_hash hash = {{0}};
    bool sound = code && chain_hash_parse(&hash, db_text(look, 1));
    if (sequence > walk->head.sequence)
        bad(walk, walk->head.sequence + 1, "record %" PRIu64 " is missing: the audit went on to record %" PRIu64,
            walk->head.sequence + 1, sequence);
    else if (sequence < walk->head.sequence)
        bad(walk, sequence + 1, "record %" PRIu64 " was added by somebody else", sequence + 1);
    else if (!sound || memcmp(&hash, &walk->head.hash, sizeof hash) != 0)
        bad(walk, sequence ? sequence : 1, "the head of the audit is not the hash of its last record");
    return 0;
}

static int walk_all(struct walk *walk, struct store_reader *reader, struct err *err)
{
    sqlite3_stmt *rows = NULL, *end = NULL;
    int code = db_prepare(reader->db, &rows, "SELECT " AUDIT_COLUMNS " FROM audit ORDER BY sequence", err);
    if (!code)
        code = db_prepare(reader->db, &end, "SELECT sequence,hash FROM head", err);
    if (!code)
        code = walk_rows(walk, rows, err);
    if (!code && !walk->verdict->bad_sequence)
        code = walk_end(walk, end, err);
    sqlite3_finalize(rows);
    sqlite3_finalize(end);
    return code;
}

int store_verify(struct store_reader *reader, struct store_verdict *verdict, struct err *err)
{
    struct walk walk = {.verdict = verdict};
    struct err own = {0};
    err = err ? err : &own;
    *verdict = (struct store_verdict){0};
    buf_init(&walk.scratch);
    int code = reader_begin(reader, err);
    if (code)
        return code;
    code = walk_all(&walk, reader, err);
    reader_end(reader);
    chain_hash_text(verdict->head, &walk.head.hash);
    free(walk.tickets.seen);
    buf_finish(&walk.scratch);
    return code;
}
