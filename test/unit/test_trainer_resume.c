/* What one life of a run leaves to the next. */
#include "test_trainer.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct values {
    double lr;
    int64_t batch;
    bool frozen;
    int optimizer;
    char note[300];
};

static const struct values plain = {.lr = 0.5, .batch = 32, .optimizer = 1, .note = "n"};
static const trimtab_options resume = {.name = "digits", .resume = true};

static void declare(struct server *server, struct values *values)
{
    static const char *const choices[] = {"sgd", "adam", "lion", NULL};

    trimtab_setting_double(server->run, "lr", &values->lr, 0, 0, NULL);
    trimtab_setting_int(server->run, "batch", &values->batch, 0, 0, NULL);
    trimtab_setting_bool(server->run, "frozen", &values->frozen, NULL);
    trimtab_setting_choice(server->run, "optimizer", &values->optimizer, choices, NULL);
    trimtab_setting_string(server->run, "note", values->note, sizeof values->note, NULL);
}

static void begin(struct server *server, const trimtab_options *options, struct values *values)
{
    server_open(server, options);
    declare(server, values);
}

static void control_point(struct server *server, int64_t step)
{
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
}

static uint64_t revision_of(struct server *server, const char *name)
{
    const struct record *record;

    while ((record = server_next(server, RECORD_SETTING)))
        if (text_is(record->setting.name, name))
            return record->setting.revision;
    fail_msg("no setting %s", name);
    return 0;
}

static void set_lr(struct server *server, double lr, int64_t step)
{
    uint64_t ticket = server_set(server, FIRST, value_double(lr), MAILBOX_ANY_REVISION);

    assert_int_equal(server_answer(server, ticket, &step)->outcome, OUTCOME_APPLIED);
}

/* ---- revisions ---- */

static void revisions_go_on(void **state)
{
    struct server *server = *state;
    struct values values = plain;

    begin(server, NULL, &values);
    assert_int_equal(revision_of(server, "lr"), 0);
    set_lr(server, 0.1, 1);
    set_lr(server, 0.2, 2);
    server_close(server);
    begin(server, NULL, &values); /* not asked to resume: they go on all the same */
    assert_int_equal(revision_of(server, "lr"), 2);
    assert_int_equal(revision_of(server, "batch"), 0);
    int64_t step = 3;
    const struct record_outcome *outcome = server_answer(server, server_set(server, FIRST, value_double(1), 0), &step);
    assert_int_equal(outcome->error, 50);
    outcome = server_answer(server, server_set(server, FIRST, value_double(1), 2), &step);
    assert_int_equal(outcome->item[0].revision, 3);
    assert_int_equal(server_count(server, RECORD_MESSAGE), 0);
    server_close(server);
    server_open(server, NULL);
    control_point(server, 4); /* a life in which it is not declared */
    server_close(server);
    begin(server, NULL, &values);
    assert_int_equal(revision_of(server, "lr"), 3);
}

/* Killed right after the outcome was told. */
static void a_kill_loses_no_revision(void **state)
{
    struct server *server = *state;
    struct values values = plain;
    int status;

    for (uint64_t life = 0; life < 20; life++) {
        int ends[2];
        char byte;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            int64_t step = 1;
            begin(server, &resume, &values);
            (void)server_set(server, FIRST, value_double((double)life), life);
            (void)trimtab_control_point(server->run, &step);
            (void)!write(ends[1], server->run->setting[FIRST - 1]->revision == life + 1 ? "y" : "n", 1);
            for (;;)
                pause();
        }
        close(ends[1]);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(byte, 'y');
        close(ends[0]);
    }
}

/* ---- what is told ---- */

static const struct record *expect_resumed(struct server *server, const char *message, const char *json)
{
    assert_text(server_config(server, "resumed")->config.json, json);
    const struct record *record = server_expect(server, RECORD_MESSAGE);
    assert_text(record->message.text, message);
    assert_int_equal(record->message.level, TRIMTAB_INFO);
    return record;
}

