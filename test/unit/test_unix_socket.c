#include "base/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "temp.h"
#include "unit.h"

static void greet(int folder_fd)
{
    char text[8] = "";
    int listening = unix_socket_listen(folder_fd, "sock", 4, NULL);
    assert_true(listening >= 0);
    int client = unix_socket_connect(folder_fd, "sock", NULL);
    assert_true(client >= 0);
    struct pollfd ready = {.fd = listening, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, -1), 1);
    int served = accept(listening, NULL, NULL);
    assert_true(served >= 0);
    assert_int_equal(write(client, "hello", 5), 5);
    assert_int_equal(read(served, text, sizeof text), 5);
    assert_string_equal(text, "hello");
    assert_true(fcntl(listening, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(client, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(listening, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(client, F_GETFD) & FD_CLOEXEC);
    close(served);
    close(client);
    close(listening);
}

static void both_sides_meet(void **state)
{
    struct temp *temp = *state;
    greet(temp->fd);
}

static void a_path_of_200_bytes_does_no_harm(void **state)
{
    struct temp *temp = *state;
    char path[400];
    int length = snprintf(path, sizeof path, "%s/", temp->path);
    memset(path + length, 'd', (size_t)(100 - length));
    path[100] = '/';
    memset(path + 101, 'e', 99);
    path[200] = '\0';
    assert_int_equal(file_make_folders(path, 0700, NULL), 0);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    greet(fd);
    close(fd);
}

static void only_the_owner_may_connect(void **state)
{
    struct temp *temp = *state;
    struct stat status;
    mode_t before = umask(0);
    int fd = unix_socket_listen(temp->fd, "sock", 4, NULL);
    umask(before);
    assert_int_equal(fstatat(temp->fd, "sock", &status, 0), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    close(fd);
}

static void a_stale_file_is_replaced_a_live_one_is_not(void **state)
{
    struct temp *temp = *state;
    struct err err;
    int first = unix_socket_listen(temp->fd, "sock", 4, NULL);
    assert_true(first >= 0);
    assert_int_equal(unix_socket_listen(temp->fd, "sock", 4, &err), ERR_BUSY);
    assert_int_equal(err.code, ERR_BUSY);
    close(first);
    assert_int_equal(unix_socket_connect(temp->fd, "sock", &err), ERR_MISSING);
    int second = unix_socket_listen(temp->fd, "sock", 4, NULL);
    assert_true(second >= 0);
    close(second);
}

static void nobody_listens(void **state)
{
    struct temp *temp = *state;
    struct err err;
    assert_int_equal(unix_socket_connect(temp->fd, "sock", &err), ERR_MISSING);
    assert_non_null(strstr(err.text, "nobody listens"));
    char name[200];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(unix_socket_connect(temp->fd, name, &err), ERR_INVALID);
    assert_int_equal(unix_socket_listen(temp->fd, name, 4, &err), ERR_INVALID);
}

static void a_full_backlog_is_busy_and_does_not_block(void **state)
{
    struct temp *temp = *state;
    struct err err = {0};
    int clients[16], count = 0, code;
    int listening = unix_socket_listen(temp->fd, "sock", 1, NULL);
    assert_true(listening >= 0);
    while ((code = unix_socket_connect(temp->fd, "sock", &err)) >= 0 && count < 16)
        clients[count++] = code;
    assert_int_equal(code, ERR_BUSY);
    assert_true(count >= 1);
    while (count > 0)
        close(clients[--count]);
    close(listening);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(both_sides_meet),
        TEST(a_path_of_200_bytes_does_no_harm),
        TEST(only_the_owner_may_connect),
        TEST(a_stale_file_is_replaced_a_live_one_is_not),
        TEST(nobody_listens),
        TEST(a_full_backlog_is_busy_and_does_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
