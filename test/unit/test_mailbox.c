#include "channel/mailbox.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "temp.h"
#include "unit.h"

struct fixture {
    struct temp *temp;
    struct incarnation incarnation;
    struct mailbox trainer, server;
    struct mailbox_request request, taken;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    void *temp;
    if (!fixture || temp_setup(&temp) < 0)
        return -1;
    fixture->temp = temp;
    memset(&fixture->incarnation, 0xab, sizeof fixture->incarnation);
    *state = fixture;
    return mailbox_create(&fixture->trainer, fixture->temp->fd, &fixture->incarnation, 3, NULL) ||
           mailbox_open(&fixture->server, fixture->temp->fd, &fixture->incarnation, NULL);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    void *temp = fixture->temp;
    mailbox_close(&fixture->trainer);
    mailbox_close(&fixture->server);
    free(fixture);
    return temp_teardown(&temp);
}

static int post_at(struct fixture *fixture, uint64_t ticket, int64_t at_step, int64_t until_step)
{
    fixture->request =
        (struct mailbox_request){.ticket = ticket, .kind = MAILBOX_PAUSE, .at_step = at_step, .until_step = until_step};
    return mailbox_post(&fixture->server, &fixture->request, NULL);
}

static void post(struct fixture *fixture, uint64_t ticket)
{
    assert_int_equal(post_at(fixture, ticket, MAILBOX_NO_STEP, MAILBOX_NO_STEP), 0);
}

/* The ticket taken at this step, 0 when none. */
static uint64_t take(struct fixture *fixture, int64_t step)
{
    memset(&fixture->taken, 0x5a, sizeof fixture->taken);
    return mailbox_take(&fixture->trainer, step, &fixture->taken) == 1 ? fixture->taken.ticket : 0;
}

static void the_file_is_complete(void **state)
{
    struct fixture *fixture = *state;
    struct stat status;
    char name[MAILBOX_NAME];
    mailbox_name(name, &fixture->incarnation);
    assert_string_equal(name, "mailbox.abababababababababababababababab");
    assert_int_equal(fstatat(fixture->temp->fd, name, &status, 0), 0);
    assert_int_equal(status.st_size, sizeof(struct mailbox_map));
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(temp_entries(fixture->temp->fd), 1);
    assert_int_equal(fixture->server.map->ordinal, 3);
    assert_int_equal(fixture->server.map->slots, MAILBOX_SLOTS);
}

static void a_request_lives_from_free_to_free(void **state)
{
    struct fixture *fixture = *state;
    uint64_t tickets[MAILBOX_SLOTS];
    assert_false(mailbox_attention(&fixture->trainer, 1));
    assert_int_equal(mailbox_tickets(&fixture->server, tickets), 0);
    post(fixture, 7);
    assert_int_equal(mailbox_state(&fixture->server, 7), SLOT_POSTED);
    assert_int_equal(mailbox_tickets(&fixture->server, tickets), 1);
    assert_int_equal(tickets[0], 7);
    assert_true(mailbox_attention(&fixture->trainer, 1));
    assert_int_equal(take(fixture, 1), 7);
    assert_int_equal(fixture->taken.kind, MAILBOX_PAUSE);
    assert_int_equal(fixture->taken.items, 0);
    assert_int_equal(mailbox_state(&fixture->server, 7), SLOT_TAKEN);
    assert_false(mailbox_withdraw(&fixture->server, 7));
    assert_int_equal(take(fixture, 1), 0);
    assert_false(mailbox_attention(&fixture->trainer, 1));
    mailbox_done(&fixture->trainer, 7);
    assert_int_equal(mailbox_state(&fixture->server, 7), SLOT_DONE);
    assert_int_equal(mailbox_tickets(&fixture->server, tickets), 1);
    mailbox_release(&fixture->server, 7);
    assert_int_equal(mailbox_state(&fixture->server, 7), SLOT_FREE);
    assert_int_equal(mailbox_tickets(&fixture->server, tickets), 0);
    mailbox_release(&fixture->server, 7);
    mailbox_done(&fixture->trainer, 7);
    assert_int_equal(mailbox_state(&fixture->server, 7), SLOT_FREE);
}

