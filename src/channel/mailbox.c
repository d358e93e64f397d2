#include "channel/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "channel/codec.h"

#define MAGIC "trimtabM"
#define ITEMS_MAX 64u
#define TICKET_MAX ((UINT64_C(1) << 56) - 1)

_Static_assert(offsetof(struct mailbox_map, posted) == 64 && offsetof(struct mailbox_map, step) == 128 &&
                   offsetof(struct mailbox_map, slot) == 192,
               "the words that change stand on lines of their own");

void mailbox_name(char name[MAILBOX_NAME], const struct incarnation *incarnation)
{
    char text[33];
    incarnation_text(text, incarnation);
    snprintf(name, MAILBOX_NAME, "mailbox.%s", text);
}

static uint64_t state_word(uint64_t ticket, enum slot_state state)
{
    return ticket << 8 | state;
}

static uint64_t load_state(const struct mailbox_slot *slot)
{
    return atomic_load_explicit(&slot->state, memory_order_acquire);
}

static bool change_state(struct mailbox_slot *slot, uint64_t ticket, enum slot_state from, enum slot_state to)
{
    uint64_t expected = state_word(ticket, from);
    return atomic_compare_exchange_strong_explicit(&slot->state, &expected, state_word(ticket, to),
                                                   memory_order_acq_rel, memory_order_acquire);
}

static enum slot_state state_of(uint64_t word)
{
    return (word & 0xff) <= SLOT_WITHDRAWN ? (enum slot_state)(word & 0xff) : SLOT_WITHDRAWN;
}

#define LOAD(field) atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* The items of a request, the same walk for both directions. */
static void walk_items(struct codec *codec, struct mailbox_request *request)
{
    codec_range(codec, &request->items, 0, ITEMS_MAX);
    for (uint32_t i = 0; i < request->items && !codec->wrong; i++) {
        struct mailbox_item *item = &request->item[i];
        codec_u32(codec, &item->id);
        codec_u64(codec, &item->expected_revision);
        codec_value(codec, &item->value);
    }
}

/* ---- trainer ---- */

int mailbox_create(struct mailbox *mailbox, int folder_fd, const struct incarnation *incarnation, uint64_t ordinal,
                   struct err *err)
{
    char name[MAILBOX_NAME], temporary[NAME_MAX + 1];
    void *memory;
    *mailbox = (struct mailbox){.next_due = INT64_MAX};
    mailbox_name(name, incarnation);
    file_temporary_name(temporary, name);
    int code = file_create_mapped(folder_fd, temporary, sizeof(struct mailbox_map), &memory, err);
    if (code < 0)
        return code;
    struct mailbox_map *map = memory;
    memcpy(map->magic, MAGIC, sizeof map->magic);
    map->version = MAILBOX_VERSION;
    map->slots = MAILBOX_SLOTS;
    map->incarnation = *incarnation;
    map->ordinal = ordinal;
    if (renameat(folder_fd, temporary, folder_fd, name) < 0) {
        code = err_errno(err, ERR_SYSTEM, "cannot name the mailbox %s", name);
        munmap(map, sizeof *map);
        unlinkat(folder_fd, temporary, 0);
        return code;
    }
    mailbox->map = map;
    return 0;
}

/* The posted slot with the least ticket that is due, NULL where none is; *next_due among those that are not yet. */
static struct mailbox_slot *find_due(struct mailbox_map *map, int64_t step, uint64_t *word, int64_t *next_due)
{
    struct mailbox_slot *found = NULL;
    *next_due = INT64_MAX;
    for (uint32_t i = 0; i < MAILBOX_SLOTS; i++) {
        struct mailbox_slot *slot = &map->slot[i];
        uint64_t now = load_state(slot);
        if (state_of(now) != SLOT_POSTED)
            continue;
        int64_t at_step = LOAD(slot->at_step), until_step = LOAD(slot->until_step);
        if (until_step != MAILBOX_NO_STEP && step > until_step)
            continue; /* the server lets it expire */
        if (at_step > step) {
            *next_due = at_step < *next_due ? at_step : *next_due;
        } else if (!found || now < *word) {
            found = slot;
            *word = now;
        }
    }
    return found;
}

/* Copied once, then checked: the other side may write there at any time. */
static bool read_items(struct mailbox *mailbox, const struct mailbox_slot *slot, struct mailbox_request *request)
{
    uint32_t offset = LOAD(slot->payload_offset), bytes = LOAD(slot->payload_bytes), crc = LOAD(slot->payload_crc);
    struct buf *copy = &mailbox->copy;
    if (offset > MAILBOX_PAYLOAD || bytes > MAILBOX_PAYLOAD - offset)
        return false;
    buf_clear(copy);
    buf_add(copy, mailbox->map->payload + offset, bytes);
    if (copy->failed || crc32c(0, copy->data, copy->size) != crc)
        return false;
    struct codec codec = {.at = (const uint8_t *)copy->data, .left = copy->size};
    walk_items(&codec, request);
    return !codec.wrong && codec.left == 0;
}

