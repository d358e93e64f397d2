/* curve_bounds.js: from where to where the run goes on each axis, and from one axis to the other */

import { edges, lowerBound } from "./curve_rows.js";

const none = () => ({ from: Infinity, to: -Infinity });

function put(bounds, from, to) {
    bounds.from = Math.min(bounds.from, from);
    bounds.to = Math.max(bounds.to, to);
}

function ofTracks(tracks, bounds) {
    for (const track of tracks.values())
        for (const one of track.segments) {
            put(bounds.step, one.from_step, one.to_step);
            put(bounds.time, one.from_time, one.to_time);
        }
}

function ofSeries(series, bounds) {
    for (const one of series.values())
        if (one.last !== undefined) {
            put(bounds.step, one.step, one.step);
            put(bounds.time, one.time, one.time);
        }
}

/* Where the newest point lies, of points that just came. */
function ofPoints(points, bounds) {
    for (const [, step, time] of points) {
        bounds.step.to = Math.max(bounds.step.to, step);
        bounds.time.to = Math.max(bounds.time.to, time);
    }
}

/* Into the view; `points`: those that came, or null: everything anew. True: it has changed. */
export function extendBounds(view, tracks, state, points) {
    const bounds = { step: none(), time: none() };
    if (points) {
        put(bounds.step, view.bounds.step.from, view.bounds.step.to);
        put(bounds.time, view.bounds.time.from, view.bounds.time.to);
        ofPoints(points, bounds);
    }
    if (!points || !view.bounded) {
        Object.assign(bounds, { step: none(), time: none() });
        ofTracks(tracks, bounds);
        ofSeries(state.series, bounds);
        view.bounded = Number.isFinite(bounds.step.from);
    }
    const changed = view.setBounds(bounds.step, bounds.time);
    view.start = view.bounds.time.from;
    return changed;
}

function middle(rows, by, i) {
    const [first, last] = edges(rows, by);
    return (first[i] + last[i]) / 2;
}

/* x of one axis told by the other, after the newest segment of the series that has the most rows; NaN: nothing is known. */
export function convertBy(tracks, x, from, to) {
    let best = null;
    for (const track of tracks.values()) {
        const level = track.run === null ? track.whole ?? track.detail : null;
        if (level && level.rows.size > (best?.rows.size ?? 1))
            best = level;
    }
    return best ? interpolate(best, x, from, to) : NaN;
}

function interpolate({ rows, parts }, x, from, to) {
    const part = parts.findLast((one) => middle(rows, from, one.start) <= x) ?? parts[0];
    const after = lowerBound(edges(rows, from)[1], part.start, part.end, x);
    const j = Math.min(Math.max(after, part.start + 1), part.end - 1);
    const i = Math.max(part.start, j - 1);
    const [x0, x1] = [middle(rows, from, i), middle(rows, from, j)];
    const share = x1 > x0 ? (x - x0) / (x1 - x0) : 0;
    return middle(rows, to, i) + share * (middle(rows, to, j) - middle(rows, to, i));
}