static void a_withdrawn_request_is_never_taken(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, 1);
    post(fixture, 2);
    assert_true(mailbox_withdraw(&fixture->server, 1));
    assert_false(mailbox_withdraw(&fixture->server, 1));
    assert_false(mailbox_withdraw(&fixture->server, 99));
    assert_int_equal(mailbox_state(&fixture->server, 1), SLOT_FREE);
    assert_int_equal(take(fixture, 1), 2);
    assert_int_equal(take(fixture, 1), 0);
}

static void every_field_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct mailbox_request *request = &fixture->request, *taken = &fixture->taken;
    const struct value values[] = {value_double(-0.25),
                                   value_integer(VALUE_INT, INT64_MIN),
                                   value_integer(VALUE_BOOL, 1),
                                   value_integer(VALUE_CHOICE, 5),
                                   {.type = VALUE_STRING, .text = text_from("caf\xc3\xa9")},
                                   {.type = VALUE_NONE}};
    *request = (struct mailbox_request){.ticket = (UINT64_C(1) << 56) - 1,
                                        .kind = MAILBOX_ACT,
                                        .at_step = -5,
                                        .until_step = 500,
                                        .target = 0xfffffffe,
                                        .integer = -77,
                                        .items = 64};
    for (uint32_t i = 0; i < 64; i++)
        request->item[i] = (struct mailbox_item){i * 3, i ? i : MAILBOX_ANY_REVISION, values[i % 6]};
    assert_int_equal(mailbox_post(&fixture->server, request, NULL), 0);
    assert_int_equal(take(fixture, 0), request->ticket);
    assert_int_equal(taken->kind, MAILBOX_ACT);
    assert_int_equal(taken->at_step, -5);
    assert_int_equal(taken->until_step, 500);
    assert_int_equal(taken->target, 0xfffffffe);
    assert_int_equal(taken->integer, -77);
    assert_int_equal(taken->items, 64);
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(taken->item[i].id, request->item[i].id);
        assert_int_equal(taken->item[i].expected_revision, request->item[i].expected_revision);
        assert_true(value_same(&taken->item[i].value, &request->item[i].value));
    }
}

static void due_requests_come_in_ticket_order(void **state)
{
    struct fixture *fixture = *state;
    const uint64_t order[] = {30, 10, 20, 40};
    for (size_t i = 0; i < 4; i++)
        post(fixture, order[i]);
    for (uint64_t ticket = 10; ticket <= 40; ticket += 10)
        assert_int_equal(take(fixture, 0), ticket);
    assert_int_equal(take(fixture, 0), 0);
}

static void at_step_holds_a_request_back(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post_at(fixture, 1, 100, MAILBOX_NO_STEP), 0);
    assert_int_equal(post_at(fixture, 2, 50, MAILBOX_NO_STEP), 0);
    assert_int_equal(take(fixture, 49), 0);
    assert_int_equal(fixture->trainer.next_due, 50);
    assert_false(mailbox_attention(&fixture->trainer, 49));
    assert_true(mailbox_attention(&fixture->trainer, 50));
    assert_int_equal(take(fixture, 50), 2);
    assert_int_equal(take(fixture, 50), 0);
    assert_int_equal(fixture->trainer.next_due, 100);
    assert_false(mailbox_attention(&fixture->trainer, 99));
    /* The loop may step past it. */
    assert_true(mailbox_attention(&fixture->trainer, 107));
    assert_int_equal(take(fixture, 107), 1);
    assert_int_equal(take(fixture, 107), 0);
    assert_int_equal(fixture->trainer.next_due, INT64_MAX);
}

static void until_step_ends_it(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post_at(fixture, 1, MAILBOX_NO_STEP, 10), 0);
    assert_int_equal(take(fixture, 11), 0);
    assert_int_equal(take(fixture, 10), 1);
    assert_int_equal(post_at(fixture, 2, 5, 10), 0);
    assert_int_equal(take(fixture, 4), 0);
    assert_int_equal(take(fixture, 11), 0);
    assert_int_equal(fixture->trainer.next_due, INT64_MAX); /* it will not be due any more */
    assert_false(mailbox_attention(&fixture->trainer, 12));
    assert_true(mailbox_withdraw(&fixture->server, 2));
}

static void what_is_posted_between_two_looks_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    post(fixture, 1);
    assert_int_equal(take(fixture, 0), 1);
    post(fixture, 2); /* before the trainer has taken until none was due */
    assert_true(mailbox_attention(&fixture->trainer, 0));
    assert_int_equal(take(fixture, 0), 2);
    assert_int_equal(take(fixture, 0), 0);
    post(fixture, 3);
    assert_true(mailbox_attention(&fixture->trainer, 0));
}

