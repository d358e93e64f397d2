/* Opening, declaring, recording, closing. */
#include "test_trainer.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct record *expect_config(struct server *server, const char *name)
{
    const struct record *record;

    while ((record = server_next(server, RECORD_CONFIG)))
        if (text_is(record->config.name, name))
            return record;
    fail_msg("no config %s", name);
    return NULL;
}

static int run_child(void (*body)(struct server *server, int fd), struct server *server, char *said, size_t size)
{
    int pipe_fd[2], status;

    assert_int_equal(pipe(pipe_fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(pipe_fd[0]);
        body(server, pipe_fd[1]);
        _exit(0);
    }
    close(pipe_fd[1]);
    size_t length = 0;
    ssize_t got;
    while (length < size - 1 && (got = read(pipe_fd[0], said + length, size - 1 - length)) > 0)
        length += (size_t)got;
    said[length] = 0;
    close(pipe_fd[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- open and close ---- */

static void opens_and_closes(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.name = "digits", .total_steps = 7};

    server_open(server, &options);
    assert_string_equal(trimtab_folder(server->run), server->folder.path);
    const struct record *record = server_expect(server, RECORD_RUN);
    assert_text(record->run.name, "digits");
    assert_int_equal(record->run.pid, getpid());
    assert_int_equal(record->run.total_steps, 7);
    assert_true(record->run.started_ns > 0);
    assert_true(record->flags & RECORD_RESTATED);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_RUNNING);
    server_close(server);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_FINISHED);
    assert_int_equal(server_expect(server, RECORD_END)->end.state, RUN_FINISHED);
    assert_int_equal(server_count(server, RECORD_SCALAR), 0);
}

static void tells_its_environment(void **state)
{
    struct server *server = *state;
    char expected[4200], path[4096];

    server_open(server, NULL);
    assert_int_equal(expect_config(server, "command")->config.json.data[0], '"');
    assert_non_null(getcwd(path, sizeof path));
    snprintf(expected, sizeof expected, "\"%s\"", path);
    assert_text(expect_config(server, "folder")->config.json, expected);
    (void)expect_config(server, "host");
    snprintf(expected, sizeof expected, "%ld", (long)getpid());
    assert_text(expect_config(server, "pid")->config.json, expected);
    (void)expect_config(server, "started");
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

#define COMMIT_A "0123456789abcdef0123456789abcdef01234567"
#define COMMIT_B "fedcba9876543210fedcba9876543210fedcba98"

static void finds_the_commit(void **state)
{
    struct server *server = *state;
    char before[4096], git[256], below[256];

    assert_non_null(getcwd(before, sizeof before));
    snprintf(git, sizeof git, "%s/.git", server->temporary);
    snprintf(below, sizeof below, "%s/below", server->temporary);
    assert_int_equal(mkdir(git, 0700) + mkdir(below, 0700) + chdir(below), 0);
    write_file(git, "HEAD", "ref: refs/heads/main\n");
    write_file(git, "packed-refs", "# pack-refs\n" COMMIT_B " refs/heads/other\n" COMMIT_A " refs/heads/main\n");
    server_open(server, NULL);
    assert_text(expect_config(server, "git_commit")->config.json, "\"" COMMIT_A "\"");
    server_close(server);
    write_file(git, "HEAD", COMMIT_B "\n");
    server_open(server, NULL);
    assert_text(expect_config(server, "git_commit")->config.json, "\"" COMMIT_B "\"");
    assert_int_equal(chdir(before), 0);
}

static void finds_the_commit_of_a_linked_tree(void **state)
{
    struct server *server = *state;
    char before[4096], path[256];
    static const char *const folders[] = {"git", "git/refs", "git/refs/heads", "git/worktrees", "git/worktrees/w", "tree"};

    assert_non_null(getcwd(before, sizeof before));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", server->temporary, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    assert_int_equal(chdir(path), 0);
    write_file(path, ".git", "gitdir: ../git/worktrees/w\n");
    write_file(server->temporary, "git/worktrees/w/HEAD", "ref: refs/heads/side\n");
    write_file(server->temporary, "git/worktrees/w/commondir", "../..\n");
    write_file(server->temporary, "git/refs/heads/side", COMMIT_A "\n");
    server_open(server, NULL);
    assert_text(expect_config(server, "git_commit")->config.json, "\"" COMMIT_A "\"");
    assert_int_equal(chdir(before), 0);
}

static void ordinals_go_on(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    assert_int_equal(server->run->ordinal, 1);
    server_close(server);
    server_open(server, NULL);
    assert_int_equal(server->run->ordinal, 2);
    assert_int_equal(server_count(server, RECORD_RUN), 2);
}

static void is_inert_when_off(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.run = server->path, .total_steps = 2};
    int64_t step = 1;

    setenv("TRIMTAB", "off", 1);
    trimtab_run *run = trimtab_open(&options);
    assert_string_not_equal(trimtab_error(run), "");
    assert_null(trimtab_folder(run));
    assert_int_equal(trimtab_series_declare(run, "loss", NULL).id, 0);
    assert_int_equal(trimtab_config(run, "a", "1"), TRIMTAB_INERT);
    assert_int_equal(trimtab_control_point(run, &step), TRIMTAB_GO);
    step = 2;
    assert_int_equal(trimtab_control_point(run, &step), TRIMTAB_STOP);
    trimtab_close(run);
    assert_int_equal(access(server->path, F_OK), -1);
}

static void nothing_needs_a_run(void **state)
{
    int64_t step = 0;
    double lr = 0;

    (void)state;
    assert_int_equal(trimtab_control_point(NULL, &step), TRIMTAB_GO);
    assert_int_equal(trimtab_setting_double(NULL, "lr", &lr, 0, 0, NULL), TRIMTAB_INERT);
    assert_int_equal(trimtab_action(NULL, "act", NULL, NULL), TRIMTAB_INERT);
    assert_int_equal(trimtab_message(NULL, TRIMTAB_INFO, "x"), TRIMTAB_INERT);
    assert_int_equal(trimtab_checkpoint(NULL, "x", NULL, 0), TRIMTAB_INERT);
    trimtab_log(NULL, (trimtab_series){1}, 1);
    trimtab_log_at(NULL, (trimtab_series){1}, 1, 1);
    trimtab_flush(NULL);
    trimtab_interrupt(NULL);
    assert_null(trimtab_folder(NULL));
    assert_int_equal(trimtab_dropped(NULL), 0);
    assert_string_not_equal(trimtab_error(NULL), "");
    trimtab_close(NULL);
}

static void is_inert_without_a_folder(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.quiet = true, .run = "/proc/trimtab"};

    trimtab_run *run = trimtab_open(&options);
    assert_string_not_equal(trimtab_error(run), "");
    trimtab_close(run);
    options.run = server->path;
    options.name = "bad\nname";
    run = trimtab_open(&options);
    assert_non_null(strstr(trimtab_error(run), "name"));
    trimtab_close(run);
}

