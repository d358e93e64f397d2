#include "channel/journal_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel/segment_reader.h"
#include "channel/unreadable.h"

#define AGAIN 2 /* of the functions below: look again */

struct journal_reader {
    int folder_fd;
    uint64_t gone;                    /* every trainer up to this ordinal is */
    struct journal_position position; /* after the last record returned */
    struct segment_id last;           /* the open segment, or the one that was left last */
    struct segment_reader segment;
    uint64_t replay_until; /* records that begin before it are replayed */
    bool surveyed;         /* the folder was listed once: files without a readable header are told */
    bool ended;            /* the incarnation of `last` has said RECORD_END */
    bool lost;             /* the segment of the position was not there: a gap goes before what follows */

    bool step_known;   /* a step record stands before the scalars to come; else they are passed over */
    bool orphans_told; /* a gap covers such scalars already */
    int64_t step, step_time_ns;

    bool gap_waits;
    char gap_reason[sizeof(((struct err *)0)->text)];

    struct unreadable unreadable; /* told already */
};

/* ---- gaps ---- */

static void tell_gap(struct journal_reader *reader, const char *reason)
{
    reader->gap_waits = true;
    snprintf(reader->gap_reason, sizeof reader->gap_reason, "%s", reason);
}

static int give_gap(struct journal_reader *reader, struct record *out)
{
    reader->gap_waits = false;
    out->kind = RECORD_GAP;
    out->flags = 0;
    out->synthetic = true;
    out->replayed = false;
    out->step = reader->step;
    out->time_ns = reader->step_time_ns;
    out->gap.scalars = out->gap.others = 0;
    out->gap.from_step = out->gap.to_step = reader->step;
    out->gap.reason = text_from(reader->gap_reason);
    return 1;
}

static struct journal_position position_in(const struct segment_id *id, uint64_t offset)
{
    return (struct journal_position){id->incarnation, id->ordinal, id->sequence, offset};
}

/* ---- which segment follows ---- */

static int enter(struct journal_reader *reader, struct segment_id *id, struct err *err)
{
    int code = segment_reader_enter(&reader->segment, reader->folder_fd, id, err);
    if (code < 0)
        return code;
    reader->last = *id;
    reader->replay_until = 0;
    reader->ended = reader->step_known = reader->orphans_told = false;
    return 0;
}

static bool is_damage(int code)
{
    return code == ERR_DAMAGED || code == ERR_VERSION;
}

/* Enters `id`, or tells that it cannot be read and stands behind it. 1, ERR_MISSING, ERR_SYSTEM. */
static int enter_or_tell(struct journal_reader *reader, struct segment_id id, struct err *err)
{
    struct err why;
    int code = enter(reader, &id, &why);
    if (code == 0)
        return 1;
    if (!is_damage(code)) {
        if (err)
            *err = why;
        return code;
    }
    reader->last = id;
    reader->position = position_in(&id, SEGMENT_SIZE);
    tell_gap(reader, why.text);
    return 1;
}

struct search {
    struct journal_reader *reader;
    struct segment_id best; /* ordinal 0: none yet */
    struct err err;
};

static bool is_of_last(const struct journal_reader *reader, const struct segment_id *id)
{
    return reader->last.ordinal && incarnation_same(&id->incarnation, &reader->last.incarnation);
}

/* A segment that is missing was unlinked meanwhile. */
static int pass_unopened(struct search *search, const struct segment_id *id, int code)
{
    struct journal_reader *reader = search->reader;
    if (!is_damage(code))
        return code == ERR_MISSING ? 0 : code;
    code = unreadable_see(&reader->unreadable, reader->folder_fd, id);
    if (code == 1)
        tell_gap(reader, search->err.text);
    return code;
}

/* Of the present incarnation the name tells enough, even where the header does not. */
static int consider(void *context, struct segment_id *id)
{
    struct search *search = context;
    struct journal_reader *reader = search->reader;
    if (is_of_last(reader, id)) {
        if (reader->ended)
            return 0;
        id->ordinal = reader->last.ordinal;
    } else {
        int fd = segment_open(reader->folder_fd, id, &search->err);
        if (fd < 0)
            return pass_unopened(search, id, fd);
        close(fd);
    }
    if (segment_id_compare(id, &reader->last) > 0 &&
        (search->best.ordinal == 0 || segment_id_compare(id, &search->best) < 0))
        search->best = *id;
    return 0;
}

