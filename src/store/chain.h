/* chain.h: an audit row and the SHA-256 that chains it to the row before it.
 *
 *   hash = SHA256(the previous row's hash, 32 bytes (of the first row: zeros) || the fields in the order of
 * AUDIT_FIELDS) field: 'n' where it is NULL 'i' and 8 bytes, little endian 't', u32 length, little endian, and the
 * bytes of the text The columns `previous` and `hash` hold the hashes as 64 lower-case hexadecimal digits. */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"

/* X(NAME, column). Of an acceptance CODE to UNTIL_STEP are set, of an outcome OUTCOME to VALS; the others are NULL. */
#define AUDIT_FIELDS(X)                                                                                                \
    X(SEQUENCE, "sequence")                                                                                            \
    X(TIME, "time_ns")                                                                                                 \
    X(TICKET, "ticket")                                                                                                \
    X(RECORD, "record")                                                                                                \
    X(CODE, "code")                                                                                                    \
    X(ACTOR, "actor")                                                                                                  \
    X(ROLE, "role")                                                                                                    \
    X(ADDRESS, "address")                                                                                              \
    X(REQUEST, "request")                                                                                              \
    X(REASON, "reason")                                                                                                \
    X(DEADLINE, "deadline_ns")                                                                                         \
    X(UNTIL_STEP, "until_step")                                                                                        \
    X(OUTCOME, "outcome")                                                                                              \
    X(ERROR, "error")                                                                                                  \
    X(STEP, "step")                                                                                                    \
    X(DETAIL, "detail")                                                                                                \
    X(VALS, "vals")

enum audit_field {
#define X(NAME, column) AUDIT_##NAME,
    AUDIT_FIELDS(X)
#undef X
        AUDIT_FIELD_COUNT,
    AUDIT_PREVIOUS = AUDIT_FIELD_COUNT, /* columns of the table that are not hashed */
    AUDIT_HASH,
    AUDIT_COLUMN_COUNT
};

#define AUDIT_COLUMN(NAME, column) column ","
#define AUDIT_COLUMNS AUDIT_FIELDS(AUDIT_COLUMN) "previous,hash"
#define AUDIT_ACCEPTED "accepted"
#define AUDIT_OUTCOME_ROW "outcome"

struct chain_field {
    enum { CHAIN_NULL, CHAIN_INTEGER, CHAIN_TEXT, CHAIN_OTHER } kind; /* OTHER: nothing that we ever wrote */
    int64_t integer;
    struct text text; /* borrowed */
};

struct chain_row {
    struct chain_field field[AUDIT_FIELD_COUNT];
};

struct chain_hash {
    uint8_t bytes[32];
};

struct chain_head {
    uint64_t sequence; /* of the last row; 0: none */
    struct chain_hash hash;
};

void chain_set_integer(struct chain_row *row, enum audit_field field, int64_t value);
void chain_set_text(struct chain_row *row, enum audit_field field, struct text value);
/* From a statement that selects AUDIT_COLUMNS; texts live until its next step. */
void chain_from_columns(struct chain_row *row, sqlite3_stmt *statement);
/* To a statement whose parameters 1 to AUDIT_FIELD_COUNT are the fields. */
void chain_bind(const struct chain_row *row, sqlite3_stmt *statement);

/* 0, or ERR_NOMEM. `scratch` is cleared. */
int chain_hash_row(struct chain_hash *hash, const struct chain_hash *previous, const struct chain_row *row,
                   struct buf *scratch, struct err *err);

void chain_hash_text(char text[65], const struct chain_hash *hash);
bool chain_hash_parse(struct chain_hash *hash, struct text text);

#endif
