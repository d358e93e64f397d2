#include "channel/journal_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "channel/journal_folder.h"

#define SCALAR_LIMIT (SEGMENT_SIZE - SEGMENT_RESERVE)
#define GAP_ROOM 1024u /* no gap record is larger: its reason is an err's text */
#define RESTATED_MAX (SEGMENT_SIZE / 2)
#define RETRY_NS 1000000000
#define DROPS_PER_LOOK 1024u

/* Whatever is asked for fits into a fresh segment, before its reserve. */
_Static_assert(SEGMENT_HEADER + RESTATED_MAX + GAP_ROOM + JOURNAL_ROOM_MAX <= SCALAR_LIMIT, "room for any request");
_Static_assert(RECORD_PAYLOAD_MAX + 2 * RECORD_UNIT <= JOURNAL_ROOM_MAX, "room for any record");

static bool dropping(const struct journal_writer *writer)
{
    return writer->dropped_scalars || writer->dropped_others;
}

static struct segment_header *header_of(uint8_t *base)
{
    return (struct segment_header *)(void *)base;
}

/* ---- a new segment ---- */

static int check_limits(struct journal_writer *writer)
{
    struct statvfs disk;
    if (writer->held_bytes + SEGMENT_SIZE > writer->limits.bytes_max)
        writer->held_bytes = journal_folder_bytes(writer->folder_fd, false);
    if (writer->held_bytes + SEGMENT_SIZE > writer->limits.bytes_max)
        return err_set(&writer->err, ERR_FULL, "%llu MiB of journal wait to be stored",
                       (unsigned long long)(writer->held_bytes >> 20));
    if (fstatvfs(writer->folder_fd, &disk) < 0)
        return 0;
    uint64_t available = (uint64_t)disk.f_bavail * disk.f_frsize;
    uint64_t keep = (uint64_t)disk.f_blocks * disk.f_frsize / 100 * writer->limits.free_percent;
    if (available < keep + SEGMENT_SIZE)
        return err_set(&writer->err, ERR_FULL, "less than %u %% of the file system is free",
                       writer->limits.free_percent);
    return 0;
}

static int encode_gap(struct journal_writer *writer, struct buf *out)
{
    struct record gap = {.kind = RECORD_GAP, .step = writer->dropped_to_step, .time_ns = clock_real_ns()};
    gap.gap.scalars = writer->dropped_scalars;
    gap.gap.others = writer->dropped_others;
    gap.gap.from_step = writer->dropped_from_step;
    gap.gap.to_step = writer->dropped_to_step;
    gap.gap.reason = text_from(writer->err.text);
    return record_encode(out, &gap);
}

static void gap_told(struct journal_writer *writer)
{
    writer->dropped_scalars = writer->dropped_others = 0;
}

/* What a segment begins with: the declarations in force, what was dropped, the step whose scalars go on. */
static int build_start(struct journal_writer *writer)
{
    struct buf *out = &writer->restated;
    buf_clear(out);
    int code = writer->restate(writer->context, out);
    if (code == 0 && out->size > RESTATED_MAX)
        return err_set(&writer->err, ERR_INVALID, "the declarations take more than half a segment");
    if (code == 0 && dropping(writer))
        code = encode_gap(writer, out);
    if (code == 0 && writer->step_open) {
        struct record step = {.kind = RECORD_STEP, .step = writer->step, .time_ns = writer->step_time_ns};
        code = record_encode(out, &step);
    }
    if (code == 0 && out->failed)
        code = ERR_NOMEM;
    return code < 0 ? err_set(&writer->err, code, "cannot restate the declarations: %s", err_sentence(code)) : 0;
}

static void fill_segment(struct journal_writer *writer, uint8_t *base, uint64_t sequence)
{
    struct segment_header *header = header_of(base);
    memcpy(header->magic, SEGMENT_MAGIC, sizeof header->magic);
    header->version = SEGMENT_VERSION;
    header->header_bytes = SEGMENT_HEADER;
    header->incarnation = writer->incarnation;
    memcpy(header->boot_id, writer->boot_id, sizeof header->boot_id);
    header->ordinal = writer->ordinal;
    header->sequence = sequence;
    header->writer = (uint64_t)getpid();
    memcpy(base + SEGMENT_HEADER, writer->restated.data, writer->restated.size);
    atomic_store_explicit(&header->written, SEGMENT_HEADER + writer->restated.size, memory_order_release);
}

