#include "channel/record.h"

#include <math.h>

#include "base/crc32c.h"
#include "base/err.h"
#include "channel/codec.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the hot records are written as the machine's own words");

/* ---- payloads: each walk below is the format, for both directions ---- */

static void walk_run_state(struct codec *codec, enum run_state *state)
{
    uint32_t word = codec->out ? (uint32_t)*state : 0;
    codec_range(codec, &word, RUN_WAITING, RUN_LOST);
    if (!codec->out)
        *state = (enum run_state)word;
}

static void walk_outcome_kind(struct codec *codec, enum outcome_kind *kind)
{
    uint32_t word = codec->out ? (uint32_t)*kind : 0;
    codec_range(codec, &word, OUTCOME_APPLIED, OUTCOME_LOST);
    if (!codec->out)
        *kind = (enum outcome_kind)word;
}

static bool is_bound(enum value_type type, const struct value *bound)
{
    return bound->type == type && (type == VALUE_INT || (type == VALUE_DOUBLE && !isnan(bound->number)));
}

/* Bounds are of the bounded value's type; where there are none they are not looked at. An infinite one, or the end of
 * what an int can hold, is none on that side. */
static void walk_bounds(struct codec *codec, enum value_type type, bool *bounded, struct value *min, struct value *max)
{
    codec_bool(codec, bounded);
    codec_value(codec, min);
    codec_value(codec, max);
    codec_require(codec, !*bounded || (is_bound(type, min) && is_bound(type, max)));
}

static void walk_run(struct codec *codec, struct record *record)
{
    codec_text(codec, &record->run.name);
    codec_text(codec, &record->run.language);
    codec_text(codec, &record->run.host);
    codec_text(codec, &record->run.command);
    codec_text(codec, &record->run.folder);
    codec_i64(codec, &record->run.pid);
    codec_i64(codec, &record->run.total_steps);
    codec_i64(codec, &record->run.started_ns);
}

static void walk_series(struct codec *codec, struct record *record)
{
    codec_u32(codec, &record->series.id);
    codec_text(codec, &record->series.name);
    codec_text(codec, &record->series.unit);
}

static void walk_setting(struct codec *codec, struct record_setting *setting)
{
    codec_u32(codec, &setting->id);
    codec_text(codec, &setting->name);
    codec_text(codec, &setting->unit);
    codec_text(codec, &setting->doc);
    codec_type(codec, &setting->type);
    walk_bounds(codec, setting->type, &setting->bounded, &setting->min, &setting->max);
    codec_range(codec, &setting->choices, 0, RECORD_CHOICES_MAX);
    for (uint32_t i = 0; i < setting->choices && !codec->wrong; i++)
        codec_text(codec, &setting->choice[i]);
    codec_value(codec, &setting->value);
    codec_u64(codec, &setting->revision);
    codec_require(codec, setting->type != VALUE_NONE && setting->value.type == setting->type);
    codec_require(codec, setting->type != VALUE_CHOICE || setting->value.integer < setting->choices);
}

static void walk_action(struct codec *codec, struct record_action *action)
{
    codec_u32(codec, &action->id);
    codec_text(codec, &action->name);
    codec_text(codec, &action->doc);
    codec_range(codec, &action->params, 0, RECORD_PARAMS_MAX);
    for (uint32_t i = 0; i < action->params && !codec->wrong; i++) {
        struct record_param *param = &action->param[i];
        codec_text(codec, &param->name);
        codec_value(codec, &param->value);
        walk_bounds(codec, param->value.type, &param->bounded, &param->min, &param->max);
    }
}

static void walk_config(struct codec *codec, struct record *record)
{
    codec_text(codec, &record->config.name);
    codec_text(codec, &record->config.json);
}

static void walk_effect(struct codec *codec, struct record *record)
{
    codec_u32(codec, &record->effect.setting);
    codec_value(codec, &record->effect.value);
    codec_u64(codec, &record->effect.revision);
    codec_u64(codec, &record->effect.ticket);
    codec_u64(codec, &record->effect.overrides);
}

static void walk_outcome(struct codec *codec, struct record_outcome *outcome)
{
    codec_u64(codec, &outcome->ticket);
    walk_outcome_kind(codec, &outcome->outcome);
    codec_u32(codec, &outcome->error);
    codec_bool(codec, &outcome->changed);
    codec_i64(codec, &outcome->pause_step);
    codec_text(codec, &outcome->detail);
    codec_text(codec, &outcome->result);
    codec_bool(codec, &outcome->result_cut);
    codec_range(codec, &outcome->items, 0, RECORD_ITEMS_MAX);
    for (uint32_t i = 0; i < outcome->items && !codec->wrong; i++) {
        struct record_item *item = &outcome->item[i];
        codec_u32(codec, &item->setting);
        codec_value(codec, &item->old);
        codec_value(codec, &item->requested);
        codec_value(codec, &item->effective);
        codec_u64(codec, &item->revision);
    }
}

