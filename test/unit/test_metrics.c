/* What Prometheus is told: its structure, and what stands in it. */
#include "wire/metrics.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sample_run.h"
#include "unit.h"

static const struct stats_view stats = {.version = "0.1.0",
                                        .pid = 1,
                                        .uptime = 3600.5,
                                        .cpu = 4.25,
                                        .resident = 9400000,
                                        .turns = UINT64_MAX,
                                        .answered = 812,
                                        .refused = 9,
                                        .last_commit = 0.0012};

/* ---- its structure ---- */

static bool is_name(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!strchr("abcdefghijklmnopqrstuvwxyz_", name[i]))
            return false;
    }
    return size > 8 && memcmp(name, "trimtab_", 8) == 0;
}

/* "name value" or "name{labels} value", of the family that was begun last. */
static void check_sample(const char *line, size_t size, const char *family)
{
    const char *space = memrchr(line, ' ', size);
    size_t name = strcspn(line, "{ ");
    char *end, value[64] = "";
    assert_true(space && name == strlen(family) && memcmp(line, family, name) == 0);
    assert_true(line[name] == ' ' ? line + name == space : space[-1] == '}');
    memcpy(value, space + 1, size - 1 - (size_t)(space - line));
    strtod(value, &end);
    assert_true(end > value && *end == '\0');
}

/* Each family begins with HELP and TYPE, once, and has a sample; counters, and no others, are named so. */
static void check_structure(struct buf *out)
{
    const char *text = buf_string(out), *line_end;
    char family[80] = "", type[16] = "", help[80];
    int samples = 1;
    assert_true(!out->failed && out->size > 0 && out->data[out->size - 1] == '\n');
    for (const char *line = text; *line; line = line_end + 1) {
        line_end = strchr(line, '\n');
        if (sscanf(line, "# HELP %79s %79[^\n]", help, family) == 2) {
            assert_true(samples > 0 && family[strlen(family) - 1] == '.');
            samples = -1;
        } else if (sscanf(line, "# TYPE %79s %15s", family, type) == 2) {
            bool total = strlen(family) > 6 && strcmp(family + strlen(family) - 6, "_total") == 0;
            assert_true(samples == -1 && strcmp(help, family) == 0 && is_name(family, strlen(family)));
            assert_int_equal(total, strcmp(type, "counter") == 0);
            char again[120];
            snprintf(again, sizeof again, "# HELP %s ", family);
            assert_null(strstr(line, again));
            samples = 0;
        } else {
            assert_true(samples >= 0);
            check_sample(line, (size_t)(line_end - line), family);
            samples++;
        }
    }
    assert_true(samples > 0);
}

static void must_have(struct buf *out, const char *line)
{
    char wanted[600];
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    if (!strstr(buf_string(out), wanted))
        fail_msg("%s\nis not in\n%s", line, buf_string(out));
}

static void must_lack(struct buf *out, const char *text)
{
    if (strstr(buf_string(out), text))
        fail_msg("%s\nis in\n%s", text, buf_string(out));
}

/* ---- samples ---- */

static void write_sample(struct buf *out)
{
    struct sample sample;
    sample_init(&sample);
    sample.settings[1].value.integer = 0;
    sample.run.frozen = true;
    buf_init(out);
    metrics_write(out, &(struct metrics_view){.run = &sample.run,
                                              .stats = &stats,
                                              .version = "0.1.0",
                                              .clients = 3,
                                              .pending = 2,
                                              .now_ns = SAMPLE_NOW_NS});
}

static void test_run(void **state)
{
    (void)state;
    struct buf out;
    write_sample(&out);
    check_structure(&out);
    must_have(&out, "trimtab_info{version=\"0.1.0\",run=\"gpt\"} 1");
    must_have(&out, "trimtab_time_seconds 1790000000.000000");
    must_have(&out, "trimtab_run_state{state=\"running\"} 1\ntrimtab_run_state{state=\"paused\"} 0");
    must_have(&out, "trimtab_run_state{state=\"lost\"} 0");
    must_have(&out, "trimtab_run_state_since_seconds 1789999940.000000");
    must_have(&out, "# TYPE trimtab_step gauge\ntrimtab_step 412");
    must_have(&out, "trimtab_planned_steps 2000");
    must_have(&out, "trimtab_steps_per_second 14.2");
    must_have(&out, "trimtab_frozen 1");
    must_have(&out, "trimtab_trainer_attached 1");
    must_have(&out, "trimtab_pending_requests 2");
    must_have(&out, "trimtab_clients 3");
    buf_finish(&out);
}

static void test_series(void **state)
{
    (void)state;
    struct buf out;
    write_sample(&out);
    must_have(&out, "trimtab_series_last{series=\"train/loss\",unit=\"nats\"} 1.83");
    must_have(&out, "trimtab_series_step{series=\"train/loss\"} 411");
    must_have(&out, "trimtab_series_timestamp_seconds{series=\"train/loss\"} 1790000000.250000");
    must_have(&out, "# TYPE trimtab_series_points_total counter\n"
                    "trimtab_series_points_total{series=\"train/loss\"} 412\n"
                    "trimtab_series_points_total{series=\"valid/loss\"} 0");
    must_lack(&out, "trimtab_series_last{series=\"valid/loss\""); /* never logged */
    must_lack(&out, "trimtab_series_step{series=\"valid/loss\"");
    buf_finish(&out);
}