static void tells_what_differs(void **state)
{
    struct server *server = *state;
    struct values values = plain;

    begin(server, &resume, &values);
    control_point(server, 7);
    assert_int_equal(server_count(server, RECORD_MESSAGE), 0); /* there was nothing to resume */
    set_lr(server, 0.25, 8);
    assert_int_equal(trimtab_checkpoint(server->run, "step-8", "/c/8", 99), TRIMTAB_OK);
    values.batch = 64; /* a schedule's doing */
    control_point(server, 40);
    server_close(server);
    values = (struct values){.lr = 0.5, .batch = 64, .frozen = true, .optimizer = 2, .note = "other"};
    begin(server, &resume, &values);
    assert_int_equal(server_count(server, RECORD_MESSAGE), 0);
    control_point(server, 8);
    assert_float_equal(values.lr, 0.5, 0); /* nothing old is applied */
    expect_resumed(server,
                   "resumed after step 40: lr is 0.5 and was 0.25; frozen is true and was false; optimizer is \"lion\" "
                   "and was \"adam\"; note is \"other\" and was \"n\"",
                   "{\"life\":2,\"step\":40,\"checkpoint\":\"step-8\",\"settings\":{\"lr\":0.25,\"frozen\":false,"
                   "\"optimizer\":\"adam\",\"note\":\"n\"}}");
    control_point(server, 9);
    assert_int_equal(server_count(server, RECORD_MESSAGE), 0);
    server_close(server);
    begin(server, &resume, &values);
    control_point(server, 9);
    expect_resumed(server, "resumed after step 9: all settings are as they were",
                   "{\"life\":3,\"step\":9,\"checkpoint\":\"step-8\",\"settings\":{}}");
}

/* Before any request of the new life is carried out. */
static void tells_it_before_requests(void **state)
{
    struct server *server = *state;
    struct values values = plain;

    begin(server, &resume, &values);
    control_point(server, 1);
    server_close(server);
    begin(server, &resume, &values);
    set_lr(server, 0.75, 1);
    server_close(server);
    begin(server, NULL, &values);
    server_close(server);
    assert_float_equal(values.lr, 0.75, 0);
    values.lr = NAN;
    begin(server, &resume, &values);
    control_point(server, 1);
    expect_resumed(server, "resumed after step 1: lr is \"NaN\" and was 0.75",
                   "{\"life\":4,\"step\":1,\"checkpoint\":null,\"settings\":{\"lr\":0.75}}");
}

static void a_moved_choice_is_the_same(void **state)
{
    struct server *server = *state;
    static const char *const before[] = {"sgd", "adam", NULL}, *const after[] = {"new", "adam", "sgd", NULL};
    int first = 0, second = 2;

    server_open(server, NULL);
    trimtab_setting_choice(server->run, "optimizer", &first, before, NULL);
    control_point(server, 1);
    server_close(server);
    server_open(server, &resume);
    trimtab_setting_choice(server->run, "optimizer", &second, after, NULL);
    control_point(server, 2);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text,
                "resumed after step 1: all settings are as they were");
}

/* More than a message and a config value hold: they say what they leave out. */
static void tells_what_it_leaves_out(void **state)
{
    struct server *server = *state;
    static char text[TRIMTAB_SETTINGS_MAX][TRIMTAB_STRING_MAX + 1];
    char name[16];

    for (int life = 0; life < 2; life++) {
        server_open(server, &resume);
        for (uint32_t i = 0; i < 200; i++) {
            snprintf(name, sizeof name, "text%u", i);
            memset(text[i], life == 0 ? '"' : 'b', TRIMTAB_STRING_MAX);
            trimtab_setting_string(server->run, name, text[i], sizeof text[i], NULL);
        }
        control_point(server, 5);
        if (life == 0)
            server_close(server);
    }
    const struct record *record = server_config(server, "resumed");
    assert_true(record->config.json.size > 20000 && record->config.json.size <= TRIMTAB_CONFIG_MAX);
    assert_memory_equal(record->config.json.data + record->config.json.size - 16, "},\"omitted\":185}", 16);
    struct text message = server_expect(server, RECORD_MESSAGE)->message.text;
    assert_true(message.size > 2000 && message.size <= TRIMTAB_TEXT_MAX);
    assert_memory_equal(message.data + message.size - 5, " more", 5);
}

