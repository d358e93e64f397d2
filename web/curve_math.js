/* curve_math.js: smoothing and y ranges: pure functions of rows */

import { edges, within } from "./curve_rows.js";

/* What the smoothing counts in: a thousandth of the view, so that each zoom looks as smooth as the next, and a series with few
 * points is smoothed over the same stretch as one with many. */
export function smoothingUnit(range) {
    return (range.to - range.from) / 1000;
}

/* An exponential moving average of the means of rows [start, end), each with the weight of the stretch that it stands for and
 * without the bias of its start. A row without a finite value is left out. */
export function smooth(rows, start, end, axis, weight, unit) {
    const out = new Float64Array(end - start);
    const [, last] = edges(rows, axis);
    let sum = 0;
    let share = 0;
    let before = null;
    for (let i = start; i < end; i++) {
        const mean = rows.mean[i];
        if (mean !== mean) {
            out[i - start] = NaN;
            continue;
        }
        const distance = before === null ? 1 : Math.max((last[i] - before) / unit, 1e-6);
        const kept = weight ** distance;
        sum = sum * kept + mean * (1 - kept);
        share = share * kept + (1 - kept);
        before = last[i];
        out[i - start] = sum / share;
    }
    return out;
}

function extentOf(rows, start, end, log, into) {
    const { min, max, mean, bad } = rows;
    for (let i = start; i < end; i++) {
        into.bad += bad[i];
        const low = log && !(min[i] > 0) ? (mean[i] > 0 ? mean[i] : max[i]) : min[i];
        if (low < into.lo && (!log || low > 0))
            into.lo = low;
        if (max[i] > into.hi)
            into.hi = max[i];
        if (log && min[i] <= 0)
            into.cut++;
    }
    into.rows += end - start;
}

/* Of all rows of a level in a range: {lo, hi, bad, cut, rows}; lo > hi: none. cut: rows that a log axis cannot show whole. */
export function extent(level, axis, range, log) {
    const into = { lo: Infinity, hi: -Infinity, bad: 0, cut: 0, rows: 0 };
    for (const part of level.parts) {
        const [start, end] = within(level.rows, part, axis, range.from, range.to);
        extentOf(level.rows, start, end, log, into);
    }
    return into;
}

/* Room around lo..hi (on a log axis: exponents of ten). One value alone gets some as well. */
export function padded(lo, hi) {
    if (!(lo <= hi))
        return { from: 0, to: 1 };
    const length = hi - lo;
    const room = length > 0 ? length * 0.06 : Math.abs(lo) * 0.1 || 1;
    return finite(lo - room, hi + room);
}

function finite(from, to) {
    const most = Number.MAX_VALUE / 4;
    return { from: Math.max(from, -most), to: Math.min(to, most) };
}

/* The y axis stays while what is to be shown fits well: one that moves thirty times a second cannot be read. */
export function settled(before, lo, hi) {
    if (before && lo <= hi && lo >= before.from && hi <= before.to && hi - lo > 0.6 * (before.to - before.from))
        return before;
    return padded(lo, hi);
}
