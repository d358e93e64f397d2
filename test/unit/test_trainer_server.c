#include "test_trainer.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int server_setup(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    const char *temporary = getenv("TMPDIR");
    if (!server)
        return -1;
    snprintf(server->temporary, sizeof server->temporary, "%s/trimtab-test-XXXXXX", temporary ? temporary : "/tmp");

    if (!mkdtemp(server->temporary))
        return -1;
    snprintf(server->path, sizeof server->path, "%s/run", server->temporary);
    setenv("TRIMTAB_HOME", server->temporary, 1);
    setenv("XDG_STATE_HOME", server->temporary, 1);
    setenv("TRIMTAB_SERVER", "off", 1);
    unsetenv("TRIMTAB_RUN");
    unsetenv("TRIMTAB_RESUME");
    unsetenv("TRIMTAB");
    server->folder.run_fd = server->folder.local_fd = -1;
    *state = server;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

int server_teardown(void **state)
{
    struct server *server = *state;

    server_close(server);
    journal_reader_destroy(server->reader);
    if (server->journal_fd > 0)
        close(server->journal_fd);
    folder_close(&server->folder);
    int code = nftw(server->temporary, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(server);
    return code;
}

trimtab_run *server_open(struct server *server, const trimtab_options *given)
{
    trimtab_options options = given ? *given : (trimtab_options){0};
    struct err err;

    options.run = server->path;
    options.quiet = true;
    server->run = trimtab_open(&options);
    assert_non_null(server->run);
    assert_string_equal(trimtab_error(server->run), "");
    if (server->folder.run_fd < 0)
        assert_int_equal(folder_open(&server->folder, server->path, true, &err), 0);
    assert_int_equal(mailbox_open(&server->mailbox, server->folder.local_fd, &server->run->incarnation, &err), 0);
    if (server->reader)
        return server->run;
    server->journal_fd = openat(server->folder.local_fd, "journal/0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(server->journal_fd >= 0);
    assert_int_equal(journal_reader_create(&server->reader, server->journal_fd, NULL, &err), 0);
    return server->run;
}

void server_close(struct server *server)
{
    trimtab_close(server->run);
    server->run = NULL;
    mailbox_close(&server->mailbox);
}

const struct record *server_next(struct server *server, enum record_kind kind)
{
    struct err err;
    int got;

    while ((got = journal_reader_next(server->reader, &server->record, &err)) == 1)
        if (server->record.kind == kind)
            return &server->record;
    assert_int_equal(got, 0);
    return NULL;
}

const struct record *server_expect(struct server *server, enum record_kind kind)
{
    const struct record *record = server_next(server, kind);

    if (record && kind == RECORD_SETTING && record->setting.id < FIRST)
        record = server_next(server, kind);
    assert_non_null(record);
    return record;
}

uint32_t server_count(struct server *server, enum record_kind kind)
{
    uint32_t count = 0;

    while (server_next(server, kind))
        count++;
    return count;
}

uint64_t server_post(struct server *server, struct mailbox_request *request)
{
    struct err err;

    request->ticket = ++server->ticket;
    assert_int_equal(mailbox_post(&server->mailbox, request, &err), 0);
    return request->ticket;
}

uint64_t server_ask(struct server *server, enum mailbox_kind kind, int64_t integer, int64_t at_step)
{
    struct mailbox_request request = {
        .kind = kind, .at_step = at_step, .until_step = MAILBOX_NO_STEP, .integer = integer};

    return server_post(server, &request);
}

uint64_t server_set(struct server *server, uint32_t setting, struct value value, uint64_t revision)
{
    struct mailbox_request request = {
        .kind = MAILBOX_SET, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .items = 1};

    request.item[0] = (struct mailbox_item){.id = setting, .expected_revision = revision, .value = value};
    return server_post(server, &request);
}

uint64_t server_act(struct server *server, uint32_t action)
{
    struct mailbox_request request = {
        .kind = MAILBOX_ACT, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP, .target = action};

    return server_post(server, &request);
}

const struct record_outcome *server_outcome(struct server *server, uint64_t ticket, enum outcome_kind outcome)
{
    const struct record *record = server_expect(server, RECORD_OUTCOME);

    assert_int_equal(record->outcome.ticket, ticket);
    assert_int_equal(record->outcome.outcome, outcome);
    assert_int_equal(mailbox_state(&server->mailbox, ticket), SLOT_DONE);
    mailbox_release(&server->mailbox, ticket);
    return &record->outcome;
}

const struct record_outcome *server_answer(struct server *server, uint64_t ticket, int64_t *step)
{
    (void)trimtab_control_point(server->run, step);
    const struct record *record = server_expect(server, RECORD_OUTCOME);
    assert_int_equal(record->outcome.ticket, ticket);
    assert_int_equal(mailbox_state(&server->mailbox, ticket), SLOT_DONE);
    mailbox_release(&server->mailbox, ticket);
    return &record->outcome;
}

const struct record *server_config(struct server *server, const char *name)
{
    const struct record *record;

    while ((record = server_next(server, RECORD_CONFIG)))
        if (text_is(record->config.name, name))
            return record;
    fail_msg("no config %s", name);
    return NULL;
}

void assert_text(struct text text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
}
