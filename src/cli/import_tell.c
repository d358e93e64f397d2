/* import_tell.c: what an import has made, and what it has left out. */
#include <inttypes.h>
#include <jansson.h>

#include "cli/import.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/table.h"

/* "1,204" */
static void grouped(char out[32], uint64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, number), at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

/* ---- what was left out ---- */

static void say_count(uint64_t count, const char *one, const char *several)
{
    char number[32];
    grouped(number, count);
    if (count > 0)
        say_wrong("%s %s", number, count == 1 ? one : several);
}

static void say_left_out(const struct import_left_out *left_out)
{
    say_count(left_out->others, "value that is no scalar (an image, a histogram, a text, ...) was passed over",
              "values that are no scalars (images, histograms, text, ...) were passed over");
    say_count(left_out->too_many, "value of one series too many was passed over; --series GLOB chooses which ones come",
              "values of series beyond the 4,096 of a run were passed over; --series GLOB chooses which ones come");
    say_count(left_out->too_long, "value with a tag of more than 1,024 bytes was passed over",
              "values with a tag of more than 1,024 bytes were passed over");
    say_count(left_out->bad_steps, "value with a step beyond 55 bits was passed over",
              "values with a step beyond 55 bits were passed over");
    say_count(left_out->changed, "series has another name than its tag, which is too long or holds what is no text",
              "series have other names than their tags, which are too long or hold what is no text");
    say_count(
        left_out->steps_back,
        "step goes back: its curve stands as it goes on from there; `trimtab export --segments` gives all points",
        "steps go back: their curves stand as they go on from there; `trimtab export --segments` gives all points");
    say_count(left_out->incomplete, "file ends within a record: it is still written, or was cut short",
              "files end within a record: they are still written, or were cut short");
    say_count(left_out->no_points, "folder has no such scalars: there is no run of it",
              "folders have no such scalars: there are no runs of them");
    say_count(left_out->damaged, "damaged record was passed over", "damaged records were passed over");
}

/* ---- what was made ---- */

static json_t *as_json(const struct import *import)
{
    const struct import_left_out *left_out = &import->left_out;
    json_t *runs = json_array();
    for (size_t i = 0; i < import->made_count; i++) {
        const struct imported *made = &import->made[i];
        struct buf path = {0}, from = {0};
        print_text(&path, made->place.path);
        print_text(&from, made->group->name);
        json_array_append_new(runs,
                              json_pack("{s:s, s:s, s:I, s:I}", "run", buf_string(&path), "from", buf_string(&from),
                                        "series", (json_int_t)made->series, "points", (json_int_t)made->points));
        buf_finish(&path);
        buf_finish(&from);
    }
    return json_pack("{s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:I, s:I, s:I}", "runs", runs, "passed_over",
                     "not_scalars", (json_int_t)left_out->others, "series_beyond", (json_int_t)left_out->too_many,
                     "tags_too_long", (json_int_t)left_out->too_long, "steps_beyond", (json_int_t)left_out->bad_steps,
                     "damaged", (json_int_t)left_out->damaged, "unread", (json_int_t)left_out->unread, "renamed",
                     (json_int_t)left_out->changed, "incomplete", (json_int_t)left_out->incomplete, "steps_back",
                     (json_int_t)left_out->steps_back);
}

static void add_row(struct table *table, const struct imported *made)
{
    char points[32];
    grouped(points, made->points);
    buf_printf(&table->text, "%u series", made->series);
    table_cell(table);
    buf_printf(&table->text, "%s point%s", points, made->points == 1 ? "" : "s");
    table_cell(table);
    table_text(table, made->group->name);
    table_text(table, made->place.path);
    table_row(table);
}

static void print_runs(const struct import *import, struct buf *out)
{
    struct table table = {0};
    for (size_t i = 0; i < import->made_count; i++)
        add_row(&table, &import->made[i]);
    table_print(&table, out, "imported");
    buf_text(out, "to look at it: trimtab serve ");
    print_shell_word(out, import->made[0].place.path);
    buf_char(out, '\n');
}

void import_tell(const struct import *import)
{
    struct buf out = {0};
    if (import->json) {
        json_t *told = as_json(import);
        print_value(&out, told);
        buf_char(&out, '\n');
        json_decref(told);
    } else if (import->made_count > 0) {
        print_runs(import, &out);
    }
    say_out(&out);
    buf_finish(&out);
    say_left_out(&import->left_out);
}