static void slots_and_payload_are_bounded_and_come_back(void **state)
{
    struct fixture *fixture = *state;
    struct err err;
    for (uint64_t ticket = 1; ticket <= MAILBOX_SLOTS; ticket++)
        post(fixture, ticket);
    fixture->request.ticket = 65;
    assert_int_equal(mailbox_post(&fixture->server, &fixture->request, &err), ERR_FULL);
    assert_string_equal(err.text, "64 requests wait already");
    assert_true(mailbox_withdraw(&fixture->server, 20));
    post(fixture, 65);
    assert_int_equal(post_at(fixture, 66, MAILBOX_NO_STEP, MAILBOX_NO_STEP), ERR_FULL);
}

static int post_text(struct fixture *fixture, uint64_t ticket, size_t size, char fill)
{
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, fill, size);
    fixture->request = (struct mailbox_request){.ticket = ticket, .kind = MAILBOX_SET, .items = 1};
    fixture->request.at_step = fixture->request.until_step = MAILBOX_NO_STEP;
    fixture->request.item[0].value = (struct value){.type = VALUE_STRING, .text = text_of(text, size)};
    int code = mailbox_post(&fixture->server, &fixture->request, NULL);
    free(text);
    return code;
}

static void take_text(struct fixture *fixture, uint64_t ticket, size_t size, char fill)
{
    assert_int_equal(take(fixture, 0), ticket);
    struct text text = fixture->taken.item[0].value.text;
    assert_int_equal(text.size, size);
    assert_true(text.data[0] == fill && text.data[size / 2] == fill && text.data[size - 1] == fill);
}

static void payloads_share_the_area(void **state)
{
    struct fixture *fixture = *state;
    enum { QUARTER = MAILBOX_PAYLOAD / 4 - 64 };
    assert_int_equal(post_text(fixture, 1, MAILBOX_PAYLOAD, 'x'), ERR_FULL);
    for (uint64_t ticket = 1; ticket <= 4; ticket++)
        assert_int_equal(post_text(fixture, ticket, QUARTER, (char)('a' + ticket)), 0);
    assert_int_equal(post_text(fixture, 5, QUARTER, 'f'), ERR_FULL);
    assert_true(mailbox_withdraw(&fixture->server, 2));
    assert_int_equal(post_text(fixture, 5, QUARTER + 64, 'f'), ERR_FULL); /* the hole is smaller */
    assert_int_equal(post_text(fixture, 6, QUARTER, 'g'), 0);
    take_text(fixture, 1, QUARTER, 'b');
    take_text(fixture, 3, QUARTER, 'd');
    take_text(fixture, 4, QUARTER, 'e');
    take_text(fixture, 6, QUARTER, 'g');
    mailbox_done(&fixture->trainer, 3);
    mailbox_release(&fixture->server, 3);
    mailbox_done(&fixture->trainer, 4);
    mailbox_release(&fixture->server, 4);
    assert_int_equal(post_text(fixture, 7, 2 * QUARTER, 'h'), 0);
    take_text(fixture, 7, 2 * QUARTER, 'h');
}

static void a_part_in_use_is_never_given_twice(void **state)
{
    struct fixture *fixture = *state;
    enum { QUARTER = MAILBOX_PAYLOAD / 4 - 64 };
    assert_int_equal(post_text(fixture, 1, QUARTER, 'a'), 0);
    assert_int_equal(post_text(fixture, 2, QUARTER, 'b'), 0);
    assert_true(mailbox_withdraw(&fixture->server, 1));
    assert_int_equal(post_text(fixture, 3, 2 * QUARTER, 'c'), 0); /* an earlier slot than 2, a later part */
    assert_int_equal(post_text(fixture, 4, QUARTER + 100, 'd'), ERR_FULL);
    assert_int_equal(post_text(fixture, 5, QUARTER, 'e'), 0);
    take_text(fixture, 2, QUARTER, 'b');
    take_text(fixture, 3, 2 * QUARTER, 'c');
    take_text(fixture, 5, QUARTER, 'e');
}

