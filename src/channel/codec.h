/* codec.h: fields to bytes and back by one walk, so that a format is written down once. Integers and doubles take 8
 * bytes, texts a u32 length and their bytes, values a u8 type and 8 bytes (or a text); little endian. */
#ifndef CHANNEL_CODEC_H
#define CHANNEL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/value.h"

struct codec {
    struct buf *out;   /* writes when set; then the fields are only read */
    const uint8_t *at; /* else reads from here; texts point into it */
    size_t left;
    bool wrong; /* bytes ended early, or a field is out of its range; what was read is then zero */
};

void codec_u32(struct codec *codec, uint32_t *v);
void codec_u64(struct codec *codec, uint64_t *v);
void codec_i64(struct codec *codec, int64_t *v);
void codec_double(struct codec *codec, double *v);
void codec_bool(struct codec *codec, bool *v);
/* UTF-8: a byte that is not is written as '?' and not accepted when read. */
void codec_text(struct codec *codec, struct text *v);
void codec_type(struct codec *codec, enum value_type *v);
void codec_value(struct codec *codec, struct value *v);
/* Within these bounds, else wrong and, when reading, the lower one. */
void codec_range(struct codec *codec, uint32_t *v, uint32_t least, uint32_t most);
void codec_require(struct codec *codec, bool holds);

#endif