static void read_request(struct mailbox *mailbox, const struct mailbox_slot *slot, struct mailbox_request *request)
{
    uint32_t kind = LOAD(slot->kind);
    request->at_step = LOAD(slot->at_step);
    request->until_step = LOAD(slot->until_step);
    request->target = LOAD(slot->target);
    request->integer = LOAD(slot->integer);
    bool sound = kind >= MAILBOX_PAUSE && kind <= MAILBOX_ACT && read_items(mailbox, slot, request);
    request->kind = sound ? (enum mailbox_kind)kind : (enum mailbox_kind)0;
    request->items = sound ? request->items : 0;
}

int mailbox_take(struct mailbox *mailbox, int64_t step, struct mailbox_request *request)
{
    struct mailbox_map *map = mailbox->map;
    uint64_t word = 0;
    int64_t next_due;
    /* A try fails where the request was withdrawn meanwhile. Bounded: a control point never waits for the server. */
    for (uint32_t tries = 0; tries < MAILBOX_SLOTS; tries++) {
        /* Before the slots are looked at: what is posted later is then noticed the next time. */
        uint64_t posted = atomic_load_explicit(&map->posted, memory_order_acquire);
        struct mailbox_slot *slot = find_due(map, step, &word, &next_due);
        if (!slot) {
            mailbox->seen = posted;
            mailbox->next_due = next_due;
            return 0;
        }
        if (change_state(slot, word >> 8, SLOT_POSTED, SLOT_TAKEN)) {
            request->ticket = word >> 8;
            read_request(mailbox, slot, request);
            return 1;
        }
    }
    return 0;
}

/* The index of the slot of `ticket`, MAILBOX_SLOTS where there is none; *word is its state. */
static uint32_t find_ticket(const struct mailbox_map *map, uint64_t ticket, uint64_t *word)
{
    uint32_t i = 0;
    for (; i < MAILBOX_SLOTS; i++) {
        *word = load_state(&map->slot[i]);
        if (*word >> 8 == ticket && state_of(*word) != SLOT_FREE)
            break;
    }
    return i;
}

void mailbox_done(struct mailbox *mailbox, uint64_t ticket)
{
    uint64_t word;
    uint32_t i = find_ticket(mailbox->map, ticket, &word);
    if (i < MAILBOX_SLOTS)
        change_state(&mailbox->map->slot[i], ticket, SLOT_TAKEN, SLOT_DONE);
}

/* ---- server ---- */

static int check_map(const struct mailbox_map *map, const struct incarnation *incarnation, const char *name,
                     struct err *err)
{
    if (memcmp(map->magic, MAGIC, sizeof map->magic) != 0)
        return err_set(err, ERR_DAMAGED, "%s is not a mailbox", name);
    if (map->version != MAILBOX_VERSION)
        return err_set(err, ERR_VERSION, "%s is of format version %u", name, map->version);
    if (map->slots != MAILBOX_SLOTS || !incarnation_same(&map->incarnation, incarnation))
        return err_set(err, ERR_DAMAGED, "the header of %s does not fit its name", name);
    return 0;
}