static void tell_missing(struct journal_reader *reader, uint64_t first)
{
    char name[SEGMENT_NAME], reason[160];
    uint64_t count = reader->last.sequence - first;
    segment_name(name, &reader->last.incarnation, reader->last.sequence);
    snprintf(reason, sizeof reason, "%llu segment%s before %s %s missing", (unsigned long long)count,
             count == 1 ? "" : "s", name, count == 1 ? "is" : "are");
    tell_gap(reader, reader->lost ? "the segment at which reading was to go on is missing" : reason);
    reader->position = position_in(&reader->last, SEGMENT_HEADER);
}

/* The segment that ought to follow is probed by name before a listing is believed that it is missing: a listing may
 * overlook a file that is made meanwhile. */
static int enter_found(struct journal_reader *reader, const struct segment_id *found, struct err *err)
{
    struct segment_id expected = *found;
    expected.sequence = is_of_last(reader, found) ? reader->last.sequence + 1 : 0;
    int code = enter_or_tell(reader, expected, err);
    if (code == ERR_MISSING)
        code = enter_or_tell(reader, *found, err);
    if (code < 0)
        return code;
    if (!reader->gap_waits && (reader->lost || reader->last.sequence != expected.sequence))
        tell_missing(reader, expected.sequence);
    reader->lost = false;
    return 1;
}

/* The segment after `last` in a listing, if any. 1: a file without a place in the order is told first. */
static int search_next(struct journal_reader *reader, struct segment_id *best, struct err *err)
{
    struct search search = {.reader = reader};
    int code = journal_folder_each(reader->folder_fd, consider, &search, &search.err);
    if (code < 0 && err)
        *err = search.err;
    reader->surveyed = reader->surveyed || code == 0;
    *best = search.best;
    return code;
}

/* 1: a segment is open or a gap waits; 0: nothing follows yet. */
static int go_on(struct journal_reader *reader, struct err *err)
{
    struct segment_id best;
    int code = ERR_MISSING;
    if (reader->last.ordinal && !reader->ended && !reader->lost) {
        struct segment_id id = reader->last;
        id.sequence++;
        code = enter_or_tell(reader, id, err);
    }
    if (code != ERR_MISSING)
        return code;
    code = search_next(reader, &best, err);
    if (code == 0 && best.ordinal)
        code = enter_found(reader, &best, err);
    return code == ERR_MISSING ? 0 : code;
}

/* ---- what the open segment holds ---- */

/* 1: the record is given; AGAIN: it is passed over. */
static int accept(struct journal_reader *reader, struct record *out, uint64_t start)
{
    out->replayed = start < reader->replay_until;
    if (!out->replayed)
        reader->position = position_in(&reader->last, reader->segment.next);
    if (out->kind == RECORD_STEP) {
        reader->step_known = true;
        reader->step = out->step;
        reader->step_time_ns = out->time_ns;
    } else if (out->kind == RECORD_SCALAR && reader->step_known) {
        out->step = reader->step;
        out->time_ns = reader->step_time_ns;
    } else if (out->kind == RECORD_SCALAR) {
        if (!out->replayed && !reader->orphans_told)
            tell_gap(reader, "scalars without a step");
        reader->orphans_told = true;
        return AGAIN;
    }
    if (out->kind == RECORD_END)
        reader->ended = true;
    return 1;
}

/* Tells it, and gives the open segment a second name that outlives the first: what cannot be read is never deleted. */
static void tell_damage(struct journal_reader *reader, const char *what)
{
    char name[SEGMENT_NAME], kept[SEGMENT_NAME + 16], reason[200];
    segment_name(name, &reader->last.incarnation, reader->last.sequence);
    snprintf(kept, sizeof kept, "%s.damaged", name);
    bool is_kept = linkat(reader->folder_fd, name, reader->folder_fd, kept, 0) == 0 || errno == EEXIST;
    snprintf(reason, sizeof reason, "%s%s%s", what, is_kept ? ", the segment is kept as " : "", is_kept ? kept : "");
    tell_gap(reader, reason);
}

/* Where the size of the damaged record is known, only that is passed over; else all that is published, for where the
 * next record begins cannot be told. What lies before the position was told in an earlier life. */
static int pass_damage(struct journal_reader *reader, size_t skip)
{
    struct segment_reader *segment = &reader->segment;
    uint64_t start = segment->next;
    segment->next = skip && skip < segment->end - start ? start + skip : segment->end;
    if (skip == 0) {
        reader->step_known = false;
        reader->orphans_told = start >= reader->replay_until;
    }
    if (start < reader->replay_until) {
        if (segment->next > reader->replay_until)
            segment->next = reader->replay_until;
        return AGAIN;
    }
    char reason[96];
    snprintf(reason, sizeof reason, "%llu bytes of the journal are damaged",
             (unsigned long long)(segment->next - start));
    tell_damage(reader, reason);
    reader->position = position_in(&reader->last, segment->next);
    return AGAIN;
}

