/* data.js: one series of one run: its segments, and its points as far as they have been asked for or came live */

import { Rows, within } from "./curve_rows.js";
import { toNumber } from "./format.js";

const ROWS_AT_MOST = 32768;
const RECENT_AT_MOST = 8192;
const TRIES_AT_MOST = 10;
const SAME_TIME = 2e-6; /* the store keeps microseconds */

/* What later segments replace: of each segment the step from which they do, else null. */
export function setUntils(segments) {
    let least = Infinity;
    for (let i = segments.length - 1; i >= 0; i--) {
        segments[i].until = least === Infinity ? null : least;
        least = Math.min(least, segments[i].from_step);
    }
}

/* The points of a stretch of an axis: `asked` is {axis, from, to}, a bound of null is none. */
export class Level {
    constructor(asked) {
        this.asked = asked;
        this.rows = new Rows();
        this.parts = [];
        this.exact = 0; /* so many rows from the first on are known to be single points with nothing left out */
        this.folded = false;
        this.lost = 0;
    }

    accepts(step, time) {
        const x = this.asked.axis === "step" ? step : time;
        return (this.asked.from === null || x >= this.asked.from) && (this.asked.to === null || x <= this.asked.to);
    }

    add(step, time, value, segment) {
        if (!this.accepts(step, time))
            return;
        this.rows.addPoint(step, time, value, segment);
        const part = this.parts[this.parts.length - 1];
        if (part && part.segment === segment)
            part.end = this.rows.size;
        else
            this.parts.push({ segment, start: this.rows.size - 1, end: this.rows.size });
        if (this.rows.size >= ROWS_AT_MOST)
            this.fold();
    }

    fold() {
        this.rows.fold(Math.max(2, Math.ceil(this.rows.total() / (ROWS_AT_MOST / 4))));
        this.parts = this.rows.parts();
        this.exact = 0;
        this.folded = true;
    }

    covers(axis, from, to) {
        const { asked } = this;
        if (asked.from === null && asked.to === null)
            return true;
        return asked.axis === axis && (asked.from === null || asked.from <= from) && (asked.to === null || asked.to >= to);
    }

    /* Rows that touch the range, and whether each is a point with nothing left out. */
    density(axis, from, to) {
        let rows = 0;
        let exact = true;
        for (const part of this.parts) {
            const [start, end] = within(this.rows, part, axis, from, to);
            rows += end - start;
            exact &&= end <= this.exact || end === start;
        }
        return { rows, exact };
    }
}

function readLevel(asked, answer, shift) {
    const level = new Level(asked);
    const told = answer.points ?? answer.buckets ?? [];
    level.rows.reserve(told.length + 256);
    for (const one of told) {
        if (answer.points)
            level.rows.addPoint(one[0], one[1], toNumber(one[2]), one[3]);
        else
            level.rows.addBucket(one, toNumber);
    }
    for (let i = 0; shift !== 0 && i < level.rows.size; i++) {
        level.rows.time0[i] += shift;
        level.rows.time1[i] += shift;
    }
    level.parts = level.rows.parts();
    level.exact = answer.points ? level.rows.size : 0;
    level.lost = answer.lost ?? 0;
    return level;
}

/* How many of `recent` the rows have already: all up to the one that is their last point. Where that is not among them,
 * those that are not younger. */
export function alreadyIn(rows, recent) {
    if (rows.size === 0)
        return 0;
    const step = rows.step1[rows.size - 1];
    const time = rows.time1[rows.size - 1];
    for (let i = recent.length; i > 0; i--)
        if (recent[i - 1].step === step && Math.abs(recent[i - 1].time - time) < SAME_TIME)
            return i;
    let known = recent.length;
    while (known > 0 && recent[known - 1].time > time + SAME_TIME)
        known--;
    return known;
}

const isSame = (one, step, time) => one.step === step && Math.abs(one.time - time) < SAME_TIME;

export class Track {
    constructor(name, run = null) {
        this.name = name;
        this.run = run;       /* of a run beside this one, its folder's name */
        this.segments = [];
        this.segmentsLost = 0; /* older ones that are not listed */
        this.whole = null;
        this.detail = null;
        this.recent = [];     /* the newest live points, for what is asked meanwhile */
        this.ahead = null;    /* {step, time}: the newest point that history told before it came live */
        this.tries = 0;       /* how often history has not reached the first live point yet */
        this.stale = true;
        this.shift = 0;       /* added to the times of another run, so that both begin together */
        this.trouble = null;  /* why nothing is shown */
        this.version = 0;     /* grows with every change */
    }

    /* The number of the segment to which a live point belongs. */
    place(step, time) {
        const last = this.segments[this.segments.length - 1];
        if (last && step >= last.to_step) {
            last.to_step = step;
            last.to_time = time;
            last.count++;
            return last.segment;
        }
        const segment = last ? last.segment + 1 : 0;
        this.segments.push({ segment, from_step: step, to_step: step, from_time: time, to_time: time, count: 1, until: null });
        setUntils(this.segments);
        return segment;
    }