static int map_mailbox(int fd, const char *name, struct mailbox_map **map, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return err_errno(err, ERR_SYSTEM, "cannot look at %s", name);
    if (!S_ISREG(status.st_mode) || status.st_size != (off_t)sizeof(struct mailbox_map))
        return err_set(err, ERR_DAMAGED, "%s is not a whole mailbox", name);
    void *memory = mmap(NULL, sizeof(struct mailbox_map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return err_errno(err, ERR_SYSTEM, "cannot map %s", name);
    *map = memory;
    return 0;
}

/* Which payload an earlier server gave to the slots that are still in use. */
static void learn_used(struct mailbox *mailbox)
{
    for (uint32_t i = 0; i < MAILBOX_SLOTS; i++) {
        struct mailbox_slot *slot = &mailbox->map->slot[i];
        uint32_t offset = LOAD(slot->payload_offset), bytes = LOAD(slot->payload_bytes);
        if (state_of(load_state(slot)) == SLOT_FREE || offset > MAILBOX_PAYLOAD || bytes > MAILBOX_PAYLOAD - offset)
            continue;
        mailbox->used[i].offset = offset;
        mailbox->used[i].bytes = bytes;
    }
}

int mailbox_open(struct mailbox *mailbox, int folder_fd, const struct incarnation *incarnation, struct err *err)
{
    char name[MAILBOX_NAME];
    *mailbox = (struct mailbox){.next_due = INT64_MAX};
    mailbox_name(name, incarnation);
    int fd = openat(folder_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return err_errno(err, errno == ENOENT ? ERR_MISSING : ERR_SYSTEM, "cannot open %s", name);
    int code = map_mailbox(fd, name, &mailbox->map, err);
    close(fd);
    if (code == 0)
        code = check_map(mailbox->map, incarnation, name, err);
    if (code < 0)
        mailbox_close(mailbox);
    else
        learn_used(mailbox);
    return code;
}

/* First fit: behind each part that stands in the way, until none does. */
static bool find_payload(const struct mailbox *mailbox, uint32_t bytes, uint32_t *offset)
{
    *offset = 0;
    for (uint32_t i = 0; i < MAILBOX_SLOTS; i++) {
        uint32_t start = mailbox->used[i].offset, end = start + mailbox->used[i].bytes;
        if (start == end || end <= *offset || start >= *offset + bytes)
            continue;
        *offset = end;
        if (bytes > MAILBOX_PAYLOAD - *offset)
            return false;
        i = UINT32_MAX; /* from the first again */
    }
    return bytes <= MAILBOX_PAYLOAD - *offset;
}

static uint32_t find_free(const struct mailbox_map *map)
{
    uint32_t i = 0;
    while (i < MAILBOX_SLOTS && state_of(load_state(&map->slot[i])) != SLOT_FREE)
        i++;
    return i;
}

static void fill_slot(struct mailbox *mailbox, uint32_t i, const struct mailbox_request *request,
                      const struct buf *payload, uint32_t offset)
{
    struct mailbox_slot *slot = &mailbox->map->slot[i];
    memcpy(mailbox->map->payload + offset, payload->data, payload->size);
    mailbox->used[i].offset = offset;
    mailbox->used[i].bytes = (uint32_t)payload->size;
    STORE(slot->at_step, request->at_step);
    STORE(slot->until_step, request->until_step);
    STORE(slot->kind, (uint32_t)request->kind);
    STORE(slot->target, request->target);
    STORE(slot->integer, request->integer);
    STORE(slot->payload_offset, offset);
    STORE(slot->payload_bytes, (uint32_t)payload->size);
    STORE(slot->payload_crc, crc32c(0, payload->data, payload->size));
    /* In this order: whoever sees the count grown finds the slot posted, whoever finds it posted sees its fields. */
    atomic_store_explicit(&slot->state, state_word(request->ticket, SLOT_POSTED), memory_order_release);
    atomic_fetch_add_explicit(&mailbox->map->posted, 1, memory_order_release);
}

static int post_payload(struct mailbox *mailbox, const struct mailbox_request *request, const struct buf *payload,
                        struct err *err)
{
    uint32_t offset, slot = find_free(mailbox->map);
    if (slot == MAILBOX_SLOTS)
        return err_set(err, ERR_FULL, "%u requests wait already", MAILBOX_SLOTS);
    if (payload->size > MAILBOX_PAYLOAD || !find_payload(mailbox, (uint32_t)payload->size, &offset))
        return err_set(err, ERR_FULL, "the requests that wait leave no room for %zu bytes", payload->size);
    fill_slot(mailbox, slot, request, payload, offset);
    return 0;
}

int mailbox_post(struct mailbox *mailbox, const struct mailbox_request *request, struct err *err)
{
    struct buf payload;
    struct codec codec = {.out = &payload};
    buf_init(&payload);
    walk_items(&codec, (struct mailbox_request *)(uintptr_t)request); /* a writing walk changes nothing */
    int code;
    if (payload.failed)
        code = err_set(err, ERR_NOMEM, "no memory for a request");
    else if (codec.wrong || request->ticket == 0 || request->ticket > TICKET_MAX)
        code = err_set(err, ERR_INVALID, "the request cannot be written down");
    else
        code = post_payload(mailbox, request, &payload, err);
    buf_finish(&payload);
    return code;
}

static void free_slot(struct mailbox *mailbox, uint32_t i)
{
    mailbox->used[i].offset = mailbox->used[i].bytes = 0;
    atomic_store_explicit(&mailbox->map->slot[i].state, 0, memory_order_release);
}

bool mailbox_withdraw(struct mailbox *mailbox, uint64_t ticket)
{
    uint64_t word;
    uint32_t i = find_ticket(mailbox->map, ticket, &word);
    if (i == MAILBOX_SLOTS || !change_state(&mailbox->map->slot[i], ticket, SLOT_POSTED, SLOT_WITHDRAWN))
        return false;
    free_slot(mailbox, i);
    return true;
}

enum slot_state mailbox_state(const struct mailbox *mailbox, uint64_t ticket)
{
    uint64_t word;
    return find_ticket(mailbox->map, ticket, &word) < MAILBOX_SLOTS ? state_of(word) : SLOT_FREE;
}

void mailbox_release(struct mailbox *mailbox, uint64_t ticket)
{
    uint64_t word;
    uint32_t i = find_ticket(mailbox->map, ticket, &word);
    if (i < MAILBOX_SLOTS)
        free_slot(mailbox, i);
}

uint32_t mailbox_tickets(const struct mailbox *mailbox, uint64_t tickets[MAILBOX_SLOTS])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MAILBOX_SLOTS; i++) {
        uint64_t word = load_state(&mailbox->map->slot[i]);
        if (state_of(word) != SLOT_FREE)
            tickets[count++] = word >> 8;
    }
    return count;
}

/* ---- both ---- */

void mailbox_close(struct mailbox *mailbox)
{
    if (mailbox->map)
        munmap(mailbox->map, sizeof *mailbox->map);
    mailbox->map = NULL;
    buf_finish(&mailbox->copy);
}
