#include "trimtab/client.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fake_server.h"
#include "unit.h"

static void expect_next(trimtab_client *client, const char *expected)
{
    const char *message;
    assert_int_equal(trimtab_client_next(client, &message, SOON), TRIMTAB_CLIENT_OK);
    assert_string_equal(message, expected);
}

/* ---- calls ---- */

static void a_call_gets_an_id_and_its_reply(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"code\":2", PONG, 0, 0}, {"\"code\":2", PONG, 0, 0}, {0}};
    struct fake_server server = {0};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_call(client, "{\"code\":2}", &reply, SOON), TRIMTAB_CLIENT_OK);
    assert_non_null(strstr(reply, "\"result\":{}"));
    assert_string_equal(trimtab_client_error(client), "");
    fake_server_pong(client);
    fake_server_leave(client, &server);
}

static void events_on_the_way_are_kept_in_order(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"code\":2",
                                       "{\"event\":\"run\",\"n\":1}\n{\"event\":\"run\",\"n\":2,\"id\":\"p\"}\n"
                                       "{\"code\":3,\"id\":\"other\",\"result\":{}}\n" PONG
                                       "{\"event\":\"run\",\"n\":3}\n",
                                       0, 0},
                                      {0}};
    struct fake_server server = {0};
    trimtab_client *client = fake_server_meet(&server, steps);
    fake_server_pong(client);
    expect_next(client, "{\"event\":\"run\",\"n\":1}");
    expect_next(client, "{\"event\":\"run\",\"n\":2,\"id\":\"p\"}");
    expect_next(client, "{\"code\":3,\"id\":\"other\",\"result\":{}}");
    expect_next(client, "{\"event\":\"run\",\"n\":3}");
    assert_int_equal(trimtab_client_dropped(client), 0);
    fake_server_leave(client, &server);
}

static void past_the_bound_the_oldest_are_dropped(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"code\":2", "{\"event\":\"first\"}\n", 0, 0},
                                      {NULL, "{\"event\":\"more\"}\n", 0, TRIMTAB_CLIENT_KEPT_MAX - 1},
                                      {NULL, "{\"event\":\"last\"}\n", 0, 0},
                                      {NULL, "{\"code\":2,\"id\":\"p\",\"result\":{}}\n", 0, 0},
                                      {0}};
    struct fake_server server = {0};
    trimtab_client *client = fake_server_meet(&server, steps);
    fake_server_pong(client);
    assert_int_equal(trimtab_client_dropped(client), 2);
    for (int i = 0; i < TRIMTAB_CLIENT_KEPT_MAX - 1; i++)
        expect_next(client, "{\"event\":\"more\"}");
    expect_next(client, "{\"event\":\"last\"}");
    fake_server_leave(client, &server);
}

static void an_error_without_an_id_is_the_reply(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"code\":2", "{\"CodeError\":42,\"Error\":\"0x2A\"}\n", 0, 0}, {0}};
    struct fake_server server = {0};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_call(client, "{\"code\":2}", &reply, SOON), TRIMTAB_CLIENT_OK);
    assert_string_equal(reply, "{\"CodeError\":42,\"Error\":\"0x2A\"}");
    fake_server_leave(client, &server);
}

static void what_is_no_request_is_not_sent(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "2",
        "{\"code\":2,\"code\":3}",
        "{\"id\":{}}",
        "{\"id\":1.5}",
        "{\"id\":\"0123456789012345678901234567890123456789012345678901234567890123456789\"}"};
    const struct fake_step steps[] = {{"\"id\":\"p\"", PONG, 0, 0}, {0}};
    struct fake_server server = {0};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(trimtab_client_call(client, wrong[i], &reply, SOON), TRIMTAB_CLIENT_INVALID);
        assert_null(reply);
        assert_string_not_equal(trimtab_client_error(client), "");
    }
    assert_int_equal(trimtab_client_send(client, "", SOON), TRIMTAB_CLIENT_INVALID);
    char *much = malloc(TRIMTAB_CLIENT_REQUEST_MAX + 2);
    memset(much, ' ', TRIMTAB_CLIENT_REQUEST_MAX + 1);
    much[TRIMTAB_CLIENT_REQUEST_MAX + 1] = '\0';
    assert_int_equal(trimtab_client_send(client, much, SOON), TRIMTAB_CLIENT_INVALID);
    free(much);
    fake_server_pong(client);
    fake_server_leave(client, &server);
}

static void a_request_is_one_line(void **state)
{
    (void)state;
    const struct fake_step steps[] = {
        {"{\"code\":2,  \"id\":7}", "{\"id\":7}\r\n\r\n\n", 0, 0}, {"\"p\"", PONG, 0, 0}, {0}};
    struct fake_server server = {0};
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_send(client, "{\"code\":2,\r\n\"id\":7}", SOON), TRIMTAB_CLIENT_OK);
    expect_next(client, "{\"id\":7}");
    fake_server_pong(client);
    fake_server_leave(client, &server);
}

/* ---- time ---- */

static void await_bytes(trimtab_client *client)
{
    struct pollfd ready = {.fd = trimtab_client_fd(client), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, (int)(SOON * 1000)), 1);
}

static void a_message_may_come_in_parts(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{NULL, "{\"event\":\"r", 0, 0}, {"more", "un\"}\n{\"event\":", 0, 0}, {0}};
    struct fake_server server = {0};
    const char *message;
    trimtab_client *client = fake_server_meet(&server, steps);
    await_bytes(client);
    assert_int_equal(trimtab_client_next(client, &message, 0), TRIMTAB_CLIENT_TIMEOUT);
    assert_null(message);
    assert_int_equal(trimtab_client_send(client, "more", SOON), TRIMTAB_CLIENT_OK);
    expect_next(client, "{\"event\":\"run\"}");
    assert_int_equal(trimtab_client_next(client, &message, 0), TRIMTAB_CLIENT_TIMEOUT);
    fake_server_leave(client, &server);
}

