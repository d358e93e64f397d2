#include "wire/server_view.h"

#include <signal.h>
#include <string.h>

#include "channel/mailbox.h"
#include "wire/json.h"
#include "wire/members.h"

/* ---- clients ---- */

static void topics_add(struct buf *out, unsigned topics)
{
    buf_char(out, '[');
    for (unsigned bit = 1; bit && *protocol_topic_name(bit); bit <<= 1) {
        if (!(topics & bit))
            continue;
        element(out);
        json_add_string(out, protocol_topic_name(bit));
    }
    buf_char(out, ']');
}

/* What a list and an event tell of a client. */
static void members_of_client(struct buf *out, const struct client_view *view)
{
    member_count(out, "id", view->id);
    member_text(out, "name", view->name);
    member_text(out, "role", protocol_role_name(view->role));
    member_text(out, "transport", view->transport);
    member_time(out, "since", view->since_ns);
}

void result_clients_open(struct buf *out)
{
    buf_text(out, "{\"clients\":[");
}

void result_clients_add(struct buf *out, const struct client_view *view)
{
    element(out);
    buf_char(out, '{');
    members_of_client(out, view);
    member_text(out, "address", view->address);
    member(out, "topics");
    topics_add(out, view->topics);
    member_count(out, "sent", view->sent);
    member_count(out, "missed", view->missed);
    if (view->you)
        member_bool(out, "you", true);
    buf_char(out, '}');
}

void result_clients_close(struct buf *out, uint64_t total)
{
    buf_char(out, ']');
    member_count(out, "total", total);
    buf_char(out, '}');
}

void event_client_members(struct buf *out, const char *change, const struct client_view *view, uint64_t clients)
{
    member_text(out, "change", change);
    members_of_client(out, view);
    member_count(out, "clients", clients);
}

void event_clients_members(struct buf *out, uint64_t joined, uint64_t left, uint64_t clients)
{
    member_text(out, "change", "many");
    member_count(out, "joined", joined);
    member_count(out, "left", left);
    member_count(out, "clients", clients);
}

/* ---- stats ---- */

static void open_group(struct buf *out, const char *name)
{
    member(out, name);
    buf_char(out, '{');
}

void result_stats(struct buf *out, const struct stats_view *view)
{
    buf_char(out, '{');
    member_text(out, "version", view->version);
    member_integer(out, "pid", view->pid);
    member_number(out, "uptime", view->uptime);
    member_number(out, "cpu", view->cpu);
    member_count(out, "resident", view->resident);
    member_count(out, "turns", view->turns);
    open_group(out, "clients");
    member_count(out, "now", view->clients_now);
    member_count(out, "most", view->clients_most);
    member_count(out, "ever", view->clients_ever);
    buf_char(out, '}');
    open_group(out, "requests");
    member_count(out, "answered", view->answered);
    member_count(out, "refused", view->refused);
    buf_char(out, '}');
    open_group(out, "bytes");
    member_count(out, "in", view->bytes_in);
    member_count(out, "out", view->bytes_out);
    buf_char(out, '}');
    open_group(out, "events");
    member_count(out, "published", view->published);
    member_count(out, "held", view->held);
    member_count(out, "held_bytes", view->held_bytes);
    member_count(out, "thinned", view->thinned);
    member_count(out, "gaps", view->gaps);
    buf_char(out, '}');
    open_group(out, "store");
    member_count(out, "commits", view->commits);
    member_count(out, "failed", view->commits_failed);
    member_count(out, "points", view->points);
    member_number(out, "last_commit", view->last_commit);
    buf_text(out, "}}");
}

/* ---- say, abort ---- */

void result_said(struct buf *out, uint64_t message, int64_t step, int64_t time_ns)
{
    buf_char(out, '{');
    member_count(out, "message", message);
    if (step == MAILBOX_NO_STEP)
        member_null(out, "step");
    else
        member_integer(out, "step", step);
    member_time(out, "time", time_ns);
    buf_char(out, '}');
}

void result_abort(struct buf *out, int signal, int exit_status)
{
    buf_char(out, '{');
    member_text(out, "signal", signal == SIGKILL ? "SIGKILL" : "SIGTERM");
    member_integer(out, "exit_status", exit_status);
    buf_char(out, '}');
}

/* ---- output ---- */

struct text output_standing(struct text line)
{
    while (line.size > 0 && line.data[line.size - 1] == '\r')
        line.size--;
    const char *back = line.size ? memrchr(line.data, '\r', line.size) : NULL;
    if (back) {
        line.size -= (size_t)(back + 1 - line.data);
        line.data = back + 1;
    }
    if (line.size > LIMIT_OUTPUT_LINE_BYTES)
        line.size = LIMIT_OUTPUT_LINE_BYTES;
    return line;
}

void result_output_open(struct buf *out)
{
    buf_text(out, "{\"lines\":[");
}

void result_output_add(struct buf *out, int64_t at, struct text line)
{
    element(out);
    buf_char(out, '{');
    member_integer(out, "at", at);
    member(out, "text");
    json_add_text(out, output_standing(line));
    buf_char(out, '}');
}

static void member_partial(struct buf *out, struct text partial)
{
    struct text standing = output_standing(partial);
    if (standing.size == 0)
        return;
    member(out, "partial");
    json_add_text(out, standing);
}

void result_output_close(struct buf *out, struct text partial, int64_t before, int64_t size)
{
    buf_char(out, ']');
    member_partial(out, partial);
    if (before < 0)
        member_null(out, "before");
    else
        member_integer(out, "before", before);
    member_integer(out, "size", size);
    buf_char(out, '}');
}

void event_output_members(struct buf *out, struct text lines, int64_t at, struct text partial, uint64_t skipped)
{
    const char *next = lines.data, *end = lines.data + lines.size;
    member(out, "lines");
    buf_char(out, '[');
    while (next < end) {
        const char *stop = memchr(next, '\n', (size_t)(end - next));
        stop = stop ? stop : end;
        element(out);
        json_add_text(out, output_standing(text_of(next, (size_t)(stop - next))));
        next = stop + 1;
    }
    buf_char(out, ']');
    member_integer(out, "at", at);
    member_partial(out, partial);
    if (skipped)
        member_count(out, "skipped", skipped);
}
