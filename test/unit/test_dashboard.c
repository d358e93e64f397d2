#include "cli/dashboard.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/columns.h"
#include "cli/row.h"
#include "unit.h"

#define GONE "\xEF\xBF\xBD"
#define CUT "\xE2\x80\xA6"
#define SHIP "\xF0\x9F\x9A\xA2" /* two columns */
#define SEA "\xE6\xB5\xB7"      /* two columns */
#define E_ACUTE "e\xCC\x81"     /* one column, two characters */

/* ---- columns ---- */

static void columns_are(const char *text, size_t expected)
{
    assert_int_equal(columns_of(text, strlen(text)), expected);
}

static void characters_are_as_wide_as_they_stand(void **state)
{
    (void)state;
    columns_are("", 0);
    columns_are("loss", 4);
    columns_are("gr\xC3\xBC\xC3\x9F", 4);
    columns_are(SEA SEA, 4);
    columns_are("a" SHIP "b", 4);
    columns_are(E_ACUTE E_ACUTE, 2);
    columns_are(GONE, 1);
    columns_are("\xEF\xBD\xB1", 1); /* half-width katakana */
    columns_are("\xEF\xBC\xA1", 2); /* full-width A */
    columns_are("\xED\x95\x9C", 2); /* hangul */
}

static void what_fits_ends_at_a_character(void **state)
{
    (void)state;
    static const char text[] = "a" SEA E_ACUTE "b";
    static const size_t fits[] = {0, 1, 1, 4, 7, 8, 8};
    for (size_t width = 0; width < sizeof fits / sizeof *fits; width++)
        assert_int_equal(columns_fit(text, sizeof text - 1, width), fits[width]);
}