static void a_new_server_learns_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    uint64_t tickets[MAILBOX_SLOTS];
    enum { HALF = MAILBOX_PAYLOAD / 2 };
    assert_int_equal(post_text(fixture, 8, HALF, 'a'), 0);
    post(fixture, 9);
    mailbox_close(&fixture->server);
    mailbox_close(&fixture->server);
    assert_int_equal(mailbox_open(&fixture->server, fixture->temp->fd, &fixture->incarnation, NULL), 0);
    assert_int_equal(mailbox_tickets(&fixture->server, tickets), 2);
    assert_int_equal(post_text(fixture, 10, HALF, 'b'), ERR_FULL);
    assert_int_equal(post_text(fixture, 10, HALF / 2, 'b'), 0);
    take_text(fixture, 8, HALF, 'a'); /* not overwritten */
    mailbox_release(&fixture->server, 9);
    assert_int_equal(mailbox_state(&fixture->server, 9), SLOT_FREE);
}

static void what_cannot_be_opened(void **state)
{
    struct fixture *fixture = *state;
    struct mailbox other;
    struct incarnation unknown = {{1}};
    struct err err;
    struct mailbox_map *map = fixture->server.map;
    int fd = fixture->temp->fd;
    assert_int_equal(mailbox_open(&other, fd, &unknown, &err), ERR_MISSING);
    map->version = 9;
    assert_int_equal(mailbox_open(&other, fd, &fixture->incarnation, &err), ERR_VERSION);
    map->version = MAILBOX_VERSION;
    map->magic[0] = 'T';
    assert_int_equal(mailbox_open(&other, fd, &fixture->incarnation, &err), ERR_DAMAGED);
    map->magic[0] = 't';
    map->slots = 65;
    assert_int_equal(mailbox_open(&other, fd, &fixture->incarnation, &err), ERR_DAMAGED);
    map->slots = MAILBOX_SLOTS;
    map->incarnation.bytes[0] = 0;
    assert_int_equal(mailbox_open(&other, fd, &fixture->incarnation, &err), ERR_DAMAGED);
    assert_null(other.map);
    assert_int_equal(close(openat(fd, "mailbox.01000000000000000000000000000000", O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(mailbox_open(&other, fd, &unknown, &err), ERR_DAMAGED);
    assert_int_equal(mailbox_create(&other, -1, &unknown, 1, &err), ERR_SYSTEM);
}

static void what_cannot_be_posted(void **state)
{
    struct fixture *fixture = *state;
    fixture->request = (struct mailbox_request){.ticket = 0, .kind = MAILBOX_STOP};
    assert_int_equal(mailbox_post(&fixture->server, &fixture->request, NULL), ERR_INVALID);
    fixture->request.ticket = UINT64_C(1) << 56;
    assert_int_equal(mailbox_post(&fixture->server, &fixture->request, NULL), ERR_INVALID);
    fixture->request.ticket = 1;
    fixture->request.items = 65;
    assert_int_equal(mailbox_post(&fixture->server, &fixture->request, NULL), ERR_INVALID);
    assert_false(mailbox_attention(&fixture->trainer, 0));
}

/* ---- hostile bytes ---- */

/* The only slot in use, as the trainer sees it. */
static struct mailbox_slot *only_slot(struct fixture *fixture)
{
    for (uint32_t i = 0; i < MAILBOX_SLOTS; i++)
        if (atomic_load(&fixture->trainer.map->slot[i].state) != 0)
            return &fixture->trainer.map->slot[i];
    fail();
    return NULL;
}

static void refused_after(struct fixture *fixture, void (*spoil)(struct fixture *fixture, struct mailbox_slot *slot))
{
    static uint64_t ticket;
    assert_int_equal(post_text(fixture, ++ticket, 100, 'x'), 0);
    spoil(fixture, only_slot(fixture));
    assert_int_equal(take(fixture, 0), ticket);
    assert_int_equal(fixture->taken.kind, 0);
    assert_int_equal(fixture->taken.items, 0);
    mailbox_done(&fixture->trainer, ticket);
    mailbox_release(&fixture->server, ticket);
}

static void spoil_kind(struct fixture *fixture, struct mailbox_slot *slot)
{
    (void)fixture;
    atomic_store(&slot->kind, 15);
}

static void spoil_offset(struct fixture *fixture, struct mailbox_slot *slot)
{
    (void)fixture;
    atomic_store(&slot->payload_offset, UINT32_MAX);
}

static void spoil_bytes(struct fixture *fixture, struct mailbox_slot *slot)
{
    (void)fixture;
    atomic_store(&slot->payload_bytes, UINT32_MAX);
}

static void spoil_crc(struct fixture *fixture, struct mailbox_slot *slot)
{
    fixture->trainer.map->payload[atomic_load(&slot->payload_offset) + 50] ^= 1;
}

static void make_crc_good(struct fixture *fixture, struct mailbox_slot *slot)
{
    uint32_t offset = atomic_load(&slot->payload_offset), bytes = atomic_load(&slot->payload_bytes);
    atomic_store(&slot->payload_crc, crc32c(0, fixture->trainer.map->payload + offset, bytes));
}

static void spoil_count(struct fixture *fixture, struct mailbox_slot *slot)
{
    fixture->trainer.map->payload[atomic_load(&slot->payload_offset)] = 65;
    make_crc_good(fixture, slot);
}

static void spoil_length(struct fixture *fixture, struct mailbox_slot *slot)
{
    atomic_fetch_sub(&slot->payload_bytes, 1);
    make_crc_good(fixture, slot);
}

static void spoil_rest(struct fixture *fixture, struct mailbox_slot *slot)
{
    atomic_fetch_add(&slot->payload_bytes, 1);
    make_crc_good(fixture, slot);
}

static void senseless_requests_are_taken_as_kind_0(void **state)
{
    struct fixture *fixture = *state;
    refused_after(fixture, spoil_kind);
    refused_after(fixture, spoil_offset);
    refused_after(fixture, spoil_bytes);
    refused_after(fixture, spoil_crc);
    refused_after(fixture, spoil_count);
    refused_after(fixture, spoil_length);
    refused_after(fixture, spoil_rest);
}

static void random_slots_never_crash(void **state)
{
    struct fixture *fixture = *state;
    uint64_t tickets[MAILBOX_SLOTS];
    uint8_t *slots = (uint8_t *)fixture->trainer.map->slot;
    srand(5);
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof fixture->trainer.map->slot; i++)
            slots[i] = (uint8_t)(rand() % 2 ? rand() : rand() % 6);
        for (int i = 0; i < 100 && take(fixture, rand()); i++)
            mailbox_done(&fixture->trainer, fixture->taken.ticket);
        mailbox_close(&fixture->server);
        assert_int_equal(mailbox_open(&fixture->server, fixture->temp->fd, &fixture->incarnation, NULL), 0);
        uint32_t count = mailbox_tickets(&fixture->server, tickets);
        assert_in_range(count, 0, MAILBOX_SLOTS);
        post_text(fixture, (uint64_t)round + 1, (size_t)rand() % 5000, 'x');
        for (uint32_t i = 0; i < count; i++) {
            mailbox_withdraw(&fixture->server, tickets[i]);
            mailbox_release(&fixture->server, tickets[i]);
        }
    }
    memset(slots, 0, sizeof fixture->trainer.map->slot);
    mailbox_close(&fixture->server);
    assert_int_equal(mailbox_open(&fixture->server, fixture->temp->fd, &fixture->incarnation, NULL), 0);
    post(fixture, 5);
    assert_int_equal(take(fixture, 0), 5);
}

/* ---- races: each ticket has exactly one judge ---- */

struct race {
    struct mailbox *trainer;
    uint64_t rounds;
    uint8_t *taken; /* by ticket: how often */
    uint64_t wrong; /* payloads that were not their ticket's */
};

static void *train(void *context)
{
    struct race *race = context;
    struct mailbox_request *request = calloc(1, sizeof *request);
    for (uint64_t last = 0; request && last != race->rounds;) {
        if (!mailbox_attention(race->trainer, 0)) {
            sched_yield();
            continue;
        }
        while (mailbox_take(race->trainer, 0, request) == 1) {
            race->taken[request->ticket]++;
            race->wrong += request->items != 1 || request->item[0].value.integer != (int64_t)request->ticket;
            mailbox_done(race->trainer, request->ticket);
            last = request->ticket;
        }
    }
    free(request);
    return NULL;
}

/* Posts each ticket, tries at once to withdraw it; where that fails, waits for the trainer. The last is never
 * withdrawn: it ends the trainer's loop. How many were withdrawn. */
static uint64_t judge(struct mailbox *server, uint64_t rounds, uint8_t *withdrawn)
{
    uint64_t count = 0;
    struct mailbox_request request = {.kind = MAILBOX_SET, .items = 1};
    request.at_step = request.until_step = MAILBOX_NO_STEP;
    for (uint64_t ticket = 1; ticket <= rounds; ticket++) {
        request.ticket = ticket;
        request.item[0].value = value_integer(VALUE_INT, (int64_t)ticket);
        assert_int_equal(mailbox_post(server, &request, NULL), 0);
        for (uint64_t pause = ticket * 7 % 64; pause > 0; pause--)
            __asm__ volatile("" ::: "memory");
        if (ticket % 16 == 0)
            sched_yield();
        if (ticket < rounds && mailbox_withdraw(server, ticket)) {
            withdrawn[ticket] = 1;
            count++;
            continue;
        }
        while (mailbox_state(server, ticket) != SLOT_DONE)
            sched_yield();
        mailbox_release(server, ticket);
    }
    return count;
}

static void check_race(const struct race *race, const uint8_t *withdrawn, uint64_t count)
{
    for (uint64_t ticket = 1; ticket <= race->rounds; ticket++)
        if (race->taken[ticket] + withdrawn[ticket] != 1)
            fail_msg("ticket %llu: taken %d times, withdrawn %d times", (unsigned long long)ticket, race->taken[ticket],
                     withdrawn[ticket]);
    assert_int_equal(race->wrong, 0);
    assert_true(count > 0 && count < race->rounds);
}

/* Both sides through one mapping, so that ThreadSanitizer sees what each does to the other's memory. */
static void withdrawing_races_with_taking_in_threads(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 60000 };
    pthread_t thread;
    uint8_t *withdrawn = calloc(1, ROUNDS + 1);
    struct race race = {&fixture->trainer, ROUNDS, calloc(1, ROUNDS + 1), 0};
    struct mailbox server = fixture->server;
    server.map = fixture->trainer.map;
    assert_true(withdrawn && race.taken);
    assert_int_equal(pthread_create(&thread, NULL, train, &race), 0);
    uint64_t count = judge(&server, ROUNDS, withdrawn);
    assert_int_equal(pthread_join(thread, NULL), 0);
    check_race(&race, withdrawn, count);
    free(withdrawn);
    free(race.taken);
}

