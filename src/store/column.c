#include "store/column.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "store/plane.h"

#define SAMPLES 128u /* of neighbours: by them the order is chosen */
#define ORDERS 3u
#define ORDER_LEAST 8u /* numbers: fewer are written as they are */
#define AT_ONCE 8u

typedef uint64_t wide __attribute__((vector_size(8 * AT_ONCE)));
typedef uint8_t narrow __attribute__((vector_size(AT_ONCE)));

/* ---- there ---- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return (int64_t)a < (int64_t)b ? a : b;
}

static unsigned bits(uint64_t v)
{
    return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* Neighbours, and neighbours among their differences, and among the differences of those. */
struct sample {
    uint64_t of[ORDERS][2];
};

static void sample(struct sample *sample, const uint64_t *at)
{
    uint64_t d[4] = {at[-3], at[-2], at[-1], at[0]};
    for (unsigned order = 0; order < ORDERS; order++) {
        memcpy(sample->of[order], d + 2, 2 * sizeof *d);
        for (unsigned i = 3; i > order; i--)
            d[i] -= d[i - 1];
    }
}

/* About the bits by which neighbours differ: a few that lie far off do not count for much, as they do not in planes. */
static uint64_t roughness(const struct sample *samples, uint32_t count, unsigned order)
{
    uint64_t base = samples[0].of[order][0], sum = 0, all = 0;
    for (uint32_t i = 0; i < count; i++) {
        base = lesser(base, samples[i].of[order][0]);
        base = lesser(base, samples[i].of[order][1]);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t differs = (samples[i].of[order][0] - base) ^ (samples[i].of[order][1] - base);
        sum += bits(differs);
        all |= differs;
    }
    return all ? sum - (unsigned)__builtin_ctzll(all) * (uint64_t)count : 0;
}

static unsigned best_order(const uint64_t *numbers, uint32_t count)
{
    struct sample samples[SAMPLES];
    uint32_t stride = count / SAMPLES + 1, taken = 0;
    unsigned best = 0;
    uint64_t least = UINT64_MAX;
    if (count < ORDER_LEAST)
        return 0;
    for (uint32_t i = ORDERS; i < count; i += stride)
        sample(&samples[taken++], numbers + i);
    for (unsigned order = 0; order < ORDERS; order++) {
        uint64_t here = roughness(samples, taken, order);
        best = here < least ? order : best;
        least = here < least ? here : least;
    }
    return best;
}

/* What all numbers of a column have in common. */
struct extent {
    uint64_t base;          /* the least, as a signed number */
    unsigned shift, planes; /* of what they are above it */
};

static struct extent extent(const uint64_t *numbers, uint32_t count)
{
    uint64_t least = numbers[0], most = least, differs = 0;
    for (uint32_t i = 1; i < count; i++) {
        least = (int64_t)numbers[i] < (int64_t)least ? numbers[i] : least;
        most = (int64_t)numbers[i] > (int64_t)most ? numbers[i] : most;
        differs |= numbers[i] ^ numbers[0]; /* lowest bit: that of all n - least, too */
    }
    unsigned shift = differs ? (unsigned)__builtin_ctzll(differs) : 0;
    return (struct extent){least, shift, (bits((most - least) >> shift) + 7) / 8};
}

static void put_plane(struct buf *out, const uint64_t *numbers, uint32_t count, uint64_t base, unsigned shift)
{
    uint8_t plane[COLUMN_MAX];
    uint32_t i = 0;
    for (; i + AT_ONCE <= count; i += AT_ONCE) {
        wide from;
        memcpy(&from, numbers + i, sizeof from);
        narrow to = __builtin_convertvector((from - base) >> shift & UINT8_MAX, narrow);
        memcpy(plane + i, &to, sizeof to);
    }
    for (; i < count; i++)
        plane[i] = (uint8_t)((numbers[i] - base) >> shift);
    plane_put(out, plane, count);
}