/* Complete under a temporary name, then renamed. */
static int make_segment(struct journal_writer *writer, uint64_t sequence, uint8_t **base)
{
    char name[SEGMENT_NAME], temporary[NAME_MAX + 1];
    void *map;
    int code = build_start(writer);
    if (code < 0)
        return code;
    segment_name(name, &writer->incarnation, sequence);
    file_temporary_name(temporary, name);
    code = file_create_mapped(writer->folder_fd, temporary, SEGMENT_SIZE, &map, &writer->err);
    if (code < 0)
        return code;
    fill_segment(writer, map, sequence);
    if (renameat(writer->folder_fd, temporary, writer->folder_fd, name) < 0) {
        err_errno(&writer->err, ERR_SYSTEM, "cannot name the segment %s", name);
        munmap(map, SEGMENT_SIZE);
        unlinkat(writer->folder_fd, temporary, 0);
        return ERR_SYSTEM;
    }
    *base = map;
    return 0;
}

static void seal(struct journal_writer *writer)
{
    journal_publish(writer);
    atomic_store_explicit(&header_of(writer->base)->sealed, 1, memory_order_release);
    munmap(writer->base, SEGMENT_SIZE);
}

static int begin_segment(struct journal_writer *writer, uint64_t sequence)
{
    uint8_t *base = NULL;
    int code = check_limits(writer);
    if (code == 0)
        code = make_segment(writer, sequence, &base);
    if (code != 0)
        return code;
    /* Sealed only now: a reader that leaves the old segment finds the new one. */
    if (writer->base)
        seal(writer);
    gap_told(writer);
    writer->base = base;
    writer->sequence = sequence;
    writer->at = writer->published = SEGMENT_HEADER + (uint32_t)writer->restated.size;
    writer->limit = SCALAR_LIMIT;
    writer->held_bytes += SEGMENT_SIZE;
    writer->retry_ns = 0;
    return 0;
}

/* After a failure not again within a second. */
static bool rotate(struct journal_writer *writer)
{
    if (writer->retry_ns && clock_monotonic_ns() < writer->retry_ns)
        return false;
    if (begin_segment(writer, writer->sequence + 1) == 0)
        return true;
    writer->retry_ns = clock_monotonic_ns() + RETRY_NS;
    return false;
}

/* ---- room ---- */

static void drop(struct journal_writer *writer, int64_t step, uint64_t *counter)
{
    if (!dropping(writer))
        writer->dropped_from_step = step;
    writer->dropped_to_step = step;
    writer->dropped_total++;
    ++*counter;
    writer->limit = 0; /* the next scalar takes the slow way, where the gap is told before it */
}

static void put_gap(struct journal_writer *writer)
{
    buf_clear(&writer->restated);
    if (encode_gap(writer, &writer->restated) < 0)
        return;
    memcpy(writer->base + writer->at, writer->restated.data, writer->restated.size);
    writer->at += (uint32_t)writer->restated.size;
    gap_told(writer);
}

/* Room for `bytes` before the reserve, in this segment or the next, the gap told where something was dropped. */
static bool make_room(struct journal_writer *writer, size_t bytes)
{
    if (!writer->base)
        return false;
    if (writer->at + bytes + (dropping(writer) ? GAP_ROOM : 0) > SCALAR_LIMIT)
        return rotate(writer);
    if (dropping(writer))
        put_gap(writer);
    writer->limit = SCALAR_LIMIT;
    return true;
}

/* While scalars are dropped, not each of them is worth a look at the clock. */
static bool make_scalar_room(struct journal_writer *writer, int64_t step)
{
    bool look = writer->dropped_scalars % DROPS_PER_LOOK == 0 || step != writer->dropped_to_step;
    if (look && make_room(writer, (size_t)2 * RECORD_UNIT))
        return true;
    drop(writer, step, &writer->dropped_scalars);
    return false;
}

bool journal_has_room(struct journal_writer *writer, uint32_t bytes)
{
    if (bytes > JOURNAL_ROOM_MAX)
        return false;
    return make_room(writer, bytes) || (writer->base && (uint64_t)writer->at + bytes <= SEGMENT_SIZE);
}