/* ---- other processes ---- */

static void open_again(struct server *server, int fd)
{
    trimtab_options options = {.run = server->path, .quiet = true};
    trimtab_run *run = trimtab_open(&options);

    dprintf(fd, "%s", trimtab_error(run));
    trimtab_close(run);
}

static void look_at_the_lock(struct server *server, int fd)
{
    struct holder holder = {0};

    (void)lock_look(server->folder.run_fd, "trainer", &holder, NULL);
    dprintf(fd, "%ld", (long)holder.pid);
}

static void refuses_a_second_trainer(void **state)
{
    struct server *server = *state;
    char said[512], pid[32];

    server_open(server, NULL);
    snprintf(pid, sizeof pid, "pid %ld)", (long)getpid());
    assert_int_equal(run_child(open_again, server, said, sizeof said), 0);
    assert_non_null(strstr(said, pid));
    assert_int_equal(run_child(look_at_the_lock, server, said, sizeof said), 0);
    assert_int_equal(atol(said), getpid());
}

static void refuses_itself(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.run = server->path, .quiet = true};
    char said[512];

    server_open(server, NULL);
    trimtab_run *second = trimtab_open(&options);
    assert_non_null(strstr(trimtab_error(second), "this process"));
    trimtab_close(second);
    assert_int_equal(run_child(look_at_the_lock, server, said, sizeof said), 0);
    assert_int_equal(atol(said), getpid());
}

static void use_and_close(struct server *server, int fd)
{
    int64_t step = 100;
    int answer = 0;

    for (int i = 0; i < 3000; i++)
        answer |= trimtab_control_point(server->run, &step);
    trimtab_log(server->run, (trimtab_series){1}, 99);
    trimtab_log_at(server->run, (trimtab_series){1}, 5, 99);
    trimtab_flush(server->run);
    dprintf(fd, "%d %d %d %d", answer, trimtab_message(server->run, TRIMTAB_INFO, "child"),
            trimtab_config(server->run, "x", "1"), trimtab_error(server->run)[0] != 0);
    trimtab_interrupt(server->run);
    answer = trimtab_control_point(server->run, &step);
    dprintf(fd, " %d", answer);
    trimtab_close(server->run);
}