static int train_in_a_child(struct race *race, int pipe_fd)
{
    train(race);
    for (uint64_t sent = 0; sent <= race->rounds;) {
        ssize_t wrote = write(pipe_fd, race->taken + sent, race->rounds + 1 - sent);
        if (wrote <= 0)
            return 1;
        sent += (uint64_t)wrote;
    }
    return race->wrong == 0 ? 0 : 2;
}

static void withdrawing_races_with_taking_in_processes(void **state)
{
    struct fixture *fixture = *state;
    enum { ROUNDS = 40000 };
    int ends[2], status;
    uint8_t *withdrawn = calloc(1, ROUNDS + 1);
    struct race race = {&fixture->trainer, ROUNDS, calloc(1, ROUNDS + 1), 0};
    assert_true(withdrawn && race.taken);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(train_in_a_child(&race, ends[1]));
    close(ends[1]);
    uint64_t count = judge(&fixture->server, ROUNDS, withdrawn);
    for (uint64_t got = 0; got <= ROUNDS;) {
        ssize_t part = read(ends[0], race.taken + got, ROUNDS + 1 - got);
        assert_true(part > 0);
        got += (uint64_t)part;
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    check_race(&race, withdrawn, count);
    free(withdrawn);
    free(race.taken);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_file_is_complete),
        TEST(a_request_lives_from_free_to_free),
        TEST(a_withdrawn_request_is_never_taken),
        TEST(every_field_arrives),
        TEST(due_requests_come_in_ticket_order),
        TEST(at_step_holds_a_request_back),
        TEST(until_step_ends_it),
        TEST(what_is_posted_between_two_looks_is_noticed),
        TEST(slots_and_payload_are_bounded_and_come_back),
        TEST(payloads_share_the_area),
        TEST(a_part_in_use_is_never_given_twice),
        TEST(a_new_server_learns_what_is_there),
        TEST(what_cannot_be_opened),
        TEST(what_cannot_be_posted),
        TEST(senseless_requests_are_taken_as_kind_0),
        TEST(random_slots_never_crash),
        TEST(withdrawing_races_with_taking_in_threads),
        TEST(withdrawing_races_with_taking_in_processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
