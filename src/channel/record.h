/* record.h: what the trainer says, as bytes. The format of the journal, version 1. Little endian.
 *
 * Records are multiples of 16 bytes at 16-byte offsets. Byte 0 is the kind; kind 0 means never written.
 *   step       16   word0 = kind | step << 8 (56 bits, signed), word1 = time_ns
 *   scalar     16   word0 = kind | series << 32, word1 = bits of the value; belongs to the step before it
 *   scalar_at  32   word0 = kind | series << 32, value, step (64 bits), time_ns
 *   others     16 + payload, padded with zero to 16:
 *                   u8 kind, u8 flags, u16 0xffff, u32 payload_bytes, u32 crc32c, u32 0xffffffff
 * The CRC covers the 16 bytes of the head with its own field zero, then the payload. The payload is step and time_ns,
 * then the fields of the struct below in their order; how a field is written: codec.h.
 * The all-ones fields keep a head with a wrong kind from passing as one of the short records, which have no CRC: bytes
 * 1 to 3 of a scalar are zero, the time of a step is not negative.
 */
#ifndef CHANNEL_RECORD_H
#define CHANNEL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/value.h"

#define RECORD_UNIT 16u
#define RECORD_STEP_MIN (-(INT64_C(1) << 55))
#define RECORD_STEP_MAX ((INT64_C(1) << 55) - 1)
#define RECORD_PAYLOAD_MAX (512u * 1024)
#define RECORD_CHOICES_MAX 64
#define RECORD_PARAMS_MAX 16
#define RECORD_ITEMS_MAX 64 /* settings changed by one request */

enum record_kind {
    RECORD_NONE = 0,
    RECORD_STEP = 1,
    RECORD_SCALAR = 2,
    RECORD_SCALAR_AT = 3,
    RECORD_RUN = 16, /* first of every segment: who the trainer is */
    RECORD_SERIES = 17,
    RECORD_SETTING = 18,
    RECORD_ACTION = 19,
    RECORD_CONFIG = 20,
    RECORD_EFFECT = 21, /* a setting's value now in effect */
    RECORD_OUTCOME = 22,
    RECORD_CHECKPOINT = 23,
    RECORD_MESSAGE = 24,
    RECORD_STATE = 25,
    RECORD_GAP = 26,
    RECORD_END = 27,    /* closed in good order; nothing follows in this incarnation */
    RECORD_STARTED = 28 /* a request was taken and its action begins */
};

enum record_flags {
    RECORD_RESTATED = 1 /* a declaration in force, said again at the start of a segment */
};

enum run_state {
    RUN_WAITING = 0, /* no trainer yet */
    RUN_RUNNING = 1,
    RUN_PAUSED = 2,
    RUN_STOPPING = 3, /* asked to leave its loop */
    RUN_FINISHED = 4,
    RUN_LOST = 5 /* the trainer went away without a word; said by the server only */
};

enum outcome_kind {
    OUTCOME_APPLIED = 1,
    OUTCOME_REFUSED = 2,
    OUTCOME_EXPIRED = 3, /* the rest are judged by the server and never stand in a journal */
    OUTCOME_CANCELLED = 4,
    OUTCOME_LOST = 5
};

struct record_setting {
    uint32_t id;
    struct text name, unit, doc;
    enum value_type type;
    bool bounded; /* of a double or an int */
    struct value min, max;
    uint32_t choices;
    struct text choice[RECORD_CHOICES_MAX];
    struct value value; /* in effect */
    uint64_t revision;
};

struct record_param {
    struct text name;
    struct value value; /* type and default */
    bool bounded;
    struct value min, max;
};

struct record_action {
    uint32_t id;
    struct text name, doc;
    uint32_t params;
    struct record_param param[RECORD_PARAMS_MAX];
};

/* One setting of one `set`. */
struct record_item {
    uint32_t setting;
    struct value old, requested, effective;
    uint64_t revision; /* after it */
};

struct record_outcome {
    uint64_t ticket;
    enum outcome_kind outcome;
    uint32_t error;     /* CodeError where refused (46, 50, 55), else 0 */
    bool changed;       /* false: it was so already (pause of a paused run) */
    int64_t pause_step; /* of an advance: where it will pause; INT64_MIN: none */
    struct text detail; /* a sentence, where refused */
    struct text result; /* an action's JSON object; "" when none */
    bool result_cut;    /* it did not fit */
    uint32_t items;
    struct record_item item[RECORD_ITEMS_MAX];
};

struct record {
    enum record_kind kind;
    uint8_t flags;
    bool synthetic; /* a gap that the reader tells (not in the bytes) */
    bool replayed;  /* lies before the position of the reader: only declarations count (not in the bytes) */
    /* The step and time that apply: of scalars from their step record; of others carried in the payload. */
    int64_t step;
    int64_t time_ns;
    union {
        struct {
            uint32_t series;
            double value;
        } scalar; /* SCALAR and SCALAR_AT */
        struct {
            struct text name, language, host, command, folder;
            int64_t pid, total_steps, started_ns;
        } run;
        struct {
            uint32_t id;
            struct text name, unit;
        } series;
        struct record_setting setting;
        struct record_action action;
        struct {
            struct text name, json;
        } config;
        struct {
            uint32_t setting;
            struct value value;
            uint64_t revision;
            uint64_t ticket;    /* the request that did it; 0: the trainer's own code */
            uint64_t overrides; /* the request whose value the trainer's code undid; 0: none */
        } effect;
        struct record_outcome outcome;
        struct {
            struct text id, path;
            uint64_t bytes;
        } checkpoint;
        struct {
            uint32_t level; /* 1 info, 2 warning, 3 error */
            struct text text;
        } message;
        struct {
            enum run_state state;
            uint64_t ticket; /* the request that led to it; 0: none */
        } state;
        struct {
            uint64_t scalars, others; /* how many were dropped */
            int64_t from_step, to_step;
            struct text reason;
        } gap;
        struct {
            enum run_state state; /* RUN_FINISHED */
        } end;
        struct {
            uint64_t ticket;
        } started;
    };
};

/* The two hot records; `at` has room for 16 bytes. */
static inline void record_put_words(uint8_t *at, uint64_t word0, uint64_t word1)
{
    memcpy(at, &word0, 8);
    memcpy(at + 8, &word1, 8);
}

static inline uint64_t record_step_word(int64_t step)
{
    return (uint64_t)RECORD_STEP | (uint64_t)step << 8;
}

static inline uint64_t record_series_word(enum record_kind kind, uint32_t series)
{
    return (uint64_t)kind | (uint64_t)series << 32;
}

/* Appends the record as bytes (padded, CRC set). 0, ERR_NOMEM, or ERR_INVALID where the payload would be too large. */
int record_encode(struct buf *buf, const struct record *record);

/* Reads one record from `size` bytes. Texts point into `data`. Of a SCALAR step and time are left as they are in
 * `record` (the reader fills them in), and likewise nothing is assumed of what `record` held before. Returns its size
 * in bytes; 0 when `size` does not hold it whole (a head that claims more than RECORD_PAYLOAD_MAX is never "not
 * whole"); ERR_DAMAGED: not a record, or its CRC or fields are wrong (*skip is then its size where the head was
 * plausible and the CRC failed or a field did not fit, else 0). Never reads past `size`; hostile bytes are expected. */
long record_decode(const uint8_t *data, size_t size, struct record *record, size_t *skip);

/* Same fields (texts by content, doubles by bits). For tests. */
bool record_same(const struct record *a, const struct record *b);

#endif
