/* The server in a thread of its own: it waits for beats and answers a paused trainer. */
#include "test_trainer.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unix_socket.h"

struct peer {
    struct server *server;
    int listening_fd;
    bool interrupts; /* instead of resuming */
    bool failed;
    unsigned char first;
    pthread_t thread;
};

/* Reads what is published after each beat until the run is paused. Not with cmocka's asserts: they belong to its
 * thread. */
static bool wait_until_paused(struct peer *peer, int fd)
{
    struct record record;
    struct err err;
    char byte;

    while (read(fd, &byte, 1) == 1) {
        while (journal_reader_next(peer->server->reader, &record, &err) == 1)
            if (record.kind == RECORD_STATE && record.state.state == RUN_PAUSED)
                return true;
    }
    return false;
}

static void *serve(void *context)
{
    struct peer *peer = context;
    struct mailbox_request resume = {
        .ticket = 2, .kind = MAILBOX_RESUME, .at_step = MAILBOX_NO_STEP, .until_step = MAILBOX_NO_STEP};
    struct err err;
    int fd = accept(peer->listening_fd, NULL, NULL);

    peer->failed = read(fd, &peer->first, 1) != 1 || !wait_until_paused(peer, fd);
    if (peer->interrupts)
        trimtab_interrupt(peer->server->run);
    else
        peer->failed = peer->failed || mailbox_post(&peer->server->mailbox, &resume, &err) < 0;
    peer->failed = peer->failed || send(fd, "!", 1, MSG_NOSIGNAL) != 1;
    close(fd);
    return NULL;
}

static void peer_start(struct peer *peer, struct server *server)
{
    struct err err;

    peer->server = server;
    assert_int_equal(folder_open(&server->folder, server->path, false, &err), 0);
    peer->listening_fd = unix_socket_listen(server->folder.local_fd, "sock", 4, &err);
    assert_true(peer->listening_fd >= 0);
    assert_int_equal(fcntl(peer->listening_fd, F_SETFL, 0), 0);
    server_open(server, NULL);
    (void)server_ask(server, MAILBOX_PAUSE, 0, MAILBOX_NO_STEP);
    assert_int_equal(pthread_create(&peer->thread, NULL, serve, peer), 0);
}

static void peer_end(struct peer *peer)
{
    assert_int_equal(pthread_join(peer->thread, NULL), 0);
    close(peer->listening_fd);
    assert_false(peer->failed);
    assert_int_equal(peer->first, 0x02);
}

static void a_paused_run_is_resumed(void **state)
{
    struct peer peer = {0};
    int64_t step = 1;

    peer_start(&peer, *state);
    assert_int_equal(trimtab_control_point(peer.server->run, &step), TRIMTAB_GO);
    peer_end(&peer);
    peer.server->ticket = 2;
    server_outcome(peer.server, 1, OUTCOME_APPLIED);
    server_outcome(peer.server, 2, OUTCOME_APPLIED);
    /* The server is gone: nothing of it is felt. */
    for (; step < 5000; step++)
        assert_int_equal(trimtab_control_point(peer.server->run, &step), TRIMTAB_GO);
    assert_int_equal(trimtab_message(peer.server->run, TRIMTAB_INFO, "still here"), TRIMTAB_OK);
}

static void a_paused_run_is_interrupted(void **state)
{
    struct peer peer = {.interrupts = true};
    int64_t step = 1;

    peer_start(&peer, *state);
    assert_int_equal(trimtab_control_point(peer.server->run, &step), TRIMTAB_STOP);
    peer_end(&peer);
    assert_int_equal(server_expect(peer.server, RECORD_STATE)->state.state, RUN_STOPPING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_paused_run_is_resumed),
        TEST(a_paused_run_is_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
