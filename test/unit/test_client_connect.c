/* test_client_connect.c: how the client finds a server. */
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/unix_socket.h"
#include "fake_server.h"
#include "temp.h"
#include "unit.h"

static void addresses(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        ":",
                                        "7342",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:0",
                                        "1.2.3:7342",
                                        "[::1:7342",
                                        "[]:7342",
                                        "::1:7342",
                                        "node7:7342",
                                        "[::1]7342",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:+80",
                                        "127.0.0.1: 80"};
    const struct fake_step steps[] = {{"2", PONG, 0, 0}, {0}};
    struct fake_server server = {0};
    trimtab_client *client = fake_server_meet(&server, steps);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(trimtab_client_connect_address(NULL, wrong[i], 0), TRIMTAB_CLIENT_NOMEM);
    trimtab_client *other = trimtab_client_create();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(trimtab_client_connect_address(other, wrong[i], SOON), TRIMTAB_CLIENT_INVALID);
    trimtab_client_close(other);
    fake_server_pong(client);
    fake_server_leave(client, &server);
    other = trimtab_client_create();
    assert_int_equal(trimtab_client_connect_address(other, server.address, SOON), TRIMTAB_CLIENT_NOBODY);
    trimtab_client_close(other);
}

static void localhost_is_loopback(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"2", PONG, 0, 0}, {0}};
    struct fake_server server = {.steps = steps};
    char address[32];
    fake_server_start_tcp(&server);
    snprintf(address, sizeof address, "localhost%s", strchr(server.address, ':'));
    trimtab_client *client = trimtab_client_create();
    assert_int_equal(trimtab_client_connect_address(client, address, INFINITY), TRIMTAB_CLIENT_OK);
    fake_server_pong(client);
    fake_server_leave(client, &server);
}

/* A run in the test's own folder, whose link goes there too. */
static void open_run(struct temp *temp, struct folder *run)
{
    char path[100];
    setenv("XDG_STATE_HOME", temp->path, 1);
    snprintf(path, sizeof path, "%s/run", temp->path);
    assert_int_equal(folder_open(run, path, false, NULL), 0);
}

static void call_by_socket(struct folder *run)
{
    const struct fake_step steps[] = {{"2", PONG, 0, 0}, {0}};
    struct fake_server server = {.steps = steps};
    fake_server_start(&server, unix_socket_listen(run->local_fd, "sock", 4, NULL));
    trimtab_client *client = trimtab_client_create();
    assert_int_equal(trimtab_client_connect_run(client, run->path, SOON), TRIMTAB_CLIENT_OK);
    fake_server_pong(client);
    fake_server_leave(client, &server);
}

static void a_run_is_reached_by_its_socket(void **state)
{
    struct folder run;
    open_run(*state, &run);
    call_by_socket(&run);
    folder_close(&run);
}

static void a_run_on_a_network_is_reached_by_its_local_folder(void **state)
{
    struct folder run;
    char local[PATH_MAX];
    setenv("TRIMTAB_FORCE_NOT_LOCAL", "1", 1);
    open_run(*state, &run);
    assert_true(file_read_small(run.run_fd, "local", local, sizeof local, NULL) > 0);
    call_by_socket(&run);
    unsetenv("TRIMTAB_FORCE_NOT_LOCAL");
    folder_close(&run);
    temp_remove(AT_FDCWD, local);
    *strrchr(local, '/') = '\0';
    rmdir(local);
}

/* `folder` is what the server behind the run's address says that it serves. With a token it is asked once more. */
static int connect_by_address(struct temp *temp, const char *folder, const char *token)
{
    struct folder run;
    char hello[PATH_MAX + 100];
    open_run(temp, &run);
    snprintf(hello, sizeof hello, "{\"code\":1,\"id\":@,\"result\":{\"run\":{\"folder\":\"%s\"}}}\n",
             folder ? folder : run.path);
    const struct fake_step steps[] = {{"{\"code\":1,\"id\"", hello, 0, 0},
                                      {token && !folder ? token : NULL, token && !folder ? hello : NULL, 0, 0},
                                      {0}};
    struct fake_server server = {.steps = steps};
    fake_server_start_tcp(&server);
    assert_int_equal(file_replace(run.run_fd, "address", 0600, server.address, strlen(server.address), NULL), 0);
    trimtab_client *client = trimtab_client_create();
    assert_int_equal(trimtab_client_set_token(client, token), TRIMTAB_CLIENT_OK);
    int code = trimtab_client_connect_run(client, run.path, SOON);
    assert_int_equal(trimtab_client_fd(client) >= 0, code == TRIMTAB_CLIENT_OK);
    fake_server_leave(client, &server);
    folder_close(&run);
    return code;
}

static void a_run_is_reached_by_its_address(void **state)
{
    assert_int_equal(connect_by_address(*state, NULL, NULL), TRIMTAB_CLIENT_OK);
}

static void the_address_of_another_run_is_not_taken(void **state)
{
    assert_int_equal(connect_by_address(*state, "/another/run", NULL), TRIMTAB_CLIENT_NOBODY);
}

/* ---- tokens ---- */

#define TOKEN "tt_0123456789-_abc"
#define HELLO "{\"code\":1,\"id\":@,\"result\":{\"name\":\"anna\"}}\n"
#define REFUSAL "{\"CodeError\":44,\"Message\":\"Not authorised\",\"code\":1,\"id\":@,\"Detail\":\"no such token\"}\n"

static trimtab_client *client_with_token(void)
{
    trimtab_client *client = trimtab_client_create();
    assert_int_equal(trimtab_client_set_token(client, TOKEN), TRIMTAB_CLIENT_OK);
    return client;
}