static void a_forked_child_is_inert(void **state)
{
    struct server *server = *state;
    char said[512];
    int64_t step = 1;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 1);
    assert_int_equal(run_child(use_and_close, server, said, sizeof said), 0);
    assert_string_equal(said, "0 -5 -5 1 1");
    uint64_t ticket = server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    (void)server_ask(server, MAILBOX_RESUME, 0, MAILBOX_NO_STEP);
    step = 2;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_float_equal(server_expect(server, RECORD_SCALAR)->scalar.value, 1, 0);
    server_outcome(server, ticket, OUTCOME_APPLIED);
    assert_int_equal(server_count(server, RECORD_END), 0);
    assert_int_equal(run_child(look_at_the_lock, server, said, sizeof said), 0);
    assert_int_equal(atol(said), getpid());
}

static void a_notice_to(struct server *server, int fd)
{
    trimtab_options options = {.run = server->path};

    dup2(fd, STDERR_FILENO);
    trimtab_close(trimtab_open(&options));
}

static void a_notice_to_nobody(struct server *server, int fd)
{
    int pipe_fd[2];

    if (pipe(pipe_fd) < 0)
        _exit(1);
    close(pipe_fd[0]);
    a_notice_to(server, pipe_fd[1]);
    dprintf(fd, "alive");
}

static void prints_one_line(void **state)
{
    struct server *server = *state;
    char said[1024];

    assert_int_equal(run_child(a_notice_to, server, said, sizeof said), 0);
    assert_non_null(strstr(said, "trimtab: recording "));
    assert_non_null(strstr(said, "trimtab serve --run "));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_int_equal(run_child(a_notice_to_nobody, server, said, sizeof said), 0);
    assert_string_equal(said, "alive");
    server_open(server, NULL);
    assert_int_equal(run_child(a_notice_to, server, said, sizeof said), 0);
    assert_non_null(strstr(said, "trimtab: not recording: "));
}

/* ---- declarations ---- */

static void declares(void **state)
{
    struct server *server = *state;
    static const char *const choices[] = {"sgd", "adam", NULL};
    double lr = 0.5;
    int64_t batch = 32;
    bool frozen = true;
    int optimizer = 1;

    server_open(server, NULL);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, 1, "rate"), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_int(server->run, "batch", &batch, 1, 512, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_bool(server->run, "frozen", &frozen, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_choice(server->run, "optimizer", &optimizer, choices, NULL), TRIMTAB_OK);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL), TRIMTAB_DUPLICATE);
    assert_int_equal(trimtab_setting_double(server->run, "", &lr, 0, 1, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, 1, 0, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", &lr, 0, NAN, NULL), TRIMTAB_INVALID);
    assert_int_equal(trimtab_setting_double(server->run, "x", NULL, 0, 1, NULL), TRIMTAB_INVALID);
    const struct record_setting *setting = &server_expect(server, RECORD_SETTING)->setting;
    assert_int_equal(setting->id, 1);
    assert_text(setting->name, "lr");
    assert_text(setting->doc, "rate");
    assert_true(setting->bounded);
    assert_float_equal(setting->max.number, 1, 0);
    assert_float_equal(setting->value.number, 0.5, 0);
    assert_int_equal(setting->revision, 0);
    assert_int_equal(server_expect(server, RECORD_SETTING)->setting.value.integer, 32);
    assert_int_equal(server_expect(server, RECORD_SETTING)->setting.type, VALUE_BOOL);
    setting = &server_expect(server, RECORD_SETTING)->setting;
    assert_int_equal(setting->choices, 2);
    assert_text(setting->choice[1], "adam");
    assert_int_equal(setting->value.integer, 1);
}

static void declares_series_and_config(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", "nats");
    assert_int_equal(loss.id, 1);
    assert_int_equal(trimtab_series_declare(server->run, "loss", NULL).id, 1);
    assert_int_equal(trimtab_series_declare(server->run, "acc", NULL).id, 2);
    assert_int_equal(trimtab_series_declare(server->run, "a\xff", NULL).id, 0);
    assert_int_equal(trimtab_config(server->run, "model", "{\"layers\":4}"), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, "model", "{\"layers\":8}"), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, "model", ""), TRIMTAB_INVALID);
    assert_int_equal(trimtab_config(server->run, "model", "\xff"), TRIMTAB_INVALID);
    assert_text(server_expect(server, RECORD_SERIES)->series.unit, "nats");
    assert_text(expect_config(server, "model")->config.json, "{\"layers\":4}");
    assert_text(expect_config(server, "model")->config.json, "{\"layers\":8}");
}