static void walk_checkpoint(struct codec *codec, struct record *record)
{
    codec_text(codec, &record->checkpoint.id);
    codec_text(codec, &record->checkpoint.path);
    codec_u64(codec, &record->checkpoint.bytes);
}

static void walk_message(struct codec *codec, struct record *record)
{
    codec_u32(codec, &record->message.level);
    codec_text(codec, &record->message.text);
}

static void walk_state(struct codec *codec, struct record *record)
{
    walk_run_state(codec, &record->state.state);
    codec_u64(codec, &record->state.ticket);
}

static void walk_gap(struct codec *codec, struct record *record)
{
    codec_u64(codec, &record->gap.scalars);
    codec_u64(codec, &record->gap.others);
    codec_i64(codec, &record->gap.from_step);
    codec_i64(codec, &record->gap.to_step);
    codec_text(codec, &record->gap.reason);
}

static void walk(struct codec *codec, struct record *record)
{
    codec_i64(codec, &record->step);
    codec_i64(codec, &record->time_ns);
    switch (record->kind) {
    case RECORD_RUN:
        walk_run(codec, record);
        break;
    case RECORD_SERIES:
        walk_series(codec, record);
        break;
    case RECORD_SETTING:
        walk_setting(codec, &record->setting);
        break;
    case RECORD_ACTION:
        walk_action(codec, &record->action);
        break;
    case RECORD_CONFIG:
        walk_config(codec, record);
        break;
    case RECORD_EFFECT:
        walk_effect(codec, record);
        break;
    case RECORD_OUTCOME:
        walk_outcome(codec, &record->outcome);
        break;
    case RECORD_CHECKPOINT:
        walk_checkpoint(codec, record);
        break;
    case RECORD_MESSAGE:
        walk_message(codec, record);
        break;
    case RECORD_STATE:
        walk_state(codec, record);
        break;
    case RECORD_GAP:
        walk_gap(codec, record);
        break;
    case RECORD_END:
        walk_run_state(codec, &record->end.state);
        break;
    case RECORD_STARTED:
        codec_u64(codec, &record->started.ticket);
        break;
    default:
        codec_require(codec, false);
    }
}

/* ---- heads ---- */

struct record_head {
    uint8_t kind, flags;
    uint16_t mark0; /* all ones, as mark1: see record.h */
    uint32_t payload_bytes, crc, mark1;
};
_Static_assert(sizeof(struct record_head) == RECORD_UNIT, "the head is one unit");

static size_t padded(size_t payload_bytes)
{
    return RECORD_UNIT + (payload_bytes + RECORD_UNIT - 1) / RECORD_UNIT * RECORD_UNIT;
}

static uint32_t record_crc(struct record_head head, const void *payload)
{
    head.crc = 0;
    return crc32c(crc32c(0, &head, sizeof head), payload, head.payload_bytes);
}

static int encode_payload(struct buf *buf, const struct record *record)
{
    static const uint8_t zeros[RECORD_UNIT];
    size_t start = buf->size;
    struct codec codec = {.out = buf};
    buf_add(buf, zeros, RECORD_UNIT);
    walk(&codec, (struct record *)(uintptr_t)record); /* a writing walk changes nothing */
    if (buf->failed)
        return ERR_NOMEM;
    size_t payload_bytes = buf->size - start - RECORD_UNIT;
    if (codec.wrong || payload_bytes > RECORD_PAYLOAD_MAX)
        return ERR_INVALID;
    buf_add(buf, zeros, padded(payload_bytes) - RECORD_UNIT - payload_bytes);
    if (buf->failed)
        return ERR_NOMEM;
    struct record_head head = {.kind = (uint8_t)record->kind,
                               .flags = record->flags,
                               .mark0 = UINT16_MAX,
                               .payload_bytes = (uint32_t)payload_bytes,
                               .mark1 = UINT32_MAX};
    head.crc = record_crc(head, buf->data + start + RECORD_UNIT);
    memcpy(buf->data + start, &head, sizeof head);
    return 0;
}

