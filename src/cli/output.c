#include <string.h>

#include "cli/columns.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/subscribe.h"
#include "cli/verbs.h"

#define ERASE_LINE "\r\033[K"

struct output {
    struct session session;
    struct args_integer lines;
    bool follow, json; /* as asked for: a pipe gets text too */
    json_t *page;      /* what was there when the following began */
    bool is_drawn;     /* an unfinished line stands there */
    struct buf out;
};

/* ---- lines ---- */

/* Colours and the like: ESC [ parameters, letter. What is left of any others is made harmless by who prints. */
static void add_without_colours(struct buf *out, const char *text)
{
    for (size_t size; *text; text += size) {
        size = strcspn(text, "\033");
        buf_add(out, text, size);
        text += size;
        size = *text ? 1 : 0;
        size_t parameters = text[size] == '[' ? strspn(text + size + 1, "0123456789:;<=>? ") : 0;
        if (size && text[1] == '[' && text[2 + parameters])
            size = parameters + 3;
        else
            buf_add(out, text, size);
    }
}

static void print_line(struct buf *out, const char *text, bool is_terminal)
{
    struct buf plain = {0};
    if (is_terminal) {
        add_without_colours(&plain, text);
        print_lines(out, buf_string(&plain));
    } else {
        buf_text(out, text);
    }
    buf_finish(&plain);
}

/* Only whole lines go into a pipe. */
static void print_page(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    const json_t *result = json_object_get(reply, "result");
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(result, "lines"), i, line)
    {
        print_line(out, field_text(line, "text"), terminal->is_terminal);
        buf_char(out, '\n');
    }
}

static void print_page_and_rest(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    const char *partial = field_text(json_object_get(reply, "result"), "partial");
    print_page(out, reply, terminal);
    if (!terminal->is_terminal || !*partial)
        return;
    print_line(out, partial, true);
    buf_char(out, '\n');
}

/* ---- following ---- */

/* Of what was asked for the newest lines that are shown at first. */
static void trim_page(const struct output *output, json_t *page)
{
    json_t *lines = json_object_get(page, "lines");
    json_int_t wanted = output->lines.given ? output->lines.value : LIMIT_OUTPUT_LINES_DEFAULT;
    while ((json_int_t)json_array_size(lines) > wanted && json_array_remove(lines, 0) == 0)
        continue;
}

/* How many lines of an event were in the page already: the first ones may be older than it. */
static size_t count_known(const json_t *page, json_int_t at)
{
    const json_t *lines = json_object_get(page, "lines");
    size_t i = json_array_size(lines), known = i;
    while (i > 0 && field_integer(json_array_get(lines, i - 1), "at") >= at)
        i--;
    return known - i;
}

static void draw_partial(struct output *output, const char *partial)
{
    struct buf line = {0};
    const struct terminal *terminal = &output->session.terminal;
    if (!terminal->erases || !*partial)
        return;
    print_line(&line, partial, true);
    if (!line.failed)
        buf_add(&output->out, line.data, columns_fit(line.data, line.size, (size_t)terminal->width - 1));
    output->is_drawn = true;
    buf_finish(&line);
}

static void erase_partial(struct output *output)
{
    buf_text(&output->out, output->is_drawn ? ERASE_LINE : "");
    output->is_drawn = false;
}

static void say_passed_over(struct output *output, const json_t *event)
{
    if (field_integer(event, "skipped") == 0)
        return;
    say_out(&output->out);
    say_wrong("%lld bytes of the output came too fast and are passed over", (long long)field_integer(event, "skipped"));
}

static void take_output(struct output *output, const json_t *event)
{
    const json_t *lines = json_object_get(event, "lines");
    size_t i = count_known(output->page, field_integer(event, "at"));
    erase_partial(output);
    say_passed_over(output, event);
    for (; i < json_array_size(lines); i++) {
        print_line(&output->out, json_string_value(json_array_get(lines, i)), output->session.terminal.is_terminal);
        buf_char(&output->out, '\n');
    }
    draw_partial(output, field_text(event, "partial"));
}

