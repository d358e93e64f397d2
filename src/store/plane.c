#include "store/plane.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/err.h"

#define PLANE_LEVEL 1
#define PLANE_MATCH 7   /* bytes: shorter matches in noise of few values take more room than they save, and time */
#define PLANE_LEAST 32u /* shorter ones are not worth a frame */
#define PLANE_FRAME 3u  /* bytes before a frame */

enum { PLANE_RAW, PLANE_SAME, PLANE_ZSTD };

static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd};

/* ---- a thread's contexts ---- */

struct contexts {
    ZSTD_CCtx *compress;
    ZSTD_DCtx *decompress;
};

static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;
static pthread_key_t contexts_key;
static bool contexts_keyed;

static void contexts_destroy(void *value)
{
    struct contexts *contexts = value;
    ZSTD_freeCCtx(contexts->compress);
    ZSTD_freeDCtx(contexts->decompress);
    free(contexts);
}

static void contexts_begin(void)
{
    contexts_keyed = pthread_key_create(&contexts_key, contexts_destroy) == 0;
}

/* NULL: no memory. */
static struct contexts *contexts_own(void)
{
    struct contexts *contexts;
    if (pthread_once(&contexts_once, contexts_begin) || !contexts_keyed)
        return NULL;
    contexts = pthread_getspecific(contexts_key);
    if (contexts)
        return contexts;
    contexts = calloc(1, sizeof *contexts);
    if (contexts && pthread_setspecific(contexts_key, contexts)) {
        free(contexts);
        return NULL;
    }
    return contexts;
}

static ZSTD_CCtx *compress_context(void)
{
    struct contexts *contexts = contexts_own();
    if (!contexts || contexts->compress)
        return contexts ? contexts->compress : NULL;
    ZSTD_CCtx *context = contexts->compress = ZSTD_createCCtx();
    if (context) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, PLANE_LEVEL);
        ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
        ZSTD_CCtx_setParameter(context, ZSTD_c_minMatch, PLANE_MATCH);
    }
    return context;
}

static ZSTD_DCtx *decompress_context(void)
{
    struct contexts *contexts = contexts_own();
    if (contexts && !contexts->decompress)
        contexts->decompress = ZSTD_createDCtx();
    return contexts ? contexts->decompress : NULL;
}

/* ---- there ---- */

/* The frame behind its magic number, in `frame`; 0: not shorter than `most` bytes, or zstd refused. */
static size_t compress(uint8_t *frame, size_t most, const uint8_t *plane, uint32_t count)
{
    ZSTD_CCtx *context = compress_context();
    if (!context)
        return 0;
    size_t size = ZSTD_compress2(context, frame, most, plane, count);
    return ZSTD_isError(size) || size <= sizeof magic ? 0 : size - sizeof magic;
}

static void put_frame(struct buf *out, const uint8_t *frame, size_t size)
{
    uint8_t head[PLANE_FRAME] = {PLANE_ZSTD, (uint8_t)size, (uint8_t)(size >> 8)};
    buf_add(out, head, sizeof head);
    buf_add(out, frame + sizeof magic, size);
}

void plane_put(struct buf *out, const uint8_t *plane, uint32_t count)
{
    uint8_t frame[COLUMN_MAX];
    if (memcmp(plane, plane + 1, count - 1) == 0) {
        buf_u8(out, PLANE_SAME);
        buf_u8(out, *plane);
        return;
    }
    size_t size = count < PLANE_LEAST ? 0 : compress(frame, count - count / 50, plane, count);
    if (size) {
        put_frame(out, frame, size);
    } else {
        buf_u8(out, PLANE_RAW);
        buf_add(out, plane, count);
    }
}

/* ---- and back ---- */

static int decompress(uint8_t *plane, uint32_t count, const uint8_t *at, size_t size)
{
    uint8_t frame[sizeof magic + COLUMN_MAX];
    ZSTD_DCtx *context = decompress_context();
    if (!context)
        return ERR_NOMEM;
    if (size > COLUMN_MAX)
        return ERR_DAMAGED;
    memcpy(frame, magic, sizeof magic);
    memcpy(frame + sizeof magic, at, size);
    size += sizeof magic;
    if (ZSTD_findFrameCompressedSize(frame, size) != size) /* a second one might be of any old format */
        return ERR_DAMAGED;
    size_t got = ZSTD_decompressDCtx(context, plane, count, frame, size);
    if (ZSTD_isError(got))
        return ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation ? ERR_NOMEM : ERR_DAMAGED;
    return got == count ? 0 : ERR_DAMAGED;
}

static int take_frame(struct column_bytes *bytes, uint8_t *plane, uint32_t count)
{
    if (bytes->end - bytes->at < PLANE_FRAME - 1)
        return ERR_DAMAGED;
    size_t size = (size_t)bytes->at[0] | (size_t)bytes->at[1] << 8;
    bytes->at += PLANE_FRAME - 1;
    if (size > (size_t)(bytes->end - bytes->at))
        return ERR_DAMAGED;
    bytes->at += size;
    return decompress(plane, count, bytes->at - size, size);
}

int plane_take(struct column_bytes *bytes, uint8_t *plane, uint32_t count)
{
    uint8_t kind = bytes->at < bytes->end ? *bytes->at++ : UINT8_MAX;
    size_t left = (size_t)(bytes->end - bytes->at);
    if (kind == PLANE_RAW && count <= left) {
        memcpy(plane, bytes->at, count);
        bytes->at += count;
        return 0;
    }
    if (kind == PLANE_SAME && left) {
        memset(plane, *bytes->at++, count);
        return 0;
    }
    return kind == PLANE_ZSTD ? take_frame(bytes, plane, count) : ERR_DAMAGED;
}