/* ---- records ---- */

static void put_words(struct journal_writer *writer, uint64_t word0, uint64_t word1)
{
    record_put_words(writer->base + writer->at, word0, word1);
    writer->at += RECORD_UNIT;
}

static void put_step(struct journal_writer *writer)
{
    writer->step_time_ns = clock_real_ns();
    put_words(writer, record_step_word(writer->step), (uint64_t)writer->step_time_ns);
    writer->step_open = true;
}

void journal_open_step(struct journal_writer *writer)
{
    if (!writer->step_open && make_room(writer, RECORD_UNIT))
        put_step(writer);
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}

void journal_scalar_slow(struct journal_writer *writer, uint32_t series, double value)
{
    if (!make_scalar_room(writer, writer->step))
        return;
    if (!writer->step_open)
        put_step(writer);
    put_words(writer, record_series_word(RECORD_SCALAR, series), bits_of(value));
}

void journal_scalar_at(struct journal_writer *writer, uint32_t series, int64_t step, double value)
{
    if (!make_scalar_room(writer, step))
        return;
    put_words(writer, record_series_word(RECORD_SCALAR_AT, series), bits_of(value));
    put_words(writer, (uint64_t)step, (uint64_t)clock_real_ns());
    journal_publish(writer);
}

int journal_put(struct journal_writer *writer, const struct record *record)
{
    struct buf *bytes = &writer->scratch;
    if (!writer->base)
        return ERR_CLOSED;
    buf_clear(bytes);
    int code = record_encode(bytes, record);
    if (code < 0)
        err_set(&writer->err, code, "a record cannot be written: %s", err_sentence(code));
    else if (!make_room(writer, bytes->size) && writer->at + bytes->size > SEGMENT_SIZE)
        code = ERR_FULL;
    if (code < 0) {
        drop(writer, record->step, &writer->dropped_others);
        return code;
    }
    /* The last chance to tell it: nothing may follow an end. */
    if (record->kind == RECORD_END && dropping(writer) && writer->at + GAP_ROOM + bytes->size <= SEGMENT_SIZE)
        put_gap(writer);
    memcpy(writer->base + writer->at, bytes->data, bytes->size);
    writer->at += (uint32_t)bytes->size;
    journal_publish(writer);
    return 0;
}

/* ---- beginning and end ---- */

/* Left zero where the system does not tell. */
static void read_boot_id(uint8_t boot_id[16])
{
    char text[64], digits[33];
    size_t length = 0;
    struct incarnation parsed = {0};
    file_read_small(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof text, NULL);
    for (const char *at = text; *at && length < 32; at++)
        if (*at != '-')
            digits[length++] = *at;
    digits[length] = '\0';
    if (incarnation_parse(digits, &parsed))
        memcpy(boot_id, parsed.bytes, 16);
}

int journal_writer_init(struct journal_writer *writer, int folder_fd, const struct incarnation *incarnation,
                        uint64_t ordinal, journal_restate_fn *restate, void *context, struct err *err)
{
    *writer = (struct journal_writer){.folder_fd = folder_fd,
                                      .incarnation = *incarnation,
                                      .ordinal = ordinal,
                                      .limits = {JOURNAL_BYTES_MAX, JOURNAL_FREE_PERCENT},
                                      .restate = restate,
                                      .context = context};
    read_boot_id(writer->boot_id);
    writer->held_bytes = journal_folder_bytes(folder_fd, true);
    int code = begin_segment(writer, 0);
    if (code < 0) {
        if (err)
            *err = writer->err;
        journal_writer_finish(writer);
    }
    return code;
}

static void forget(struct journal_writer *writer)
{
    writer->base = NULL;
    writer->at = writer->published = writer->limit = 0;
    writer->step_open = false;
    buf_finish(&writer->restated);
    buf_finish(&writer->scratch);
}

void journal_writer_finish(struct journal_writer *writer)
{
    if (writer->base)
        seal(writer);
    forget(writer);
}

void journal_writer_abandon(struct journal_writer *writer)
{
    if (writer->base)
        munmap(writer->base, SEGMENT_SIZE);
    forget(writer);
}