static void take_message(struct output *output, const char *line)
{
    json_t *message = json_loads(line, JSON_ALLOW_NUL, NULL);
    const char *name = field_text(message, "event");
    if (*name && output->json)
        session_line(&output->session, &output->out, line);
    else if (strcmp(name, "output") == 0)
        take_output(output, message);
    else if (strcmp(name, "gap") == 0)
        print_event(&output->out, message, &output->session.terminal);
    json_decref(message);
    say_out(&output->out);
}

/* The server's end is the end. */
static int follow(struct output *output)
{
    const char *line;
    int code;
    while ((code = trimtab_client_next(output->session.client, &line, SESSION_REPLY_SECONDS)) == TRIMTAB_CLIENT_OK ||
           code == TRIMTAB_CLIENT_TIMEOUT)
        if (code == TRIMTAB_CLIENT_OK)
            take_message(output, line);
    if (output->is_drawn)
        buf_char(&output->out, '\n');
    say_out(&output->out);
    return code == TRIMTAB_CLIENT_CLOSED ? CLI_DONE : session_lost(&output->session);
}

static json_t *page_request(int64_t lines, bool given)
{
    json_t *request = session_request(CODE_OUTPUT);
    if (given)
        json_object_set_new(request, protocol_arg_name(ARG_LINES), json_integer(lines));
    return request;
}

static void show_page(struct output *output)
{
    struct session *session = &output->session;
    json_t *page = json_object_get(session->reply, "result");
    output->page = json_incref(page);
    if (output->json) {
        session_show(session, print_page);
        return;
    }
    json_t *shown = json_pack("{s:{s:O}}", "result", "lines", json_object_get(page, "lines"));
    json_t *copy = json_deep_copy(shown);
    trim_page(output, json_object_get(copy, "result"));
    print_page(&output->out, copy, &session->terminal);
    draw_partial(output, field_text(page, "partial"));
    say_out(&output->out);
    json_decref(copy);
    json_decref(shown);
}

static int show_and_follow(struct output *output)
{
    struct session *session = &output->session;
    int64_t lines = output->json ? output->lines.value : 1000; /* more than shown: to see where the events join */
    bool given = !output->json || output->lines.given;
    int status =
        session_ask(session, subscribe_request("output", &(struct args_texts){0}, NULL), SESSION_REPLY_SECONDS);
    if (status == CLI_DONE)
        status = session_ask(session, page_request(lines, given), SESSION_REPLY_SECONDS);
    if (status != CLI_DONE)
        return status;
    show_page(output);
    return follow(output);
}

static int show(struct output *output)
{
    struct session *session = &output->session;
    int status = session_ask(session, page_request(output->lines.value, output->lines.given), SESSION_REPLY_SECONDS);
    return status == CLI_DONE ? session_show(session, print_page_and_rest) : status;
}

int verb_output(int argc, char **argv)
{
    struct output output = {.follow = false};
    struct session *session = &output.session;
    struct args args;
    const struct args_option options[] = {
        {"lines", ARGS_INTEGER, &output.lines, "N", "so many of the newest lines (100; at most 1000)"},
        {"follow", ARGS_FLAG, &output.follow, NULL, "go on with what comes, until the server ends"},
    };
    const struct args_spec spec = {
        .verb = "output",
        .operands = "",
        .details =
            "What the trainer printed, where `trimtab run` started it. Of a line that was drawn over and over (a\n"
            "progress bar) what was left standing. Into a pipe go its whole lines as text; --json gives the\n"
            "replies and events.\n\n"
            "Examples: trimtab output --lines 20\n"
            "          trimtab output --follow | grep -i warning\n\n" SESSION_EXIT_CODES,
        .groups = {{options, sizeof options / sizeof *options}, session_options(session)},
    };
    int status = args_take(&spec, argc, argv, &args);
    if (status != ARGS_GO)
        return status;
    output.json = session->json;
    status = session_open(session);
    session->json = output.json;
    if (status == CLI_DONE)
        status = output.follow ? show_and_follow(&output) : show(&output);
    json_decref(output.page);
    buf_finish(&output.out);
    session_close(session);
    return status;
}
