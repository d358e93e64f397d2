#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"
#include "store/state.h"

static enum role role_named(struct text name)
{
    for (int role = ROLE_VIEWER; role <= ROLE_ADMIN; role++)
        if (text_is(name, protocol_role_name((enum role)role)))
            return (enum role)role;
    return ROLE_NONE;
}

static char *copy(struct text text)
{
    char *copied = malloc(text.size + 1);
    if (copied)
        memcpy(copied, text.data, text.size);
    if (copied)
        copied[text.size] = 0;
    return copied;
}

static int64_t integer_or(sqlite3_stmt *row, enum audit_field field, int64_t none)
{
    return sqlite3_column_type(row, (int)field) == SQLITE_NULL ? none : sqlite3_column_int64(row, (int)field);
}

/* NULL: no memory. */
static struct ticket *ticket_of(sqlite3_stmt *row)
{
    struct ticket *ticket = calloc(1, sizeof *ticket);
    if (!ticket)
        return NULL;
    ticket->number = db_unsigned(row, AUDIT_TICKET);
    ticket->code = (enum code)sqlite3_column_int(row, AUDIT_CODE);
    ticket->phase = TICKET_ACCEPTED;
    snprintf(ticket->actor, sizeof ticket->actor, "%s", db_text(row, AUDIT_ACTOR).data);
    snprintf(ticket->address, sizeof ticket->address, "%s", db_text(row, AUDIT_ADDRESS).data);
    ticket->role = role_named(db_text(row, AUDIT_ROLE));
    ticket->reason = copy(db_text(row, AUDIT_REASON));
    ticket->canonical = copy(db_text(row, AUDIT_REQUEST));
    ticket->accepted_ns = sqlite3_column_int64(row, AUDIT_TIME);
    ticket->deadline_ns = integer_or(row, AUDIT_DEADLINE, INT64_MAX);
    ticket->until_step = integer_or(row, AUDIT_UNTIL_STEP, MAILBOX_NO_STEP);
    ticket->row_committed = true;
    if (ticket->reason && ticket->canonical)
        return ticket;
    ticket_destroy(ticket);
    return NULL;
}

int store_pending(struct store *store, void (*each)(void *context, struct ticket *ticket), void *context,
                  struct err *err)
{
    static const char sql[] =
        "SELECT " AUDIT_COLUMNS " FROM audit AS a WHERE record='" AUDIT_ACCEPTED "' AND NOT EXISTS"
        " (SELECT 1 FROM audit AS b WHERE b.ticket=a.ticket AND b.record='" AUDIT_OUTCOME_ROW "') ORDER BY ticket";
    sqlite3_stmt *look;
    int code = db_prepare(store->db, &look, sql, err);
    while (!code && (code = db_step(look, err)) > 0) {
        struct ticket *ticket = ticket_of(look);
        code = ticket ? 0 : err_set(err, ERR_NOMEM, "no memory for the pending requests");
        if (ticket)
            each(context, ticket);
    }
    sqlite3_finalize(look);
    return code;
}
