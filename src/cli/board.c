#include "cli/board.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/protocol.h"

static const struct terminal plain = {.width = 80};

void board_finish(struct board *board)
{
    newest_finish(&board->newest);
    json_decref(board->status);
    json_decref(board->people);
    json_decref(board->overridden);
    for (size_t i = 0; i < board->count; i++)
        free(board->line[(board->first + i) % BOARD_LINES]);
    *board = (struct board){0};
}

/* ---- what comes ---- */

/* Takes over the text. */
static void keep_line(struct board *board, char *text)
{
    if (!text)
        return;
    if (board->count == BOARD_LINES) {
        free(board->line[board->first]);
        board->first = (board->first + 1) % BOARD_LINES;
        board->count--;
    }
    board->line[(board->first + board->count++) % BOARD_LINES] = text;
}

static void keep_event(struct board *board, const json_t *event)
{
    struct buf text = {0};
    print_event(&text, event, &plain);
    if (text.size > 0 && !text.failed)
        keep_line(board, strndup(text.data, text.size - 1));
    buf_finish(&text);
}

static void take_setting(struct board *board, const json_t *event)
{
    const char *name = field_text(event, "name");
    const json_t *overrides = json_object_get(event, "overrides");
    board->status_old = true;
    if (!board->overridden)
        board->overridden = json_object();
    if (json_is_integer(overrides)) {
        json_object_set_new(board->overridden, name, json_integer(json_integer_value(overrides)));
        keep_event(board, event);
    } else if (json_is_integer(json_object_get(event, "by"))) {
        json_object_del(board->overridden, name);
    }
}

/* What changes the settings, what is pending, or whether the run is frozen. */
static void take_outcome(struct board *board, const json_t *event)
{
    board->status_old = true;
    keep_event(board, event);
}

static void take_people(struct board *board, const json_t *event)
{
    (void)event;
    board->people_old = true;
}

static void take_series(struct board *board, const json_t *event)
{
    newest_declared(&board->newest, event);
}

static void take_scalars(struct board *board, const json_t *event)
{
    newest_scalars(&board->newest, event);
}

static void take_run(struct board *board, const json_t *event)
{
    newest_run(&board->newest, event);
}

static void take_event(struct board *board, const json_t *event)
{
    static const struct {
        const char *name;
        void (*take)(struct board *board, const json_t *event);
    } kinds[] = {
        {"scalars", take_scalars},  {"run", take_run},         {"declared", take_series}, {"setting", take_setting},
        {"started", take_outcome},  {"outcome", take_outcome}, {"client", take_people},   {"message", keep_event},
        {"checkpoint", keep_event}, {"gap", keep_event},
    };
    const char *name = field_text(event, "event");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) != 0)
            continue;
        kinds[i].take(board, event);
        board->changed = true;
    }
}

static void take_reply(struct board *board, json_t *reply)
{
    json_int_t code = field_integer(reply, "code");
    json_t *result = json_object_get(reply, "result");
    json_t **kept = code == CODE_STATUS ? &board->status : code == CODE_CLIENTS ? &board->people : NULL;
    if (!kept || !json_is_object(result))
        return;
    json_decref(*kept);
    *kept = json_incref(result);
    board->changed = true;
}

json_int_t board_take(struct board *board, const char *line)
{
    json_t *message = json_loads(line, JSON_ALLOW_NUL, NULL);
    bool is_event = json_object_get(message, "event");
    json_int_t code = is_event ? 0 : field_integer(message, "code");
    if (is_event)
        take_event(board, message);
    else
        take_reply(board, message);
    json_decref(message);
    return code;
}

/* ---- what is told ---- */

void board_watchers(const struct board *board, struct buf *out)
{
    size_t i, count = 0;
    json_t *person;
    struct buf names = {0};
    json_array_foreach(json_object_get(board->people, "clients"), i, person)
    {
        if (json_array_size(json_object_get(person, "topics")) == 0)
            continue;
        buf_text(&names, count++ > 0 ? ", " : "");
        if (json_is_true(json_object_get(person, "you")))
            buf_text(&names, "you");
        else
            print_member(&names, person, "name");
    }
    if (count > 0)
        buf_printf(out, "%zu %s: %s", count, count == 1 ? "watches" : "watch", buf_string(&names));
    buf_finish(&names);
}

void board_last_line(const struct board *board, struct buf *out)
{
    const json_t *run = json_object_get(board->status, "run");
    print_member(out, run, "name");
    buf_text(out, *field_text(run, "name") ? "  " : "");
    print_text(out, board->newest.state);
    buf_text(out, *board->newest.state ? "  " : "");
    newest_progress(&board->newest, out);
    buf_char(out, '\n');
}