static void test_settings(void **state)
{
    (void)state;
    struct buf out;
    write_sample(&out);
    must_have(&out, "trimtab_setting{setting=\"lr\"} 0.001\n"
                    "trimtab_setting{setting=\"batch \\\"size\\\"\"} 64\n"
                    "trimtab_setting{setting=\"amp\"} 1\n"
                    "trimtab_setting{setting=\"clip\"} NaN\n"
                    "# HELP trimtab_setting_info The value in effect of a setting that is a choice or a string.\n"
                    "# TYPE trimtab_setting_info gauge\n"
                    "trimtab_setting_info{setting=\"schedule\",value=\"cosine\"} 1\n"
                    "trimtab_setting_info{setting=\"note\",value=\"a \\\"b\\\"\\n\xef\xbf\xbd\"} 1");
    must_have(&out, "trimtab_setting_revision{setting=\"lr\"} 3");
    must_have(&out, "trimtab_setting_revision{setting=\"schedule\"} 0");
    buf_finish(&out);
}

static void test_server(void **state)
{
    (void)state;
    struct buf out;
    write_sample(&out);
    must_have(&out, "trimtab_server_uptime_seconds 3600.5");
    must_have(&out, "# TYPE trimtab_server_cpu_seconds_total counter\ntrimtab_server_cpu_seconds_total 4.25");
    must_have(&out, "trimtab_server_turns_total 18446744073709551615");
    must_have(&out, "trimtab_server_requests_answered_total 812");
    must_have(&out, "trimtab_server_requests_refused_total 9");
    must_have(&out, "trimtab_server_last_commit_seconds 0.0012");
    buf_finish(&out);
}

/* ---- what is not known ---- */

static void write_empty(struct buf *out)
{
    struct run run = {.state = RUN_WAITING};
    buf_init(out);
    metrics_write(out, &(struct metrics_view){.run = &run, .version = "0.1.0"});
}

static void test_empty(void **state)
{
    (void)state;
    struct buf out;
    write_empty(&out);
    check_structure(&out);
    must_have(&out, "trimtab_info{version=\"0.1.0\",run=\"\"} 1");
    must_have(&out, "trimtab_run_state{state=\"waiting\"} 1");
    must_have(&out, "trimtab_trainer_attached 0");
    static const char *const unknown[] = {"_since", "_step", "_steps", "_eta", "_series", "_setting", "_server"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        must_lack(&out, unknown[i]);
    buf_finish(&out);
}

static void test_odd_choice(void **state)
{
    (void)state;
    struct choice choice = {.text = "only"};
    struct setting settings[] = {
        {.name = "below", .choices = 1, .choice = &choice, .value = value_integer(VALUE_CHOICE, -1)},
        {.name = "above", .choices = 1, .choice = &choice, .value = value_integer(VALUE_CHOICE, 1)},
        {.name = "none"},
    };
    struct run run = {.settings = settings, .settings_count = 3};
    struct buf out;
    buf_init(&out);
    metrics_write(&out, &(struct metrics_view){.run = &run});
    check_structure(&out);
    must_lack(&out, "trimtab_setting_info");
    must_lack(&out, "trimtab_setting{");
    must_have(&out, "trimtab_setting_revision{setting=\"none\"} 0");
    buf_finish(&out);
}

/* ---- odd values ---- */

static void test_values(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{NAN, "NaN"},       {INFINITY, "+Inf"}, {-INFINITY, "-Inf"},
                 {-0.0, "-0.0"},     {1e300, "1e+300"},  {0.1, "0.1"},
                 {5e-324, "5e-324"}, {-12, "-12"},       {1.0 / 3, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct series series = {.name = "a", .unit = "", .logged = true, .step = -1, .value = cases[i].value};
        struct run run = {.series = &series, .series_count = 1};
        char line[120];
        struct buf out;
        buf_init(&out);
        metrics_write(&out, &(struct metrics_view){.run = &run});
        check_structure(&out);
        snprintf(line, sizeof line, "trimtab_series_last{series=\"a\",unit=\"\"} %s", cases[i].text);
        must_have(&out, line);
        must_have(&out, "trimtab_series_step{series=\"a\"} -1");
        buf_finish(&out);
    }
}

static void test_labels(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"\\", "\\\\"},
        {"a\nb\n", "a\\nb\\n"},
        {"\"", "\\\""},
        {"{},= #", "{},= #"},
        {"\xc3\xa9", "\xc3\xa9"},
        {"\xc3", "\xef\xbf\xbd"},
        {"a\xff\xfe\"", "a\xef\xbf\xbd\xef\xbf\xbd\\\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct setting setting = {.name = "s", .value = {.type = VALUE_STRING, .text = text_from(cases[i][0])}};
        struct run run = {.settings = &setting, .settings_count = 1};
        char line[120];
        struct buf out;
        buf_init(&out);
        metrics_write(&out, &(struct metrics_view){.run = &run});
        snprintf(line, sizeof line, "trimtab_setting_info{setting=\"s\",value=\"%s\"} 1", cases[i][1]);
        must_have(&out, line);
        buf_finish(&out);
    }
}

static void test_without_memory(void **state)
{
    (void)state;
    struct run run = {0};
    struct buf out = {.failed = true};
    metrics_write(&out, &(struct metrics_view){.run = &run, .stats = &stats, .version = ""});
    assert_true(out.failed && out.size == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_run),    cmocka_unit_test(test_series), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_server), cmocka_unit_test(test_empty),  cmocka_unit_test(test_odd_choice),
        cmocka_unit_test(test_values), cmocka_unit_test(test_labels), cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