static void after_a_time_out_the_reply_is_a_message(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"late\"", NULL, 0, 0}, {"\"p\"", "{\"id\":\"late\"}\n" PONG, 0, 0}, {0}};
    static const double little[] = {0.01, 0, -1, NAN};
    struct fake_server server = {0};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_call(client, "{\"code\":2,\"id\":\"late\"}", &reply, 0.01), TRIMTAB_CLIENT_TIMEOUT);
    for (size_t i = 0; i < sizeof little / sizeof *little; i++)
        assert_int_equal(trimtab_client_next(client, &reply, little[i]), TRIMTAB_CLIENT_TIMEOUT);
    fake_server_pong(client);
    expect_next(client, "{\"id\":\"late\"}");
    fake_server_leave(client, &server);
}

static void a_stream_of_events_does_not_stretch_the_time(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"\"code\":2", "{\"event\":\"run\"}\n", 0, 200000}, {0}};
    struct fake_server server = {.hang_up = true};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_call(client, "{\"code\":2}", &reply, 0.01), TRIMTAB_CLIENT_TIMEOUT);
    fake_server_leave(client, &server);
}

/* ---- a server that is none ---- */

static void expect_broken(const struct fake_step *steps, int code)
{
    struct fake_server server = {.hang_up = code == TRIMTAB_CLIENT_CLOSED};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_call(client, "{\"code\":2}", &reply, SOON), code);
    assert_string_not_equal(trimtab_client_error(client), "");
    assert_int_equal(trimtab_client_call(client, "{\"code\":2}", &reply, SOON), TRIMTAB_CLIENT_CLOSED);
    assert_int_equal(trimtab_client_next(client, &reply, SOON), TRIMTAB_CLIENT_CLOSED);
    assert_true(trimtab_client_fd(client) < 0);
    fake_server_leave(client, &server);
}

static void garbage_ends_the_connection(void **state)
{
    (void)state;
    const struct fake_step steps[][2] = {{{"2", "HTTP/1.1 400 Bad Request\r\n", 0, 0}, {0}},
                                         {{"2", "[1]\n", 0, 0}, {0}},
                                         {{"2", "\xff\xfe\n", 0, 0}, {0}},
                                         {{"2", "{\"a\0\":1}\n", 9, 0}, {0}}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        expect_broken(steps[i], TRIMTAB_CLIENT_FORMAT);
}

static void a_line_without_end_ends_the_connection(void **state)
{
    (void)state;
    char *much = malloc(1048577);
    memset(much, 'x', 1048576);
    much[1048576] = '\0';
    const struct fake_step steps[] = {{"2", much, 0, TRIMTAB_CLIENT_MESSAGE_MAX / 1048576}, {0}};
    expect_broken(steps, TRIMTAB_CLIENT_FORMAT);
    free(much);
}

static void a_closed_connection_is_told(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"2", "{\"code\":2,\"id\":", 0, 0}, {0}};
    expect_broken(steps, TRIMTAB_CLIENT_CLOSED);
}

static void what_came_before_the_end_can_be_read(void **state)
{
    (void)state;
    const struct fake_step steps[] = {{"2", "{\"event\":\"a\"}\n{\"event\":\"b\"}\n", 0, 0}, {0}};
    struct fake_server server = {.hang_up = true};
    const char *reply;
    trimtab_client *client = fake_server_meet(&server, steps);
    assert_int_equal(trimtab_client_call(client, "{\"code\":2}", &reply, SOON), TRIMTAB_CLIENT_CLOSED);
    expect_next(client, "{\"event\":\"a\"}");
    expect_next(client, "{\"event\":\"b\"}");
    assert_int_equal(trimtab_client_next(client, &reply, SOON), TRIMTAB_CLIENT_CLOSED);
    fake_server_leave(client, &server);
}

static void null_is_no_client(void **state)
{
    (void)state;
    const char *text;
    assert_int_equal(trimtab_client_connect_run(NULL, ".", 0), TRIMTAB_CLIENT_NOMEM);
    assert_int_equal(trimtab_client_call(NULL, "{}", &text, 0), TRIMTAB_CLIENT_NOMEM);
    assert_int_equal(trimtab_client_send(NULL, "{}", 0), TRIMTAB_CLIENT_NOMEM);
    assert_int_equal(trimtab_client_next(NULL, &text, 0), TRIMTAB_CLIENT_NOMEM);
    assert_int_equal(trimtab_client_dropped(NULL), 0);
    assert_true(trimtab_client_fd(NULL) < 0);
    assert_string_equal(trimtab_client_error(NULL), "out of memory");
    trimtab_client_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_gets_an_id_and_its_reply),
        cmocka_unit_test(events_on_the_way_are_kept_in_order),
        cmocka_unit_test(past_the_bound_the_oldest_are_dropped),
        cmocka_unit_test(an_error_without_an_id_is_the_reply),
        cmocka_unit_test(what_is_no_request_is_not_sent),
        cmocka_unit_test(a_request_is_one_line),
        cmocka_unit_test(a_message_may_come_in_parts),
        cmocka_unit_test(after_a_time_out_the_reply_is_a_message),
        cmocka_unit_test(a_stream_of_events_does_not_stretch_the_time),
        cmocka_unit_test(garbage_ends_the_connection),
        cmocka_unit_test(a_line_without_end_ends_the_connection),
        cmocka_unit_test(a_closed_connection_is_told),
        cmocka_unit_test(what_came_before_the_end_can_be_read),
        cmocka_unit_test(null_is_no_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