/* ---- what the program is told ---- */

static void gives_the_newest_checkpoint(void **state)
{
    struct server *server = *state;
    trimtab_saved saved = {.step = 77};

    server_open(server, &resume);
    assert_false(trimtab_resumed(server->run, &saved)); /* a new run */
    assert_string_equal(saved.id, "");
    assert_string_equal(saved.path, "");
    assert_int_equal(saved.step + (int64_t)saved.bytes + saved.last_step, 0);
    assert_false(trimtab_resumed(NULL, NULL));
    control_point(server, 3);
    trimtab_checkpoint(server->run, "a", "/a", 1);
    control_point(server, 5);
    trimtab_checkpoint(server->run, "b", NULL, 2);
    control_point(server, 9);
    server_close(server);
    server_open(server, NULL);
    assert_false(trimtab_resumed(server->run, &saved)); /* not asked for */
    server_close(server);
    setenv("TRIMTAB_RESUME", "1", 1);
    server_open(server, NULL);
    unsetenv("TRIMTAB_RESUME");
    assert_true(trimtab_resumed(server->run, NULL));
    trimtab_checkpoint(server->run, "c", "/c", 3); /* of this life: the earlier one's stays */
    assert_true(trimtab_resumed(server->run, &saved));
    assert_string_equal(saved.id, "b");
    assert_string_equal(saved.path, "");
    assert_int_equal(saved.step, 5);
    assert_int_equal(saved.bytes, 2);
    assert_int_equal(saved.last_step, 9); /* also over a life without a control point */
    server_close(server);
    server_open(server, &resume);
    assert_true(trimtab_resumed(server->run, &saved));
    assert_string_equal(saved.id, "c");
    assert_int_equal(saved.last_step, 9);
}

static void an_earlier_life_may_have_left_nothing(void **state)
{
    struct server *server = *state;
    trimtab_saved saved;

    server_open(server, NULL);
    server_close(server);
    server_open(server, &resume);
    assert_true(trimtab_resumed(server->run, &saved));
    assert_string_equal(saved.id, "");
    assert_int_equal(saved.last_step, 0);
    control_point(server, 0);
    expect_resumed(server, "resumed: all settings are as they were",
                   "{\"life\":2,\"step\":null,\"checkpoint\":null,\"settings\":{}}");
}