    /* A live point. What is told again (the state as of now, on subscribing) is not taken twice. */
    add(step, time, value) {
        const before = this.recent[this.recent.length - 1] ?? this.newest();
        if (before && isSame(before, step, time))
            return false;
        this.recent.push({ step, time, value });
        if (this.recent.length > RECENT_AT_MOST)
            this.recent = this.recent.slice(RECENT_AT_MOST / 2);
        if (this.isTold(step, time))
            return false;
        this.version++;
        if (!this.whole && !this.detail)
            return true;
        const segment = this.place(step, time);
        this.whole?.add(step, time, value, segment);
        this.detail?.add(step, time, value, segment);
        return true;
    }

    /* History may be ahead of the stream: what it told is not taken again. */
    isTold(step, time) {
        const { ahead } = this;
        if (ahead === null)
            return false;
        const told = time <= ahead.time + SAME_TIME;
        if (!told || isSame(ahead, step, time))
            this.ahead = null;
        return told;
    }

    /* It may be behind it, too: then points are missing between what it told and the first that came live. `known`: when
     * the newest point was logged of which anybody knows. */
    reaches(newest, known) {
        const first = this.recent[0]?.time ?? known;
        const reached = this.run !== null || first === undefined || (newest !== undefined && newest.to_time + SAME_TIME >= first);
        this.tries = reached ? 0 : this.tries + 1;
        return reached || this.tries > TRIES_AT_MOST;
    }

    /* Some points were not told: those that come from now on do not follow the ones before. */
    breakOff() {
        this.stale = true;
        this.recent = [];
        this.ahead = null;
        this.tries = 0;
    }

    newest() {
        const last = this.segments[this.segments.length - 1];
        return last ? { step: last.to_step, time: last.to_time } : null;
    }

    /* The answer to history, and what came live since then. */
    take(answer, asked, known) {
        this.segments = answer.segments.map((one) => ({ ...one, from_time: one.from_time + this.shift, to_time: one.to_time + this.shift }));
        this.segmentsLost = (answer.segments_total ?? 0) - this.segments.length;
        const level = readLevel(asked, answer, this.shift);
        const newest = this.run === null ? this.segments[this.segments.length - 1] : undefined;
        const end = newest ? { size: 1, step1: [newest.to_step], time1: [newest.to_time] } : level.rows;
        const since = this.run === null ? this.recent.slice(alreadyIn(end, this.recent)) : [];
        const last = this.recent[this.recent.length - 1];
        const isAhead = newest && since.length === 0 && !(last && isSame(last, newest.to_step, newest.to_time));
        this.ahead = isAhead ? { step: newest.to_step, time: newest.to_time } : null;
        const reached = this.reaches(newest, known);
        for (const { step, time, value } of since)
            level.add(step, time, value, this.place(step, time));
        this.keep(level);
        this.stale = !reached;
        this.trouble = null;
        this.version++;
    }

    /* A level that was asked for before a gap or before newer points is of no use beside the new one. */
    keep(level) {
        const isWhole = level.asked.from === null && level.asked.to === null;
        if (this.stale)
            this.whole = this.detail = null;
        if (isWhole)
            this.whole = level;
        else
            this.detail = level;
        this.stale = false;
    }

    /* The level that shows a range best; null while there is none. */
    pick(axis, from, to) {
        if (this.detail && this.detail.covers(axis, from, to)) {
            if (!this.whole || this.whole.density(axis, from, to).rows <= this.detail.density(axis, from, to).rows)
                return this.detail;
        }
        return this.whole ?? this.detail;
    }
}

const MARGIN = 0.25;  /* of the range on each side, so that a pan has something to show */
const FINER = 1.9;    /* a level of a range so many times as long is asked for anew */

function isFine(level, view) {
    const { rows, exact } = level.density(view.axis, view.from, view.to);
    if (exact || rows >= view.pixels)
        return true;
    if (view.whole)
        return !level.folded || rows >= view.pixels / 2;
    if (level.asked.from === null || level.folded)
        return false;
    const end = level.asked.to ?? view.to;
    return end - level.asked.from <= FINER * (view.to - view.from);
}

function rangeOf(view, newest) {
    if (view.whole)
        return { axis: view.axis, from: null, to: null };
    const margin = (view.to - view.from) * MARGIN;
    const from = view.from - margin;
    const to = view.to >= newest ? null : view.to + margin;
    return view.axis === "step" ? { axis: "step", from: Math.floor(from), to: to === null ? null : Math.ceil(to) } : { axis: "time", from, to };
}

/* What must be asked so that the view {axis, from, to, whole, pixels} is shown truly: {axis, from, to}, or null: nothing. */
export function wanting(track, view) {
    const newest = track.newest();
    const end = newest === null || track.run !== null ? Infinity : newest[view.axis];
    if (track.stale)
        return rangeOf(view, end);
    const fits = (level) => level && level.covers(view.axis, view.from, view.to) && isFine(level, view);
    if (view.whole)
        return fits(track.whole) ? null : rangeOf(view, end);
    return fits(track.whole) || fits(track.detail) ? null : rangeOf(view, end);
}
