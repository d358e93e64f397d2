#include "channel/codec.h"

#include <string.h>

#include "base/utf8.h"

/* `size` bytes of what is left, NULL where there are fewer. */
static const uint8_t *codec_take(struct codec *codec, size_t size)
{
    if (codec->wrong || codec->left < size) {
        codec->wrong = true;
        return NULL;
    }
    const uint8_t *at = codec->at;
    codec->at += size;
    codec->left -= size;
    return at;
}

static uint64_t codec_little(struct codec *codec, size_t bytes)
{
    const uint8_t *at = codec_take(codec, bytes);
    uint64_t v = 0;
    for (size_t i = 0; at && i < bytes; i++)
        v |= (uint64_t)at[i] << (8 * i);
    return v;
}

void codec_u64(struct codec *codec, uint64_t *v)
{
    if (codec->out)
        buf_u64(codec->out, *v);
    else
        *v = codec_little(codec, 8);
}

void codec_range(struct codec *codec, uint32_t *v, uint32_t least, uint32_t most)
{
    uint64_t wide = codec->out ? *v : 0;
    codec_u64(codec, &wide);
    bool fits = wide >= least && wide <= most;
    codec_require(codec, fits);
    if (!codec->out)
        *v = fits ? (uint32_t)wide : least;
}

void codec_require(struct codec *codec, bool holds)
{
    if (!holds)
        codec->wrong = true;
}

void codec_u32(struct codec *codec, uint32_t *v)
{
    codec_range(codec, v, 0, UINT32_MAX);
}

void codec_i64(struct codec *codec, int64_t *v)
{
    uint64_t bits = codec->out ? (uint64_t)*v : 0;
    codec_u64(codec, &bits);
    if (!codec->out)
        *v = (int64_t)bits;
}

void codec_double(struct codec *codec, double *v)
{
    uint64_t bits = 0;
    if (codec->out)
        memcpy(&bits, v, 8);
    codec_u64(codec, &bits);
    if (!codec->out)
        memcpy(v, &bits, 8);
}

void codec_bool(struct codec *codec, bool *v)
{
    uint32_t word = codec->out ? *v : 0;
    codec_range(codec, &word, 0, 1);
    if (!codec->out)
        *v = word == 1;
}

static void write_text(struct buf *out, struct text text)
{
    buf_u32(out, (uint32_t)text.size);
    while (text.size > 0) {
        size_t good = utf8_valid_prefix(text.data, text.size);
        buf_add(out, text.data, good);
        if (good < text.size) {
            buf_char(out, '?');
            good++;
        }
        text = text_of(text.data + good, text.size - good);
    }
}

void codec_text(struct codec *codec, struct text *v)
{
    if (codec->out) {
        codec_require(codec, v->size <= UINT32_MAX);
        if (!codec->wrong)
            write_text(codec->out, *v);
        return;
    }
    size_t size = (size_t)codec_little(codec, 4);
    const char *data = (const char *)codec_take(codec, size);
    codec_require(codec, data && utf8_valid_prefix(data, size) == size);
    *v = codec->wrong ? text_of(NULL, 0) : text_of(data, size);
}

void codec_type(struct codec *codec, enum value_type *v)
{
    uint32_t word = codec->out ? (uint32_t)*v : (uint32_t)codec_little(codec, 1);
    if (codec->out)
        buf_u8(codec->out, (uint8_t)word);
    codec_require(codec, word <= VALUE_STRING);
    if (!codec->out)
        *v = codec->wrong ? VALUE_NONE : (enum value_type)word;
}

void codec_value(struct codec *codec, struct value *v)
{
    if (!codec->out)
        *v = (struct value){0};
    codec_type(codec, &v->type);
    switch (v->type) {
    case VALUE_DOUBLE:
        codec_double(codec, &v->number);
        break;
    case VALUE_STRING:
        codec_text(codec, &v->text);
        break;
    case VALUE_NONE: {
        int64_t nothing = 0;
        codec_i64(codec, &nothing);
        codec_require(codec, nothing == 0);
        break;
    }
    default:
        codec_i64(codec, &v->integer);
        codec_require(codec, v->type != VALUE_BOOL || v->integer == 0 || v->integer == 1);
        codec_require(codec, v->type != VALUE_CHOICE || (v->integer >= 0 && v->integer <= INT32_MAX));
    }
}
