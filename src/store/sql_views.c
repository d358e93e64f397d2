#include "store/sql_views.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/run.h"
#include "protocol/protocol.h"
#include "store/db.h"

/* trimtab_member(RECORD, NAME), trimtab_value(DECLARATION, VALUE), trimtab_word(KIND, NUMBER) are the functions below.
 */
#define SECONDS(column) column "/1000/1e6"
#define VIEW(name, query) "CREATE TEMP VIEW " name " AS SELECT " query ";"

static const char views[] = VIEW(
    "run", "trimtab_member(t.run,'name') AS name, trimtab_word('state',s.state) AS state, s.step AS step,"
           " trimtab_member(t.run,'total') AS total, trimtab_member(t.run,'started') AS started,"
           " " SECONDS("s.time_ns") " AS changed, trimtab_member(t.run,'host') AS host,"
                                    " trimtab_member(t.run,'pid') AS pid, trimtab_member(t.run,'command') AS command,"
                                    " (SELECT count(*) FROM main.trainers) AS lives"
                                    " FROM (SELECT run FROM main.trainers ORDER BY ordinal DESC LIMIT 1) AS t LEFT "
                                    "JOIN main.state AS s")
    VIEW("series", "id, name, unit, count, step, " SECONDS("time_ns") " AS time, trimtab_value(NULL,value) AS value"
                                                                      " FROM main.series")
        VIEW("settings",
             "id, name, trimtab_member(declaration,'type') AS type, trimtab_value(declaration,value) AS value,"
             " revision, trimtab_member(declaration,'min') AS min, trimtab_member(declaration,'max') AS max,"
             " trimtab_member(declaration,'choices') AS choices, trimtab_member(declaration,'unit') AS unit,"
             " trimtab_member(declaration,'doc') AS doc FROM main.settings")
            VIEW("effects", "s.name AS setting, e.step AS step, " SECONDS(
                                "e.time_ns") " AS time,"
                                             " trimtab_value(s.declaration,e.value) AS value, e.revision AS revision,"
                                             " nullif(e.ticket,0) AS ticket, nullif(e.overrides,0) AS overrides"
                                             " FROM main.effects AS e LEFT JOIN main.settings AS s ON s.id=e.setting")
                VIEW("requests", "sequence, ticket, " SECONDS(
                                     "time_ns") " AS time, trimtab_word('code',code) AS name, actor, role,"
                                                " address, request, reason, " SECONDS(
                                                    "deadline_ns") " AS deadline, until_step FROM main.audit"
                                                                   " WHERE record='accepted'")
                    VIEW("outcomes", "sequence, ticket, " SECONDS(
                                         "time_ns") " AS time, outcome, nullif(error,0) AS error, step, detail,"
                                                    " vals FROM main.audit WHERE record='outcome'")
                        VIEW("messages",
                             "id, step, " SECONDS("time_ns") " AS time, trimtab_word('level',level) AS level, text, by"
                                                             " FROM main.messages")
                            VIEW("checkpoints",
                                 "id, name, step, " SECONDS("time_ns") " AS time, path, bytes FROM main.checkpoints")
                                VIEW("config", "name, CASE WHEN json_valid(json) THEN json_extract(json,'$') ELSE json "
                                               "END AS value, json"
                                               " FROM main.config")
                                    VIEW("gaps", "id, from_step, to_step, " SECONDS(
                                                     "time_ns") " AS time, scalars, others, reason FROM main.gaps");

/* ---- functions ---- */