static void says_what_happened(void **state)
{
    struct server *server = *state;

    server_open(server, NULL);
    assert_int_equal(trimtab_checkpoint(server->run, "best", "/x/best.bin", 12), TRIMTAB_OK);
    assert_int_equal(trimtab_checkpoint(server->run, "", NULL, 12), TRIMTAB_INVALID);
    assert_int_equal(trimtab_message(server->run, TRIMTAB_ERROR, "too hot"), TRIMTAB_OK);
    assert_int_equal(trimtab_message(server->run, (trimtab_level)9, "x"), TRIMTAB_INVALID);
    assert_int_equal(trimtab_message(server->run, TRIMTAB_INFO, NULL), TRIMTAB_INVALID);
    const struct record *record = server_expect(server, RECORD_CHECKPOINT);
    assert_text(record->checkpoint.path, "/x/best.bin");
    assert_int_equal(record->checkpoint.bytes, 12);
    record = server_expect(server, RECORD_MESSAGE);
    assert_int_equal(record->message.level, 3);
    assert_text(record->message.text, "too hot");
}

static void declarations_have_an_end(void **state)
{
    struct server *server = *state;
    char name[64];
    uint32_t made = 0;
    int64_t step = 0;

    server_open(server, NULL);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "layer/%d/gradient", i);
        made += trimtab_series_declare(server->run, name, NULL).id > 0 ? 1 : 0;
    }
    assert_int_equal(made, TRIMTAB_SERIES_MAX);
    assert_non_null(strstr(trimtab_error(server->run), "4096"));
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(server_count(server, RECORD_SERIES), TRIMTAB_SERIES_MAX);
}

static void declarations_have_a_size(void **state)
{
    struct server *server = *state;
    char *json = malloc(TRIMTAB_CONFIG_MAX + 2), name[32];
    int made = 0, code = TRIMTAB_OK;

    server_open(server, NULL);
    memset(json, '1', TRIMTAB_CONFIG_MAX + 1);
    json[TRIMTAB_CONFIG_MAX + 1] = 0;
    assert_int_equal(trimtab_config(server->run, "big", json), TRIMTAB_INVALID);
    json[TRIMTAB_CONFIG_MAX] = 0;
    for (; made < 100 && code == TRIMTAB_OK; made++) {
        snprintf(name, sizeof name, "big%d", made);
        code = trimtab_config(server->run, name, json);
    }
    assert_int_equal(code, TRIMTAB_LIMIT);
    assert_true(made > 10 && made < 20);
    /* What stands can be replaced, and each segment still begins with all of it. */
    assert_int_equal(trimtab_config(server->run, "big0", "0"), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, name, json), TRIMTAB_OK);
    assert_int_equal(trimtab_config(server->run, "big0", json), TRIMTAB_LIMIT);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    for (int i = 0; i < 200000; i++)
        trimtab_log(server->run, loss, i);
    assert_int_equal(trimtab_dropped(server->run), 0);
    free(json);
}

/* ---- scalars ---- */

static void logs(void **state)
{
    struct server *server = *state;
    int64_t step = 41;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 0.25);
    assert_null(server_next(server, RECORD_SCALAR));
    step++;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    const struct record *record = server_expect(server, RECORD_SCALAR);
    assert_int_equal(record->step, 41);
    assert_float_equal(record->scalar.value, 0.25, 0);
    trimtab_log(server->run, loss, 0.5);
    trimtab_flush(server->run);
    assert_int_equal(server_expect(server, RECORD_SCALAR)->step, 42);
    trimtab_log_at(server->run, loss, -3, 0.125);
    record = server_expect(server, RECORD_SCALAR_AT);
    assert_int_equal(record->step, -3);
    assert_true(record->time_ns > 0);
    trimtab_log(server->run, (trimtab_series){0}, 1);
    trimtab_log(server->run, (trimtab_series){9}, 1);
    trimtab_flush(server->run);
    assert_null(server_next(server, RECORD_SCALAR));
}