static void row_is(const struct terminal *terminal, const char *text, const char *expected)
{
    struct buf out = {0};
    struct row row = row_begin(&out, terminal);
    row_text(&row, text);
    row_end(&row);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

static void a_row_is_cut_where_the_screen_ends(void **state)
{
    (void)state;
    const struct terminal five = {.width = 5, .height = 1};
    row_is(&five, "abcd", "abcd\033[K");
    row_is(&five, "abcde", "abcde");
    row_is(&five, "abcdef", "abcd" CUT);
    row_is(&five, "abc" SEA SEA, "abc" CUT "\033[K");
    row_is(&five, "a\033[2J\nbcd", "a" GONE "[2" CUT);
    row_is(&five, NULL, "\033[K");
}

/* ---- boards ---- */

static void take(struct board *board, const char *json)
{
    json_error_t error;
    json_t *parsed = json_loads(json, 0, &error);
    if (!parsed)
        fail_msg("%s: %s", error.text, json);
    json_decref(parsed);
    board_take(board, json);
}

static void take_printf(struct board *board, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void take_printf(struct board *board, const char *format, ...)
{
    char json[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(json, sizeof json, format, args);
    va_end(args);
    take(board, json);
}

static void add_series(struct board *board, int id, const char *name, const char *value)
{
    take_printf(board, "{\"event\":\"declared\",\"series\":{\"id\":%d,\"name\":\"%s\"}}", id, name);
    take_printf(board, "{\"event\":\"scalars\",\"points\":[[%d,411,1,%s]]}", id, value);
}

static void fill(struct board *board)
{
    take(board, "{\"code\":3,\"id\":\"x\",\"result\":{\"run\":{\"name\":\"gpt\",\"state\":\"running\",\"frozen\":true},"
                "\"settings\":{\"lr\":{\"value\":0.0003,\"revision\":3},\"dropout\":{\"value\":0.1,\"revision\":0}},"
                "\"pending\":[{\"ticket\":17,\"name\":\"set\",\"actor\":\"anna\",\"phase\":\"posted\",\"age\":1.25,"
                "\"at_step\":500}]}}");
    take(board, "{\"code\":9,\"result\":{\"clients\":[{\"id\":3,\"name\":\"anna\",\"topics\":[\"run\"],\"you\":false},"
                "{\"id\":4,\"name\":\"bob\",\"topics\":[],\"you\":false},"
                "{\"id\":5,\"name\":\"me\",\"topics\":[\"run\"],\"you\":true}],\"total\":3}}");
    take(board, "{\"event\":\"run\",\"state\":\"running\",\"step\":412,\"total\":2000,\"rate\":14.2,\"eta\":111.8,"
                "\"time\":1700000000}");
    take(board,
         "{\"event\":\"setting\",\"name\":\"lr\",\"value\":0.0003,\"revision\":3,\"step\":400,\"time\":1700000000,"
         "\"by\":\"trainer\",\"overrides\":16}");
    take(board, "{\"event\":\"message\",\"level\":\"warning\",\"text\":\"slow disk\",\"step\":411,\"time\":1700000001,"
                "\"by\":\"trainer\"}");
    add_series(board, 0, "train/loss", "1.5");
    add_series(board, 1, "val/loss", "2.25");
    add_series(board, 2, "train/grad", "0.125");
    take(board, "{\"event\":\"scalars\",\"points\":[[0,412,1,1.25]]}");
}

static void frame_is(const struct board *board, const struct terminal *terminal, const char *banner,
                     const char *expected)
{
    struct buf out = {0};
    dashboard_frame(board, banner, terminal, &out);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

#define END "\033[K\r\n"

static void all_stands_on_one_screen(void **state)
{
    (void)state;
    struct board board = {0};
    const struct terminal terminal = {.width = 80, .height = 24};
    fill(&board);
    frame_is(&board, &terminal, "",
             "\033[H"
             "gpt  running, frozen  2 watch: anna, you" END
             "step 412/2000  14.2 steps/s  ETA 1m 52s  [######----------------------] 20.6 %" END END "train/" END
             "  loss   1.25         @412        1.25 .. 1.5" END "  grad   0.125        @411" END
             "val/loss 2.25         @411" END END "settings  lr 0.0003 (ticket 16 did not last)  dropout 0.1" END END
             "pending   ticket 17  set by anna  posted  1.2 s ago  due at step 500" END END
             "22:13:20  lr = 0.0003 at step 400, revision 3, by trainer: what ticket 16 had s" CUT "\r\n"
             "22:13:21  warning at step 411: slow disk" END "\033[J");
    board_finish(&board);
}

static void a_banner_stands_below_the_head(void **state)
{
    (void)state;
    struct board board = {0};
    const struct terminal terminal = {.width = 30, .height = 3, .colour = true};
    take(&board, "{\"event\":\"run\",\"state\":\"lost\",\"step\":null}");
    frame_is(&board, &terminal, "nobody serves\033",
             "\033[H\033[1m\033[0m\033[31m  lost\033[0m\033[K\r\n\033[K\r\n\033[33mnobody serves" GONE "\033[0m\033[K");
    board_finish(&board);
}

static void what_is_not_finite_is_marked(void **state)
{
    (void)state;
    struct board board = {0};
    struct page page = {0};
    struct buf out = {0};
    const struct terminal terminal = {.width = 80, .height = 24, .colour = true};
    add_series(&board, 0, "a", "\"NaN\"");
    take(&board, "{\"event\":\"scalars\",\"points\":[[0,411,1,\"NaN\"],[0,412,1,\"-Infinity\"]]}");
    add_series(&board, 1, "b", "\"NaN\"");
    take(&board, "{\"event\":\"scalars\",\"points\":[[1,412,1,3],[1,413,1,2]]}");
    dashboard_series(&board.newest, &terminal, 9, &page);
    page_print(&page, &out);
    assert_string_equal(buf_string(&out),
                        "a\033[31m -inf\033[0m         @412\033[31m        2 not finite, at step 412\033[0m\033[K\r\n"
                        "b\033[1m 2\033[0m            @413\033[31m        1 not finite, at step 411\033[0m\033[K");
    page_finish(&page);
    buf_finish(&out);
    board_finish(&board);
}

/* ---- what does not fit ---- */

static void series_are(const struct board *board, int width, size_t room, const char *expected)
{
    struct page page = {0};
    struct buf out = {0};
    const struct terminal terminal = {.width = width, .height = 24};
    dashboard_series(&board->newest, &terminal, room, &page);
    page_print(&page, &out);
    assert_string_equal(buf_string(&out), expected);
    page_finish(&page);
    buf_finish(&out);
}

static void series_take_columns_and_then_are_counted(void **state)
{
    (void)state;
    struct board board = {0};
    char name[8];
    for (int i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "s%d", i);
        add_series(&board, i, name, "7");
    }
    series_are(&board, 36, 3, "s0 7              s3 7" END "s1 7              s4 7" END "s2 7              s5 7\033[K");
    series_are(&board, 36, 2, "s0 7              s1 7" END "+4 more; --series GLOB chooses\033[K");
    series_are(&board, 36, 1, "+6 more; --series GLOB chooses\033[K");
    series_are(&board, 10, 3, "s0 7" END "s1 7" END "+4 more; " CUT);
    series_are(&board, 36, 0, "");
    board_finish(&board);
}

/* The width of each row, without the control sequences that a frame is made of. */
static void assert_fits(const struct buf *frame, const struct terminal *terminal)
{
    struct buf row = {0};
    int rows = 1;
    const char *text = frame->data, *end = frame->data + frame->size;
    while (text < end) {
        if (*text == '\033') {
            assert_int_equal(text[1], '[');
            text += 2 + strspn(text + 2, "0123456789;");
            assert_non_null(strchr("HJKm", *text++));
        } else if (*text == '\r') {
            assert_int_equal(text[1], '\n');
            assert_true(columns_of(row.data ? row.data : "", row.size) <= (size_t)terminal->width);
            buf_clear(&row);
            rows += strncmp(text, "\r\n\033[J", 5) != 0;
            text += 2;
        } else {
            assert_true((unsigned char)*text >= ' ');
            buf_char(&row, *text++);
        }
    }
    assert_true(columns_of(row.data ? row.data : "", row.size) <= (size_t)terminal->width);
    assert_true(rows <= terminal->height);
    buf_finish(&row);
}

static void no_row_is_too_wide_and_no_frame_too_high(void **state)
{
    (void)state;
    struct board board = {0};
    char name[64];
    fill(&board);
    for (int i = 3; i < 120; i++) {
        snprintf(name, sizeof name, "%s%d/" SEA SHIP E_ACUTE "%d\\u001b[2J", i % 3 ? "layer" : SEA, i / 7, i);
        add_series(&board, i, name, i % 11 ? "-1.23456789e-7" : "\"NaN\"");
    }
    for (int i = 0; i < 70; i++)
        take_printf(&board,
                    "{\"event\":\"message\",\"level\":\"info\",\"text\":\"" SEA SEA SHIP "\\r\\n%d\",\"step\":%d}", i,
                    i);
    for (int width = 1; width <= 201; width += width < 90 ? 1 : 37) {
        for (int height = 1; height <= 60; height += height < 30 ? 1 : 10) {
            const struct terminal terminal = {.width = width, .height = height, .colour = width % 2};
            struct buf out = {0};
            dashboard_frame(&board, height % 3 ? "" : "the server has gone " SEA, &terminal, &out);
            assert_false(out.failed);
            assert_fits(&out, &terminal);
            buf_finish(&out);
        }
    }
    board_finish(&board);
}

/* ---- what a board keeps ---- */

static void last_line_is(const struct board *board, const char *expected)
{
    struct buf out = {0};
    board_last_line(board, &out);
    assert_string_equal(buf_string(&out), expected);
    buf_finish(&out);
}

static void a_board_knows_what_it_was_told(void **state)
{
    (void)state;
    struct board board = {0};
    last_line_is(&board, "step 0\n");
    assert_int_equal(board_take(&board, "no JSON"), 0);
    assert_int_equal(board_take(&board, "{\"CodeError\":41,\"code\":3}"), 3);
    assert_null(board.status);
    fill(&board);
    assert_true(board.changed);
    last_line_is(&board, "gpt  running  step 412/2000  14.2 steps/s  ETA 1m 52s\n");
    assert_int_equal(board.count, 2);
    assert_false(board.people_old);
    take(&board, "{\"event\":\"client\",\"change\":\"left\",\"name\":\"anna\",\"clients\":1}");
    assert_true(board.people_old);
    assert_int_equal(json_object_size(board.overridden), 1);
    take(&board, "{\"event\":\"setting\",\"name\":\"lr\",\"value\":1,\"by\":18}");
    assert_int_equal(json_object_size(board.overridden), 0);
    assert_true(board.status_old);
    for (int i = 0; i < 2 * BOARD_LINES; i++)
        take_printf(&board, "{\"event\":\"message\",\"level\":\"info\",\"text\":\"%d\"}", i);
    assert_int_equal(board.count, BOARD_LINES);
    assert_string_equal(board.line[board.first], "info: 64");
    board_finish(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_as_wide_as_they_stand),
        cmocka_unit_test(what_fits_ends_at_a_character),
        cmocka_unit_test(a_row_is_cut_where_the_screen_ends),
        cmocka_unit_test(all_stands_on_one_screen),
        cmocka_unit_test(a_banner_stands_below_the_head),
        cmocka_unit_test(what_is_not_finite_is_marked),
        cmocka_unit_test(series_take_columns_and_then_are_counted),
        cmocka_unit_test(no_row_is_too_wide_and_no_frame_too_high),
        cmocka_unit_test(a_board_knows_what_it_was_told),
    };
    return cmocka_run_group_tests(tests, in_utc, NULL);
}
