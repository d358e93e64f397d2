#include "store/chain.h"

#include <openssl/evp.h>
#include <string.h>

#include "store/db.h"

void chain_set_integer(struct chain_row *row, enum audit_field field, int64_t value)
{
    row->field[field] = (struct chain_field){.kind = CHAIN_INTEGER, .integer = value};
}

void chain_set_text(struct chain_row *row, enum audit_field field, struct text value)
{
    row->field[field] = (struct chain_field){.kind = CHAIN_TEXT, .text = value};
}

void chain_from_columns(struct chain_row *row, sqlite3_stmt *statement)
{
    *row = (struct chain_row){0};
    for (int i = 0; i < AUDIT_FIELD_COUNT; i++) {
        int type = sqlite3_column_type(statement, i);
        if (type == SQLITE_INTEGER)
            chain_set_integer(row, (enum audit_field)i, sqlite3_column_int64(statement, i));
        else if (type == SQLITE_TEXT)
            chain_set_text(row, (enum audit_field)i, db_text(statement, i));
        else if (type != SQLITE_NULL)
            row->field[i].kind = CHAIN_OTHER;
    }
}

void chain_bind(const struct chain_row *row, sqlite3_stmt *statement)
{
    for (int i = 0; i < AUDIT_FIELD_COUNT; i++) {
        const struct chain_field *field = &row->field[i];
        if (field->kind == CHAIN_INTEGER)
            sqlite3_bind_int64(statement, i + 1, field->integer);
        else if (field->kind == CHAIN_TEXT)
            db_bind_text(statement, i + 1, field->text);
    }
}

static void field_put(struct buf *out, const struct chain_field *field)
{
    switch (field->kind) {
    case CHAIN_NULL:
        buf_char(out, 'n');
        break;
    case CHAIN_INTEGER:
        buf_char(out, 'i');
        buf_u64(out, (uint64_t)field->integer);
        break;
    case CHAIN_TEXT:
        buf_char(out, 't');
        buf_u32(out, (uint32_t)field->text.size);
        buf_add(out, field->text.data, field->text.size);
        break;
    case CHAIN_OTHER:
        buf_char(out, '?');
        break;
    }
}

int chain_hash_row(struct chain_hash *hash, const struct chain_hash *previous, const struct chain_row *row,
                   struct buf *scratch, struct err *err)
{
    buf_clear(scratch);
    buf_add(scratch, previous->bytes, sizeof previous->bytes);
    for (int i = 0; i < AUDIT_FIELD_COUNT; i++)
        field_put(scratch, &row->field[i]);
    if (scratch->failed || !EVP_Digest(scratch->data, scratch->size, hash->bytes, NULL, EVP_sha256(), NULL))
        return err_set(err, ERR_NOMEM, "no memory to chain an audit row");
    return 0;
}

void chain_hash_text(char text[65], const struct chain_hash *hash)
{
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        text[2 * i] = digits[hash->bytes[i] >> 4];
        text[2 * i + 1] = digits[hash->bytes[i] & 15];
    }
    text[64] = 0;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool chain_hash_parse(struct chain_hash *hash, struct text text)
{
    if (text.size != 64)
        return false;
    for (int i = 0; i < 32; i++) {
        int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