static void tells_the_first_nonfinite(void **state)
{
    struct server *server = *state;
    int64_t step = 12;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "train/loss", NULL);
    trimtab_series norm = trimtab_series_declare(server->run, "norm", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 1);
    trimtab_log(server->run, loss, NAN);
    trimtab_log(server->run, loss, INFINITY);
    trimtab_log_at(server->run, norm, 3, -INFINITY);
    const struct record *record = server_expect(server, RECORD_MESSAGE);
    assert_int_equal(record->message.level, TRIMTAB_WARNING);
    assert_text(record->message.text, "train/loss is NaN at step 12");
    assert_text(server_expect(server, RECORD_MESSAGE)->message.text, "norm is -Infinity at step 3");
    assert_null(server_next(server, RECORD_MESSAGE));
}

static void drops_and_counts(void **state)
{
    struct server *server = *state;
    uint64_t given = 300000, dropped;
    int64_t step = 1;
    double lr = 0.5;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_setting_double(server->run, "lr", &lr, 0, 1, NULL), TRIMTAB_OK);
    server->run->journal.limits.bytes_max = SEGMENT_SIZE;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    for (uint64_t i = 0; i < given; i++)
        trimtab_log(server->run, loss, 1);
    dropped = trimtab_dropped(server->run);
    assert_true(dropped > 0 && dropped < given);
    /* Requests still have their room. */
    assert_int_equal(server_answer(server, server_set(server, 1, value_double(0.25), 0), &step)->outcome,
                     OUTCOME_APPLIED);
    /* A schedule cannot take it from them. */
    for (step = 2; step < 5000; step++) {
        lr = (double)step / 10000;
        assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    }
    assert_int_equal(server_answer(server, server_set(server, 1, value_double(0.25), 1), &step)->outcome,
                     OUTCOME_APPLIED);
    assert_int_equal(trimtab_dropped(server->run), dropped);
    server->run->journal.limits.bytes_max = JOURNAL_BYTES_MAX;
    server->run->journal.retry_ns = 0;
    trimtab_log(server->run, loss, 2);
    trimtab_flush(server->run);
    const struct record *record = server_expect(server, RECORD_GAP);
    assert_int_equal(record->gap.scalars, dropped);
    assert_float_equal(server_expect(server, RECORD_SCALAR)->scalar.value, 2, 0);
}

static void refuses_steps_out_of_range(void **state)
{
    struct server *server = *state;
    int64_t step = RECORD_STEP_MAX + 1;

    server_open(server, NULL);
    trimtab_series loss = trimtab_series_declare(server->run, "loss", NULL);
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    assert_int_equal(step, RECORD_STEP_MAX + 1);
    assert_non_null(strstr(trimtab_error(server->run), "2^55"));
    trimtab_log(server->run, loss, 1);
    trimtab_log_at(server->run, loss, INT64_MIN, 1);
    assert_int_equal(trimtab_dropped(server->run), 2);
    step = RECORD_STEP_MIN;
    assert_int_equal(trimtab_control_point(server->run, &step), TRIMTAB_GO);
    trimtab_log(server->run, loss, 2);
    trimtab_flush(server->run);
    const struct record *record = server_expect(server, RECORD_SCALAR);
    assert_int_equal(record->step, RECORD_STEP_MIN);
    assert_float_equal(record->scalar.value, 2, 0);
}

static void stops_at_total_steps(void **state)
{
    struct server *server = *state;
    trimtab_options options = {.total_steps = 3};
    int64_t step = 0;

    server_open(server, &options);
    while (trimtab_control_point(server->run, &step) != TRIMTAB_STOP)
        step++;
    assert_int_equal(step, 3);
    assert_int_equal(server->mailbox.map->step, 3);
    assert_int_equal(server->mailbox.map->control_points, 4);
    assert_int_equal(server_expect(server, RECORD_STATE)->state.state, RUN_RUNNING);
    assert_null(server_next(server, RECORD_STATE));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_and_closes),
        TEST(tells_its_environment),
        TEST(finds_the_commit),
        TEST(finds_the_commit_of_a_linked_tree),
        TEST(ordinals_go_on),
        TEST(is_inert_when_off),
        TEST(nothing_needs_a_run),
        TEST(is_inert_without_a_folder),
        TEST(refuses_a_second_trainer),
        TEST(refuses_itself),
        TEST(a_forked_child_is_inert),
        TEST(prints_one_line),
        TEST(declares),
        TEST(declares_series_and_config),
        TEST(says_what_happened),
        TEST(declarations_have_an_end),
        TEST(declarations_have_a_size),
        TEST(logs),
        TEST(tells_the_first_nonfinite),
        TEST(drops_and_counts),
        TEST(refuses_steps_out_of_range),
        TEST(stops_at_total_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