/* A killed trainer wrote its last step nowhere but into the mailbox. */
static void the_mailbox_knows_the_last_step(void **state)
{
    struct server *server = *state;
    trimtab_saved saved;
    int ends[2], status;
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        server_open(server, NULL);
        for (int64_t step = 0; step <= 1234; step++)
            (void)trimtab_control_point(server->run, &step);
        (void)!write(ends[1], "r", 1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    server_open(server, &resume);
    assert_true(trimtab_resumed(server->run, &saved));
    assert_int_equal(saved.last_step, 1234);
}

/* Where it is gone too, the file does, now and then. */
static void the_file_is_brought_up_to_date(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    control_point(server, 1);
    uint64_t sequence = server->run->resume.file.sequence;
    for (int64_t step = 2; step < 5000; step++)
        control_point(server, step);
    assert_int_equal(server->run->resume.file.sequence, sequence);
    server->run->resume.kept_ns -= INT64_C(11000000000); /* eleven seconds ago */
    server->run->countdown = 0;
    control_point(server, 5000);
    control_point(server, 5001);
    assert_int_equal(server->run->resume.file.sequence, sequence + 1);
    assert_true(server->run->resume.kept_step >= 5000);
}

/* ---- which folder ---- */

static void takes_the_newest_run_of_its_name(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.name = "digits", .quiet = true, .resume = true};
    char first[512], second[512];

    trimtab_run *run = trimtab_open(&options); /* there is none: a new one */
    assert_string_equal(trimtab_error(run), "");
    assert_false(trimtab_resumed(run, NULL));
    snprintf(first, sizeof first, "%s", trimtab_folder(run));
    assert_non_null(strstr(first, "/digits/"));
    trimtab_run *beside = trimtab_open(&options); /* that one is held, by this very process */
    assert_string_equal(trimtab_error(beside), "");
    snprintf(second, sizeof second, "%s", trimtab_folder(beside));
    assert_string_not_equal(first, second);
    trimtab_close(run);
    run = trimtab_open(&options);
    assert_string_equal(trimtab_folder(run), first);
    assert_true(trimtab_resumed(run, NULL));
    trimtab_close(run);
    trimtab_close(beside);
    options.resume = false;
    run = trimtab_open(&options);
    assert_string_not_equal(trimtab_folder(run), first);
    assert_string_not_equal(trimtab_folder(run), second);
    trimtab_close(run);
    options.resume = true;
    options.run = server->path; /* what is named counts */
    run = trimtab_open(&options);
    assert_false(trimtab_resumed(run, NULL));
    assert_string_equal(strrchr(trimtab_folder(run), '/'), "/run");
    trimtab_close(run);
    options.run = NULL;
    setenv("TRIMTAB_RUN", server->path, 1);
    run = trimtab_open(&options);
    assert_true(trimtab_resumed(run, NULL));
    assert_string_equal(strrchr(trimtab_folder(run), '/'), "/run");
    trimtab_close(run);
    unsetenv("TRIMTAB_RUN");
}

static void open_and_close(const trimtab_options *options, char folder[512])
{
    trimtab_run *run = trimtab_open(options);

    assert_string_equal(trimtab_error(run), "");
    snprintf(folder, 512, "%s", trimtab_folder(run));
    trimtab_close(run);
}

static void takes_the_newest_of_its_name_in_its_project(void **state)
{
    trimtab_options options = {.name = "a", .project = "vision", .quiet = true};
    char of_a[512], of_b[512], folder[512];

    (void)state;
    open_and_close(&options, of_a);
    options.name = "b";
    open_and_close(&options, of_b); /* the newer one, but not of that name */
    options.resume = true;
    options.name = "a";
    open_and_close(&options, folder);
    assert_string_equal(folder, of_a);
    options.name = "b";
    open_and_close(&options, folder);
    assert_string_equal(folder, of_b);
    options.name = NULL; /* vision: there is none */
    open_and_close(&options, folder);
    assert_string_not_equal(folder, of_a);
    assert_string_not_equal(folder, of_b);
    options.project = NULL;
    options.name = "a"; /* not of that project */
    open_and_close(&options, folder);
    assert_string_not_equal(folder, of_a);
    assert_non_null(strstr(folder, "/a/"));
}

/* As the version before this one left it: its file says no name. */
static void takes_one_that_does_not_say_its_name(void **state)
{
    trimtab_options options = {.name = "digits", .quiet = true};
    char first[512], folder[512], path[600];

    (void)state;
    open_and_close(&options, first);
    snprintf(path, sizeof path, "%s/trainer", first);
    assert_int_equal(truncate(path, 80), 0);
    options.resume = true;
    options.name = "other";
    options.project = "digits";
    open_and_close(&options, folder);
    assert_string_not_equal(folder, first);
    options.name = "digits";
    open_and_close(&options, folder);
    assert_string_equal(folder, first);
}

/* ---- a file that is no good ---- */

