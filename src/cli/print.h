/* print.h: values as text for people. What came from the wire is made harmless: each control character (C0, DEL, C1,
 * those that reorder text) and each byte that is not UTF-8 becomes U+FFFD, so that no name or message drives a
 * terminal. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <jansson.h>

#include "base/buf.h"
#include "cli/terminal.h"

void print_text(struct buf *out, const char *text);       /* NULL prints nothing */
void print_lines(struct buf *out, const char *text);      /* as print_text, but LF and TAB stay */
void print_shell_word(struct buf *out, const char *text); /* in quotes where a shell needs them */
void print_member(struct buf *out, const json_t *object,
                  const char *name);                     /* a text, made harmless; "" where it is none */
void print_double(struct buf *out, double number);       /* the fewest digits that read back as the same */
void print_metric(struct buf *out, double number);       /* six digits; a whole number as it is */
void print_value(struct buf *out, const json_t *value);  /* a text without quotes, anything else as JSON */
bool print_same_value(const json_t *a, const json_t *b); /* 2 and 2.0 are the same */
void print_duration(struct buf *out, double seconds);    /* 0.4 s, 52 s, 1m 52s, 3h 07m 00s, 2d 04h 00m */
void print_bytes(struct buf *out, double bytes);         /* 512 B, 4.3 MB */
void print_clock(struct buf *out, double seconds, const char *format); /* strftime of local time */

/* Members that a newer or older server may leave out. */
const char *field_text(const json_t *object, const char *name);   /* "" */
double field_number(const json_t *object, const char *name);      /* NaN */
json_int_t field_integer(const json_t *object, const char *name); /* 0 */

/* ---- the replies, whole: {"code":..,"result":..}; lines with their ends ---- */

/* That of a run's state: green, yellow, red, or bold. */
enum terminal_colour print_state_colour(const char *state);
/* Is it one in which the run has ended? */
bool print_state_is_end(const char *state);

typedef void print_reply_fn(struct buf *out, const json_t *reply, const struct terminal *terminal);
print_reply_fn print_status, print_describe, print_outcome, print_audit, print_clients, print_stats, print_run_list;
/* An overview: a row a series; or the buckets and points themselves. */
print_reply_fn print_history, print_history_rows;

/* Of the settings of an outcome. "lr 0.001 -> 0.0003, dropout 0.1 -> 0.2"; where nothing was applied: "lr 0.001". */
void print_changes(struct buf *out, json_t *settings, bool applied);
/* "Refused by model (46): Detail (ticket 17)" of an error reply; one line without its end. */
void print_refusal(struct buf *out, const json_t *reply);
/* An event but `scalars` and `run`; one line, more of `output`, or nothing where it is not known. */
void print_event(struct buf *out, const json_t *event, const struct terminal *terminal);

#endif