static void a_token_is_told_first(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"token\":\"" TOKEN "\"", HELLO, 0, 0}, {"\"code\":2", PONG, 0, 0}, {0}};
    for (int again = 0; again < 2; again++) {
        struct fake_server server = {.steps = steps};
        fake_server_start_tcp(&server);
        trimtab_client *client = client_with_token();
        assert_int_equal(trimtab_client_connect_address(client, server.address, SOON), TRIMTAB_CLIENT_OK);
        fake_server_pong(client);
        fake_server_leave(client, &server);
    }
}

static void a_token_that_is_refused(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{TOKEN, REFUSAL, 0, 0}, {0}};
    struct fake_server server = {.steps = steps};
    fake_server_start_tcp(&server);
    trimtab_client *client = client_with_token();
    assert_int_equal(trimtab_client_connect_address(client, server.address, SOON), TRIMTAB_CLIENT_REFUSED);
    assert_string_equal(trimtab_client_error(client), "the server does not take the token: no such token");
    assert_true(trimtab_client_fd(client) < 0);
    fake_server_leave(client, &server);
}

static void a_forgotten_token_is_not_told(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"{\"code\":2,", PONG, 0, 0}, {0}};
    struct fake_server server = {.steps = steps};
    fake_server_start_tcp(&server);
    trimtab_client *client = client_with_token();
    assert_int_equal(trimtab_client_set_token(client, NULL), TRIMTAB_CLIENT_OK);
    assert_int_equal(trimtab_client_connect_address(client, server.address, SOON), TRIMTAB_CLIENT_OK);
    fake_server_pong(client);
    fake_server_leave(client, &server);
}

static void what_is_no_token(void **state)
{
    (void)state;
    char longest[TRIMTAB_CLIENT_TOKEN_MAX + 2];
    trimtab_client *client = client_with_token();
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(trimtab_client_set_token(NULL, TOKEN), TRIMTAB_CLIENT_NOMEM);
    assert_int_equal(trimtab_client_set_token(client, longest), TRIMTAB_CLIENT_INVALID);
    assert_string_equal(trimtab_client_error(client), "the token is longer than 256 bytes");
    static const char *const wrong[] = {"a b", "a\n", "\x01", "\x7f", "\xc3\xa9", " "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(trimtab_client_set_token(client, wrong[i]), TRIMTAB_CLIENT_INVALID);
        assert_string_equal(trimtab_client_error(client), "the token has characters in it that no token has");
    }
    assert_int_equal(trimtab_client_set_token(client, longest + 1), TRIMTAB_CLIENT_OK);
    assert_string_equal(trimtab_client_error(client), "");
    trimtab_client_close(client);
}

static void a_run_is_reached_by_its_address_with_a_token(void **state)
{
    assert_int_equal(connect_by_address(*state, NULL, TOKEN), TRIMTAB_CLIENT_OK);
}

/* Were it told, the time would run out: nobody answers. */
static void another_run_is_not_told_the_token(void **state)
{
    assert_int_equal(connect_by_address(*state, "/another/run", TOKEN), TRIMTAB_CLIENT_NOBODY);
}

static void a_socket_is_not_told_the_token(void **state)
{
    struct folder run;
    open_run(*state, &run);
    const struct fake_step steps[] = {{"{\"code\":2,", PONG, 0, 0}, {0}};
    struct fake_server server = {.steps = steps};
    fake_server_start(&server, unix_socket_listen(run.local_fd, "sock", 4, NULL));
    trimtab_client *client = client_with_token();
    assert_int_equal(trimtab_client_connect_run(client, run.path, SOON), TRIMTAB_CLIENT_OK);
    fake_server_pong(client);
    fake_server_leave(client, &server);
    folder_close(&run);
}

static void nobody_serves(void **state)
{
    struct temp *temp = *state;
    struct folder run;
    trimtab_client *client = trimtab_client_create();
    assert_int_equal(trimtab_client_connect_run(client, temp->path, SOON), TRIMTAB_CLIENT_NOBODY);
    assert_int_equal(trimtab_client_connect_run(client, "/nowhere/at/all", SOON), TRIMTAB_CLIENT_NOBODY);
    open_run(temp, &run);
    assert_int_equal(trimtab_client_connect_run(client, run.path, SOON), TRIMTAB_CLIENT_NOBODY);
    assert_int_equal(file_replace(run.run_fd, "address", 0600, "8.8.8.8:80", 10, NULL), 0);
    assert_int_equal(trimtab_client_connect_run(client, run.path, SOON), TRIMTAB_CLIENT_INVALID);
    folder_close(&run);
    trimtab_client_close(client);
}

#define TEMP_TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(localhost_is_loopback),
        TEMP_TEST(a_run_is_reached_by_its_socket),
        TEMP_TEST(a_run_on_a_network_is_reached_by_its_local_folder),
        TEMP_TEST(a_run_is_reached_by_its_address),
        TEMP_TEST(the_address_of_another_run_is_not_taken),
        TEMP_TEST(nobody_serves),
        cmocka_unit_test(a_token_is_told_first),
        cmocka_unit_test(a_token_that_is_refused),
        cmocka_unit_test(a_forgotten_token_is_not_told),
        cmocka_unit_test(what_is_no_token),
        TEMP_TEST(a_run_is_reached_by_its_address_with_a_token),
        TEMP_TEST(another_run_is_not_told_the_token),
        TEMP_TEST(a_socket_is_not_told_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