static int take(struct journal_reader *reader, struct record *out, struct err *err)
{
    uint64_t start = reader->segment.next;
    size_t skip;
    long size = segment_reader_decode(&reader->segment, out, &skip, err);
    if (size == ERR_DAMAGED)
        return pass_damage(reader, skip);
    if (size < 0)
        return (int)size;
    reader->segment.next += (uint64_t)size;
    return accept(reader, out, start);
}

static int look(struct journal_reader *reader)
{
    int code = segment_reader_look(&reader->segment);
    if (code == ERR_DAMAGED)
        tell_damage(reader, "the count of published bytes is damaged");
    return code == 0 ? 0 : AGAIN;
}

static bool is_over(const struct journal_reader *reader)
{
    return reader->last.ordinal <= reader->gone || segment_reader_is_sealed(&reader->segment);
}

static int advance(struct journal_reader *reader, struct record *out, struct err *err)
{
    struct segment_reader *segment = &reader->segment;
    if (reader->gap_waits)
        return give_gap(reader, out);
    if (segment->fd < 0) {
        int code = go_on(reader, err);
        return code == 1 ? AGAIN : code;
    }
    if (!reader->surveyed) {
        struct segment_id best;
        int code = search_next(reader, &best, err);
        return code < 0 ? code : AGAIN;
    }
    if (!reader->ended) {
        if (segment->next < segment->end)
            return take(reader, out, err);
        if (look(reader) == AGAIN)
            return AGAIN;
        if (!is_over(reader))
            return 0;
        /* Once more: it may have published between the first look and its seal or death. */
        if (look(reader) == AGAIN)
            return AGAIN;
    }
    segment_reader_leave(segment);
    /* Behind it: so that the position holds even when the segment, which lies wholly before it, is unlinked. */
    reader->position = position_in(&reader->last, 0);
    reader->position.sequence++;
    return AGAIN;
}

int journal_reader_next(struct journal_reader *reader, struct record *out, struct err *err)
{
    int code;
    do
        code = advance(reader, out, err);
    while (code == AGAIN);
    return code;
}

/* ---- beginning and end ---- */

static int stand_at(struct journal_reader *reader, const struct journal_position *from, struct err *err)
{
    struct segment_id id = {from->incarnation, from->ordinal, from->sequence};
    reader->position = *from;
    if (from->offset == 0 && from->sequence > 0) {
        reader->last = id;
        reader->last.sequence--;
        return 0;
    }
    if (from->offset == 0) {
        reader->last.ordinal = from->ordinal - 1;
        memset(&reader->last.incarnation, 0xff, sizeof reader->last.incarnation);
        return 0;
    }
    struct err why;
    int code = enter(reader, &id, &why);
    if (code == 0) {
        uint64_t offset = from->offset < SEGMENT_SIZE ? from->offset : SEGMENT_SIZE;
        reader->replay_until = offset / RECORD_UNIT * RECORD_UNIT;
        return 0;
    }
    reader->last = id;
    reader->lost = code == ERR_MISSING;
    if (is_damage(code) && from->offset < SEGMENT_SIZE) {
        tell_gap(reader, why.text);
        reader->position.offset = SEGMENT_SIZE;
    }
    if (code == ERR_MISSING || is_damage(code))
        return 0;
    if (err)
        *err = why;
    return code;
}

int journal_reader_create(struct journal_reader **reader, int folder_fd, const struct journal_position *from,
                          struct err *err)
{
    struct journal_reader *made = calloc(1, sizeof *made);
    if (!made)
        return err_set(err, ERR_NOMEM, "no memory to read the journal");
    made->folder_fd = folder_fd;
    segment_reader_init(&made->segment);
    int code = from && from->ordinal ? stand_at(made, from, err) : 0;
    if (code < 0) {
        journal_reader_destroy(made);
        return code;
    }
    *reader = made;
    return 0;
}

void journal_reader_destroy(struct journal_reader *reader)
{
    if (!reader)
        return;
    segment_reader_finish(&reader->segment);
    unreadable_finish(&reader->unreadable);
    free(reader);
}

void journal_reader_gone(struct journal_reader *reader, uint64_t ordinal)
{
    if (ordinal > reader->gone)
        reader->gone = ordinal;
}

struct journal_position journal_reader_position(const struct journal_reader *reader)
{
    return reader->position;
}