static void put(struct server *server, const char *bytes, size_t size)
{
    int fd = openat(server->folder.run_fd, "resume", O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
}

static void a_damaged_file_is_told_once(void **state)
{
    struct server *server = *state;
    struct values values = plain;
    trimtab_saved saved;

    begin(server, NULL, &values);
    set_lr(server, 0.25, 3);
    server_close(server);
    (void)server_count(server, RECORD_MESSAGE);
    put(server, "this is no such file", 20);
    begin(server, &resume, &values);
    const struct record *record = server_expect(server, RECORD_MESSAGE);
    assert_int_equal(record->message.level, TRIMTAB_WARNING);
    assert_text(record->message.text,
                "the file resume: damaged; what earlier lives of the run left there is not known, "
                "revisions begin at 0");
    assert_int_equal(server->run->setting[FIRST - 1]->revision, 0);
    assert_true(trimtab_resumed(server->run, &saved)); /* it did live before */
    control_point(server, 4);
    server_close(server);
    (void)server_count(server, RECORD_MESSAGE);
    begin(server, &resume, &values);
    control_point(server, 5);
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text,
                "resumed after step 4: all settings are as they were");
    assert_int_equal(server_count(server, RECORD_MESSAGE), 0);
}

static void records_of_another_version(void **state)
{
    struct server *server = *state;
    struct resume_file file;
    struct buf kept;
    struct record record = {.kind = RECORD_STEP, .step = 17};
    char foreign[16] = {99};
    trimtab_saved saved;

    server_open(server, NULL);
    server_close(server);
    buf_init(&kept);
    assert_int_equal(resume_file_open(&file, server->folder.run_fd, &kept, NULL), 0);
    buf_clear(&kept);
    assert_int_equal(record_encode(&kept, &record), 0);
    buf_add(&kept, foreign, sizeof foreign);
    assert_int_equal(resume_file_write(&file, kept.data, kept.size), 0);
    resume_file_close(&file);
    buf_finish(&kept);
    server_open(server, &resume);
    assert_non_null(strstr(server_expect(server, RECORD_MESSAGE)->message.text.data, "another version"));
    assert_true(trimtab_resumed(server->run, &saved));
}

static void more_than_the_file_holds(void **state)
{
    struct server *server = *state;
    static char text[TRIMTAB_SETTINGS_MAX][TRIMTAB_STRING_MAX + 1];
    char name[16];
    double lr = 1;

    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 0, NULL);
    set_lr(server, 2, 1);
    for (uint32_t i = 0; i < 254; i++) {
        snprintf(name, sizeof name, "text%u", i);
        memset(text[i], 'a', TRIMTAB_STRING_MAX);
        assert_int_equal(trimtab_setting_string(server->run, name, text[i], sizeof text[i], NULL), TRIMTAB_OK);
    }
    set_lr(server, 3, 2); /* no longer fits: the file stays as it was, and nothing else fails */
    server_close(server);
    server_open(server, NULL);
    trimtab_setting_double(server->run, "lr", &lr, 0, 0, NULL);
    assert_int_equal(server->run->setting[FIRST - 1]->revision, 1);
}

/* ---- others ---- */

static void a_forked_child_writes_nothing(void **state)
{
    struct server *server = *state;
    int status;

    server_open(server, NULL);
    control_point(server, 1);
    pid_t child = fork();
    if (child == 0) {
        int64_t step = 99;
        (void)trimtab_control_point(server->run, &step);
        (void)trimtab_checkpoint(server->run, "child", NULL, 1);
        trimtab_close(server->run);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    server_close(server);
    trimtab_saved saved;
    server_open(server, &resume);
    assert_true(trimtab_resumed(server->run, &saved));
    assert_string_equal(saved.id, "");
    assert_int_equal(saved.last_step, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(revisions_go_on),
        TEST(a_kill_loses_no_revision),
        TEST(tells_what_differs),
        TEST(tells_it_before_requests),
        TEST(a_moved_choice_is_the_same),
        TEST(tells_what_it_leaves_out),
        TEST(gives_the_newest_checkpoint),
        TEST(an_earlier_life_may_have_left_nothing),
        TEST(the_mailbox_knows_the_last_step),
        TEST(the_file_is_brought_up_to_date),
        TEST(takes_the_newest_run_of_its_name),
        TEST(takes_the_newest_of_its_name_in_its_project),
        TEST(takes_one_that_does_not_say_its_name),
        TEST(a_damaged_file_is_told_once),
        TEST(records_of_another_version),
        TEST(more_than_the_file_holds),
        TEST(a_forked_child_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
