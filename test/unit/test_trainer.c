/* Opening and closing, and other processes. */
#include "test_trainer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

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
    assert_int_equal(server_config(server, "command")->config.json.data[0], '"');
    assert_non_null(getcwd(path, sizeof path));
    snprintf(expected, sizeof expected, "\"%s\"", path);
    assert_text(server_config(server, "folder")->config.json, expected);
    (void)server_config(server, "host");
    snprintf(expected, sizeof expected, "%ld", (long)getpid());
    assert_text(server_config(server, "pid")->config.json, expected);
    (void)server_config(server, "started");
}

/* This program, run again with these arguments, opens the run: what it tells as its command. */
static void assert_command(struct server *server, char **arguments, const char *expected)
{
    int status;

    arguments[0] = "odd program";
    arguments[1] = "--open";
    pid_t child = fork();
    if (child == 0) {
        setenv("TRIMTAB_RUN", server->path, 1);
        execv("/proc/self/exe", arguments);
        _exit(9);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    if (!server->reader) {
        server_open(server, NULL);
        server_close(server);
    }
    assert_text(server_config(server, "command")->config.json, expected);
}

static void the_command_can_be_pasted(void **state)
{
    struct server *server = *state;
    static char long_argument[3000], most[4000];

    assert_command(server, (char *[]){NULL, NULL, "--lr=3e-4", "a/b.c_d:e,f@g%h+i-j", NULL},
                   "\"'odd program' --open --lr=3e-4 a/b.c_d:e,f@g%h+i-j\"");
    (void)server_count(server, RECORD_RUN);
    assert_command(server, (char *[]){NULL, NULL, "two words", "it's", "", "$HOME", "a\\b", "*", "~", "\xc3\xbc", NULL},
                   "\"'odd program' --open 'two words' 'it'\\\\''s' '' '$HOME' 'a\\\\b' '*' '~' '\xc3\xbc'\"");
    memset(long_argument, 'x', sizeof long_argument - 1);
    snprintf(most, sizeof most, "\"'odd program' --open %s ...\"", long_argument);
    assert_command(server, (char *[]){NULL, NULL, long_argument, long_argument, "more", NULL}, most);
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
    assert_text(server_config(server, "git_commit")->config.json, "\"" COMMIT_A "\"");
    server_close(server);
    write_file(git, "HEAD", COMMIT_B "\n");
    server_open(server, NULL);
    assert_text(server_config(server, "git_commit")->config.json, "\"" COMMIT_B "\"");
    assert_int_equal(chdir(before), 0);
}

static void finds_the_commit_of_a_linked_tree(void **state)
{
    struct server *server = *state;
    char before[4096], path[256];
    static const char *const folders[] = {"git",           "git/refs",        "git/refs/heads",
                                          "git/worktrees", "git/worktrees/w", "tree"};

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
    assert_text(server_config(server, "git_commit")->config.json, "\"" COMMIT_A "\"");
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

static void names_its_project_and_language(void **state)
{
    struct server *server = *state;
    char language[] = "Python";
    trimtab_options options = {.name = "digits", .project = "vision \"lab\"", .language = language};

    server_open(server, &options);
    memset(language, 'x', sizeof language - 1); /* it was copied */
    const struct record *record = server_expect(server, RECORD_RUN);
    assert_text(record->run.name, "digits");
    assert_text(record->run.language, "Python");
    assert_text(server_config(server, "project")->config.json, "\"vision \\\"lab\\\"\"");
    assert_int_equal(trimtab_message(server->run, TRIMTAB_INFO, "text"), TRIMTAB_OK);
    server_close(server);
    options = (trimtab_options){.project = "vision"};
    server_open(server, &options);
    assert_text(server_expect(server, RECORD_RUN)->run.name, "vision");
    assert_text(server_config(server, "project")->config.json, "\"vision\"");
    server_close(server);
    options = (trimtab_options){.name = "digits"};
    server_open(server, &options);
    assert_text(server_expect(server, RECORD_RUN)->run.language, "C");
    while (server_next(server, RECORD_CONFIG))
        assert_false(text_is(server->record.config.name, "project"));
}

static void runs_of_a_project_lie_beside_each_other(void **state)
{
    static const trimtab_options options[] = {{.name = "a", .project = "vision lab", .quiet = true},
                                              {.name = "b", .project = "vision lab", .quiet = true},
                                              {.project = "vision lab", .quiet = true},
                                              {.name = "vision lab", .quiet = true}};
    struct server *server = *state;
    char parent[256];

    snprintf(parent, sizeof parent, "%s/vision-lab/", server->temporary);
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        trimtab_run *run = trimtab_open(&options[i]);
        assert_string_equal(trimtab_error(run), "");
        assert_int_equal(strncmp(trimtab_folder(run), parent, strlen(parent)), 0);
        trimtab_close(run);
    }
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
    options = (trimtab_options){.quiet = true, .run = server->path, .project = ""};
    run = trimtab_open(&options);
    assert_non_null(strstr(trimtab_error(run), "name is 1 to 128 bytes"));
    trimtab_close(run);
    options = (trimtab_options){.quiet = true, .run = server->path, .language = "a\tb"};
    run = trimtab_open(&options);
    assert_non_null(strstr(trimtab_error(run), "a language's name is 1 to 128 bytes"));
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
    assert_int_equal(server->mailbox.map->control_points, 1);
    assert_int_equal(server->mailbox.map->step, 1);
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

static void tells_where_the_server_is(void **state)
{
    struct server *server = *state;
    struct err err;
    char said[1024];

    assert_int_equal(folder_open(&server->folder, server->path, false, &err), 0);
    assert_int_equal(file_replace(server->folder.run_fd, "address", 0600, "127.0.0.1:7342", 14, &err), 0);
    assert_int_equal(run_child(a_notice_to, server, said, sizeof said), 0);
    assert_non_null(strstr(said, "no server yet")); /* an address that a killed server left */
    int lock_fd = lock_take(server->folder.run_fd, "lock", NULL, &err);
    assert_true(lock_fd >= 0);
    assert_int_equal(run_child(a_notice_to, server, said, sizeof said), 0);
    assert_non_null(strstr(said, "steer it at 127.0.0.1:7342 (from elsewhere: ssh -L 7342:127.0.0.1:7342 "));
    lock_free(lock_fd);
}

/* Opens $TRIMTAB_RUN and no more. */
static int open_main(void)
{
    trimtab_options options = {.quiet = true};
    trimtab_run *run = trimtab_open(&options);
    int status = *trimtab_error(run) != 0;

    trimtab_close(run);
    return status;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--open") == 0)
        return open_main();
    const struct CMUnitTest tests[] = {
        TEST(opens_and_closes),
        TEST(tells_its_environment),
        TEST(the_command_can_be_pasted),
        TEST(finds_the_commit),
        TEST(finds_the_commit_of_a_linked_tree),
        TEST(ordinals_go_on),
        TEST(names_its_project_and_language),
        TEST(runs_of_a_project_lie_beside_each_other),
        TEST(is_inert_when_off),
        TEST(nothing_needs_a_run),
        TEST(is_inert_without_a_folder),
        TEST(refuses_a_second_trainer),
        TEST(refuses_itself),
        TEST(a_forked_child_is_inert),
        TEST(prints_one_line),
        TEST(tells_where_the_server_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