/* numbers[0, order) are written as they are. */
static void put(struct buf *out, const uint64_t *numbers, uint32_t count, unsigned order)
{
    struct extent e = extent(numbers + order, count - order);
    uint64_t base = zigzag(e.base);
    unsigned base_size = (bits(base) + 7) / 8;
    buf_u8(out, (uint8_t)(e.planes | base_size << 4));
    buf_u8(out, (uint8_t)(e.shift | order << 6));
    for (unsigned i = 0; i < order; i++)
        buf_u64(out, numbers[i]);
    for (; base; base >>= 8)
        buf_u8(out, (uint8_t)base);
    for (unsigned p = 0; p < e.planes; p++)
        put_plane(out, numbers + order, count - order, e.base, e.shift + 8 * p);
}

void column_put(struct buf *out, const uint64_t *numbers, uint32_t count)
{
    uint64_t differences[COLUMN_MAX];
    assert(count <= COLUMN_MAX);
    unsigned order = best_order(numbers, count);
    if (order) {
        memcpy(differences, numbers, count * sizeof *numbers);
        numbers = differences;
    }
    for (unsigned o = 1; o <= order; o++)
        for (uint32_t i = count - 1; i >= o; i--)
            differences[i] -= differences[i - 1];
    if (count)
        put(out, numbers, count, order);
}

/* ---- and back ---- */

struct column_head {
    unsigned planes, base_size, shift, order;
    uint64_t base;
};

static bool take_number(struct column_bytes *bytes, uint64_t *v, unsigned size)
{
    *v = 0;
    if (bytes->end - bytes->at < (ptrdiff_t)size)
        return false;
    for (unsigned i = 0; i < size; i++)
        *v |= (uint64_t)*bytes->at++ << 8 * i;
    return true;
}

/* Also takes numbers[0, order). */
static bool take_head(struct column_bytes *bytes, struct column_head *head, uint64_t *numbers, uint32_t count)
{
    if (bytes->end - bytes->at < 2)
        return false;
    head->planes = bytes->at[0] & 15;
    head->base_size = bytes->at[0] >> 4;
    head->shift = bytes->at[1] & 63;
    head->order = bytes->at[1] >> 6;
    bytes->at += 2;
    if (head->base_size > 8 || head->order >= ORDERS || head->order >= count ||
        head->shift + 8 * head->planes > 71) /* the last plane would be shifted by 64 or more */
        return false;
    for (unsigned i = 0; i < head->order; i++)
        if (!take_number(bytes, &numbers[i], 8))
            return false;
    bool whole = take_number(bytes, &head->base, head->base_size);
    head->base = unzigzag(head->base);
    return whole;
}

static int take_plane(struct column_bytes *bytes, uint64_t *numbers, uint32_t count, unsigned shift)
{
    uint8_t plane[COLUMN_MAX];
    uint32_t i = 0;
    int rc = plane_take(bytes, plane, count);
    if (rc)
        return rc;
    for (; i + AT_ONCE <= count; i += AT_ONCE) {
        narrow from;
        wide to;
        memcpy(&from, plane + i, sizeof from);
        memcpy(&to, numbers + i, sizeof to);
        to += __builtin_convertvector(from, wide) << shift;
        memcpy(numbers + i, &to, sizeof to);
    }
    for (; i < count; i++)
        numbers[i] += (uint64_t)plane[i] << shift;
    return 0;
}

int column_take(struct column_bytes *bytes, uint64_t *numbers, uint32_t count)
{
    struct column_head head;
    int rc = 0;
    assert(count <= COLUMN_MAX);
    if (!count)
        return 0;
    if (!take_head(bytes, &head, numbers, count))
        return ERR_DAMAGED;
    for (uint32_t i = head.order; i < count; i++)
        numbers[i] = head.base;
    for (unsigned p = 0; p < head.planes && !rc; p++)
        rc = take_plane(bytes, numbers + head.order, count - head.order, head.shift + 8 * p);
    for (unsigned o = head.order; o && !rc; o--)
        for (uint32_t i = o; i < count; i++)
            numbers[i] += numbers[i - 1];
    return rc;
}