static void give_text(sqlite3_context *out, struct text text)
{
    sqlite3_result_text64(out, text.data ? text.data : "", text.size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void give_number(sqlite3_context *out, const struct value *value)
{
    if (value->type == VALUE_DOUBLE)
        sqlite3_result_double(out, value->number);
    else
        sqlite3_result_int64(out, value->integer);
}

/* NULL where there is no bound on that side. */
static void give_bound(sqlite3_context *out, const struct value *bound)
{
    bool endless =
        bound->type == VALUE_DOUBLE ? isinf(bound->number) : bound->integer == INT64_MIN || bound->integer == INT64_MAX;
    if (!endless)
        give_number(out, bound);
}

static void give_choices(sqlite3_context *out, const struct record_setting *setting)
{
    sqlite3_str *list = sqlite3_str_new(sqlite3_context_db_handle(out));
    sqlite3_str_appendchar(list, 1, '[');
    for (uint32_t i = 0; i < setting->choices; i++) {
        const struct text *choice = &setting->choice[i];
        sqlite3_str_appendall(list, i ? ",\"" : "\"");
        for (size_t at = 0; at < choice->size; at++) {
            char c = choice->data[at];
            if (c == '"' || c == '\\')
                sqlite3_str_appendchar(list, 1, '\\');
            if ((unsigned char)c < 0x20)
                sqlite3_str_appendf(list, "\\u%04x", c);
            else
                sqlite3_str_appendchar(list, 1, c);
        }
        sqlite3_str_appendchar(list, 1, '"');
    }
    sqlite3_str_appendchar(list, 1, ']');
    int size = sqlite3_str_length(list);
    char *text = sqlite3_str_finish(list);
    if (text)
        sqlite3_result_text(out, text, size, sqlite3_free);
    else
        sqlite3_result_error_nomem(out);
}

static void give_setting(sqlite3_context *out, const struct record_setting *setting, const char *name)
{
    static const char *const types[] = {"none", "double", "int", "bool", "choice", "string"};
    if (strcmp(name, "type") == 0)
        give_text(out, text_from(types[setting->type]));
    else if (strcmp(name, "unit") == 0)
        give_text(out, setting->unit);
    else if (strcmp(name, "doc") == 0)
        give_text(out, setting->doc);
    else if (strcmp(name, "choices") == 0 && setting->type == VALUE_CHOICE)
        give_choices(out, setting);
    else if (strcmp(name, "min") == 0 && setting->bounded)
        give_bound(out, &setting->min);
    else if (strcmp(name, "max") == 0 && setting->bounded)
        give_bound(out, &setting->max);
}

static void give_run(sqlite3_context *out, const struct record *record, const char *name)
{
    if (strcmp(name, "name") == 0)
        give_text(out, record->run.name);
    else if (strcmp(name, "host") == 0)
        give_text(out, record->run.host);
    else if (strcmp(name, "command") == 0)
        give_text(out, record->run.command);
    else if (strcmp(name, "pid") == 0)
        sqlite3_result_int64(out, record->run.pid);
    else if (strcmp(name, "total") == 0 && record->run.total_steps > 0)
        sqlite3_result_int64(out, record->run.total_steps);
    else if (strcmp(name, "started") == 0 && record->run.started_ns > 0)
        sqlite3_result_double(out, (double)record->run.started_ns / 1e9);
}

/* NULL where the bytes are no record. Its texts live as long as the value. */
static const struct record *decode(sqlite3_context *out, sqlite3_value *bytes)
{
    struct record *record = sqlite3_user_data(out);
    const uint8_t *data = sqlite3_value_blob(bytes);
    size_t size = (size_t)sqlite3_value_bytes(bytes), skip;
    return data && record_decode(data, size, record, &skip) > 0 ? record : NULL;
}

/* Of a setting's declaration, or of a run's record. */
static void member(sqlite3_context *out, int count, sqlite3_value **argument)
{
    const struct record *record = decode(out, argument[0]);
    const char *name = (const char *)sqlite3_value_text(argument[1]);
    (void)count;
    if (record && name && record->kind == RECORD_SETTING)
        give_setting(out, &record->setting, name);
    else if (record && name && record->kind == RECORD_RUN)
        give_run(out, record, name);
}

/* A choice by its name; what is kept as bytes is a NaN. */
static void value(sqlite3_context *out, int count, sqlite3_value **argument)
{
    const struct record *record = decode(out, argument[0]);
    int type = sqlite3_value_type(argument[1]);
    int64_t integer = sqlite3_value_int64(argument[1]);
    (void)count;
    if (type == SQLITE_INTEGER && record && record->kind == RECORD_SETTING && record->setting.type == VALUE_CHOICE &&
        integer >= 0 && integer < record->setting.choices)
        give_text(out, record->setting.choice[integer]);
    else if (type != SQLITE_BLOB)
        sqlite3_result_value(out, argument[1]);
}

static void word(sqlite3_context *out, int count, sqlite3_value **argument)
{
    static const char *const levels[] = {"", "info", "warning", "error"};
    const char *kind = (const char *)sqlite3_value_text(argument[0]), *name = NULL;
    int64_t number = sqlite3_value_int64(argument[1]);
    (void)count;
    if (!kind || sqlite3_value_type(argument[1]) != SQLITE_INTEGER)
        return;
    if (strcmp(kind, "code") == 0)
        name = protocol_code(number) ? protocol_code(number)->name : NULL;
    else if (strcmp(kind, "state") == 0)
        name = number >= RUN_WAITING && number <= RUN_LOST ? run_state_name((enum run_state)number) : NULL;
    else
        name = number >= 1 && number <= 3 ? levels[number] : NULL;
    if (name)
        give_text(out, text_from(name));
    else
        sqlite3_result_int64(out, number);
}

static const struct {
    const char *name;
    void (*call)(sqlite3_context *out, int count, sqlite3_value **argument);
} functions[] = {{"trimtab_member", member}, {"trimtab_value", value}, {"trimtab_word", word}};

int sql_views_create(sqlite3 *db, struct record *scratch, struct err *err)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (sqlite3_create_function(db, functions[i].name, 2, SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC,
                                    scratch, functions[i].call, NULL, NULL))
            return db_error(db, err, "the views");
    return db_exec(db, views, err);
}

void sql_views_finish(sqlite3 *db)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        sqlite3_create_function(db, functions[i].name, 2, SQLITE_UTF8, NULL, NULL, NULL, NULL);
}
