#include "store/messages.h"

#include "store/db.h"
#include "store/state.h"

int messages_add(struct store *store, uint64_t said, uint32_t level, const char *text, const char *by, int64_t step,
                 bool step_known, int64_t time_ns, struct err *err)
{
    sqlite3_stmt *add = store->statement[STATEMENT_SAID];
    sqlite3_bind_int64(add, 1, level);
    db_bind_text(add, 2, text_from(text));
    if (step_known)
        sqlite3_bind_int64(add, 3, step);
    sqlite3_bind_int64(add, 4, time_ns);
    db_bind_text(add, 5, text_from(by));
    db_bind_unsigned(add, 6, said);
    return db_run(add, err);
}

int store_messages(struct store *store,
                   void (*each)(void *context, uint64_t said, uint32_t level, struct text text, const char *by,
                                int64_t step, int64_t time_ns),
                   void *context, struct err *err)
{
    sqlite3_stmt *look;
    int code = db_prepare(store->db, &look,
                          "SELECT said,level,text,by,step,time_ns FROM"
                          " (SELECT * FROM messages ORDER BY id DESC LIMIT ?1) ORDER BY id",
                          err);
    if (!code)
        sqlite3_bind_int64(look, 1, LIMIT_MESSAGES_SHOWN);
    while (!code && (code = db_step(look, err)) > 0) {
        bool step_known = sqlite3_column_type(look, 4) != SQLITE_NULL;
        each(context, db_unsigned(look, 0), (uint32_t)sqlite3_column_int64(look, 1), db_text(look, 2),
             db_text(look, 3).data, step_known ? sqlite3_column_int64(look, 4) : MAILBOX_NO_STEP,
             sqlite3_column_int64(look, 5));
        code = 0;
    }
    sqlite3_finalize(look);
    return code;
}