static int encode_words(struct buf *buf, uint64_t word0, uint64_t word1)
{
    buf_u64(buf, word0);
    buf_u64(buf, word1);
    return buf->failed ? ERR_NOMEM : 0;
}

static int encode_scalar(struct buf *buf, const struct record *record)
{
    uint64_t bits;
    memcpy(&bits, &record->scalar.value, 8);
    int code = encode_words(buf, record_series_word(record->kind, record->scalar.series), bits);
    if (code == 0 && record->kind == RECORD_SCALAR_AT)
        code = encode_words(buf, (uint64_t)record->step, (uint64_t)record->time_ns);
    return code;
}

static int encode(struct buf *buf, const struct record *record)
{
    switch (record->kind) {
    case RECORD_STEP:
        if (record->step < RECORD_STEP_MIN || record->step > RECORD_STEP_MAX || record->time_ns < 0)
            return ERR_INVALID;
        return encode_words(buf, record_step_word(record->step), (uint64_t)record->time_ns);
    case RECORD_SCALAR:
    case RECORD_SCALAR_AT:
        return encode_scalar(buf, record);
    default:
        return encode_payload(buf, record);
    }
}

int record_encode(struct buf *buf, const struct record *record)
{
    size_t start = buf->size;
    int code = encode(buf, record);
    if (code < 0)
        buf->size = start;
    return code;
}

/* ---- decoding ---- */

static long decode_step(const uint8_t *data, struct record *record)
{
    int64_t word0;
    memcpy(&word0, data, 8);
    memcpy(&record->time_ns, data + 8, 8);
    record->step = word0 >> 8;
    return record->time_ns < 0 ? ERR_DAMAGED : (long)RECORD_UNIT;
}

static long decode_scalar(const uint8_t *data, struct record *record)
{
    static const uint8_t zeros[3];
    if (memcmp(data + 1, zeros, sizeof zeros) != 0)
        return ERR_DAMAGED;
    memcpy(&record->scalar.series, data + 4, 4);
    memcpy(&record->scalar.value, data + 8, 8);
    return RECORD_UNIT;
}

static long decode_scalar_at(const uint8_t *data, size_t size, struct record *record)
{
    if (size < 2 * RECORD_UNIT)
        return 0;
    if (decode_scalar(data, record) < 0)
        return ERR_DAMAGED;
    memcpy(&record->step, data + 16, 8);
    memcpy(&record->time_ns, data + 24, 8);
    return 2 * RECORD_UNIT;
}

static bool all_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] != 0)
            return false;
    return true;
}

static long decode_payload(const uint8_t *data, size_t size, struct record *record, size_t *skip)
{
    struct record_head head;
    memcpy(&head, data, sizeof head);
    if (head.kind < RECORD_RUN || head.kind > RECORD_STARTED || head.mark0 != UINT16_MAX || head.mark1 != UINT32_MAX ||
        head.payload_bytes > RECORD_PAYLOAD_MAX)
        return ERR_DAMAGED;
    size_t whole = padded(head.payload_bytes);
    if (size < whole)
        return 0;
    const uint8_t *payload = data + RECORD_UNIT;
    *skip = whole;
    if (head.crc != record_crc(head, payload) ||
        !all_zero(payload + head.payload_bytes, whole - RECORD_UNIT - head.payload_bytes))
        return ERR_DAMAGED;
    struct codec codec = {.at = payload, .left = head.payload_bytes};
    record->flags = head.flags;
    walk(&codec, record);
    if (codec.wrong || codec.left > 0)
        return ERR_DAMAGED;
    *skip = 0;
    return (long)whole;
}

long record_decode(const uint8_t *data, size_t size, struct record *record, size_t *skip)
{
    *skip = 0;
    if (size < RECORD_UNIT)
        return 0;
    record->kind = (enum record_kind)data[0];
    record->flags = 0;
    record->synthetic = record->replayed = false;
    switch (record->kind) {
    case RECORD_STEP:
        return decode_step(data, record);
    case RECORD_SCALAR:
        return decode_scalar(data, record);
    case RECORD_SCALAR_AT:
        return decode_scalar_at(data, size, record);
    default:
        return decode_payload(data, size, record, skip);
    }
}

bool record_same(const struct record *a, const struct record *b)
{
    struct buf left, right;
    buf_init(&left);
    buf_init(&right);
    bool same = a->step == b->step && a->time_ns == b->time_ns && record_encode(&left, a) == 0 &&
                record_encode(&right, b) == 0 && left.size == right.size &&
                memcmp(left.data, right.data, left.size) == 0;
    buf_finish(&left);
    buf_finish(&right);
    return same;
}
