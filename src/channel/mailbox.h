/* mailbox.h: what the trainer is asked, in memory that both sides map. File mailbox.INCARNATION: a header, 64 slots,
 * a payload area of 1 MiB. Made anew by each incarnation before it announces itself.
 *
 * A slot's state word is ticket << 8 | state, so that a compare-and-swap can never hit a slot that was used again:
 *   FREE -> POSTED (server) -> TAKEN (trainer, CAS) -> DONE (trainer, after its outcome is published) -> FREE (server)
 *                           -> WITHDRAWN (server, CAS) -> FREE (server)
 * Who holds the slot (server while FREE, DONE, WITHDRAWN; trainer while TAKEN) may write its other fields; while POSTED
 * nobody may. Neither side trusts the other's bytes: what is read is copied once, then checked. */
#ifndef CHANNEL_MAILBOX_H
#define CHANNEL_MAILBOX_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/value.h"
#include "channel/segment.h"

#define MAILBOX_SLOTS 64u
#define MAILBOX_PAYLOAD (1024u * 1024)
#define MAILBOX_VERSION 1u
#define MAILBOX_NO_STEP INT64_MIN
#define MAILBOX_ANY_REVISION UINT64_MAX
#define MAILBOX_NAME 48 /* "mailbox." and 32 digits and a zero */

enum mailbox_kind {
    MAILBOX_PAUSE = 16, /* the numbers of their request codes */
    MAILBOX_RESUME = 17,
    MAILBOX_STOP = 18,
    MAILBOX_ADVANCE = 19, /* integer: how many steps */
    MAILBOX_SET = 20,
    MAILBOX_ACT = 21
};

enum slot_state { SLOT_FREE = 0, SLOT_POSTED = 1, SLOT_TAKEN = 2, SLOT_DONE = 3, SLOT_WITHDRAWN = 4 };

struct mailbox_slot {
    _Atomic uint64_t state;     /* ticket << 8 | enum slot_state */
    _Atomic int64_t at_step;    /* due at the first control point whose step is >= this; MAILBOX_NO_STEP: at the next */
    _Atomic int64_t until_step; /* not taken where the step is > this; MAILBOX_NO_STEP: no bound */
    _Atomic uint32_t kind;
    _Atomic uint32_t target; /* an action's id */
    _Atomic uint32_t payload_offset, payload_bytes, payload_crc;
    _Atomic uint32_t reserved;
    _Atomic int64_t integer;
};

struct mailbox_map {
    char magic[8]; /* "trimtabM" */
    uint32_t version;
    uint32_t slots;
    struct incarnation incarnation;
    uint64_t ordinal;
    _Atomic uint64_t dismissed; /* 1: the last server was ended on purpose: the trainer is to start no other */
    uint8_t pad0[16];
    _Atomic uint64_t posted; /* counts posts: the trainer compares it with what it has seen. Own cache line */
    uint8_t pad1[56];
    _Atomic int64_t step; /* the step of the newest control point: progress without a journal record. Own cache line */
    _Atomic uint64_t control_points;
    uint8_t pad2[48];
    struct mailbox_slot slot[MAILBOX_SLOTS];
    uint8_t payload[MAILBOX_PAYLOAD];
};

/* One `set` value, one parameter of an action. */
struct mailbox_item {
    uint32_t id;                /* of the setting; of a parameter its place in the declaration */
    uint64_t expected_revision; /* of a setting; MAILBOX_ANY_REVISION: any */
    struct value value;
};

struct mailbox_request {
    uint64_t ticket;
    enum mailbox_kind kind;
    int64_t at_step, until_step;
    uint32_t target;
    int64_t integer;
    uint32_t items;
    struct mailbox_item item[64]; /* texts point into the caller's memory (post), into the copy (take) */
};

struct mailbox {
    struct mailbox_map *map; /* NULL: closed */
    uint64_t seen;           /* trainer: the count of posts it has looked at */
    int64_t next_due;        /* trainer: the least at_step among posted requests not yet due; INT64_MAX: none */
    struct buf copy;         /* trainer: the payload of the request that was taken */
    struct {                 /* server: which part of the payload area each slot uses; bytes 0: none */
        uint32_t offset, bytes;
    } used[MAILBOX_SLOTS];
};

void mailbox_name(char name[MAILBOX_NAME], const struct incarnation *incarnation);

/* ---- trainer ---- */

/* Complete under a temporary name, then renamed. 0, ERR_FULL, ERR_SYSTEM. */
int mailbox_create(struct mailbox *mailbox, int folder_fd, const struct incarnation *incarnation, uint64_t ordinal,
                   struct err *err);

/* Has anything been posted that was not looked at, or is something due? A load and a compare. */
static inline bool mailbox_attention(const struct mailbox *mailbox, int64_t step)
{
    return atomic_load_explicit(&mailbox->map->posted, memory_order_acquire) != mailbox->seen ||
           step >= mailbox->next_due;
}

/* Takes the due request with the least ticket: 1 with *request filled (texts live until the next take), 0 when none is
 * due (seen and next_due are then up to date). A request whose bytes make no sense is returned with kind 0 and items 0:
 * the caller refuses it. */
int mailbox_take(struct mailbox *mailbox, int64_t step, struct mailbox_request *request);
/* Its outcome is published. */
void mailbox_done(struct mailbox *mailbox, uint64_t ticket);

/* ---- server ---- */

/* Maps an existing mailbox. ERR_MISSING, ERR_VERSION, ERR_DAMAGED, ERR_SYSTEM. */
int mailbox_open(struct mailbox *mailbox, int folder_fd, const struct incarnation *incarnation, struct err *err);
/* ERR_FULL: no free slot, or no room for the payload; nothing was posted. */
int mailbox_post(struct mailbox *mailbox, const struct mailbox_request *request, struct err *err);
/* True: the trainer has not taken it and never will (its slot is free again). False: it has, or the ticket is not here.
 */
bool mailbox_withdraw(struct mailbox *mailbox, uint64_t ticket);
/* SLOT_FREE when the ticket is in no slot. */
enum slot_state mailbox_state(const struct mailbox *mailbox, uint64_t ticket);
/* Frees the slot of a ticket whose outcome is stored (DONE; of a dead incarnation any state). */
void mailbox_release(struct mailbox *mailbox, uint64_t ticket);
/* Tickets in slots that are not FREE; at most MAILBOX_SLOTS; how many. */
uint32_t mailbox_tickets(const struct mailbox *mailbox, uint64_t tickets[MAILBOX_SLOTS]);

/* The step of the newest control point; false before the first. */
static inline bool mailbox_progress(const struct mailbox *mailbox, int64_t *step)
{
    *step = atomic_load_explicit(&mailbox->map->step, memory_order_relaxed);
    return atomic_load_explicit(&mailbox->map->control_points, memory_order_relaxed) > 0;
}

static inline void mailbox_dismiss(const struct mailbox *mailbox, bool dismissed)
{
    atomic_store_explicit(&mailbox->map->dismissed, dismissed, memory_order_relaxed);
}

static inline bool mailbox_is_dismissed(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->map->dismissed, memory_order_relaxed) != 0;
}

/* ---- both ---- */
void mailbox_close(struct mailbox *mailbox); /* unmaps; twice is safe */

#endif
