/* What is kept of a series: rows, folds, segments, and what is asked of history. */

import assert from "node:assert/strict";
import test from "node:test";
import { Rows, lowerBound, nearest, within } from "../curve_rows.js";
import { Track, alreadyIn, setUntils, wanting } from "../data.js";
import { groupWants, pointsFor, requestOf } from "../curve_feed.js";

const view = (from, to, more = {}) => ({ axis: "step", from, to, whole: false, pixels: 400, ...more });

function rowsOf(values, segment = 0) {
    const rows = new Rows(4);
    values.forEach((value, i) => rows.addPoint(i, 1000 + i, value, segment));
    return rows;
}

/* An answer of history with all points, or in buckets of `n`. */
function answerOf(points, n = 1) {
    const segments = [];
    for (const [step, time, , segment] of points) {
        const last = segments[segments.length - 1];
        if (last?.segment === segment)
            Object.assign(last, { to_step: step, to_time: time });
        else
            segments.push({ segment, from_step: step, to_step: step, from_time: time, to_time: time, count: 0, until: null });
    }
    setUntils(segments);
    if (n === 1)
        return { segments, segments_total: segments.length, lost: 0, points };
    const buckets = [];
    for (let i = 0; i < points.length; i += n) {
        const part = points.slice(i, i + n);
        const values = part.map((one) => one[2]);
        const last = part[part.length - 1];
        buckets.push([part[0][0], last[0], part[0][1], last[1], part.length, Math.min(...values), Math.max(...values),
            values.reduce((a, b) => a + b) / part.length, last[2], 0, part[0][3]]);
    }
    return { segments, segments_total: segments.length, lost: 0, buckets };
}

const line = (from, to, segment = 0) => Array.from({ length: to - from }, (_, i) => [from + i, 1000 + from + i, (from + i) / 10, segment]);
const WHOLE = { axis: "step", from: null, to: null };

test("a fold keeps every extreme, the mean and the last, and never spans two segments", () => {
    const rows = new Rows(2);
    const values = [1, 9, NaN, 3, -5, 2, Infinity];
    values.forEach((value, i) => rows.addPoint(i, 100 + i, value, i < 5 ? 0 : 1));
    rows.fold(1000);
    assert.equal(rows.size, 2);
    assert.deepEqual([rows.min[0], rows.max[0], rows.mean[0], rows.last[0], rows.count[0], rows.bad[0]], [-5, 9, 2, -5, 5, 1]);
    assert.deepEqual([rows.step0[0], rows.step1[0], rows.time0[0], rows.time1[0]], [0, 4, 100, 104]);
    assert.deepEqual([rows.min[1], rows.last[1], rows.count[1], rows.bad[1]], [2, Infinity, 2, 1]);
    assert.equal(rows.total(), 7);
});

test("a fold of rows that hold nothing finite stays without extremes", () => {
    const rows = rowsOf([NaN, NaN, NaN]);
    rows.fold(10);
    assert.ok(Number.isNaN(rows.min[0]) && Number.isNaN(rows.mean[0]));
    assert.deepEqual([rows.count[0], rows.bad[0]], [3, 3]);
});

test("a fold makes no row of more points than it may", () => {
    const rows = rowsOf(Array.from({ length: 1000 }, (_, i) => i));
    rows.fold(7);
    assert.ok(Math.max(...rows.count.subarray(0, rows.size)) <= 7);
    assert.equal(rows.total(), 1000);
    assert.equal(rows.max[rows.size - 1], 999);
});

test("rows are found by place", () => {
    const rows = rowsOf([0, 1, 2, 3, 4, 5]);
    const [part] = rows.parts();
    assert.equal(lowerBound(rows.step0, 0, 6, 2.5), 3);
    assert.deepEqual(within(rows, part, "step", 2, 4), [2, 5]);
    assert.deepEqual(within(rows, part, "step", 2.2, 2.8), [3, 3]);
    assert.deepEqual(within(rows, part, "time", 1003.5, 2000), [4, 6]);
    assert.equal(nearest(rows, part, "step", 2.4), 2);
    assert.equal(nearest(rows, part, "step", 99), 5);
    assert.equal(nearest(rows, { start: 0, end: 0 }, "step", 1), -1);
});

test("until is where later segments replace a segment", () => {
    const segments = [{ from_step: 0 }, { from_step: 500 }, { from_step: 300 }, { from_step: 400 }];
    setUntils(segments);
    assert.deepEqual(segments.map((one) => one.until), [300, 300, 400, null]);
});

test("live points that the answer has already are not doubled", () => {
    const track = new Track("train/loss");
    for (const [step, time, value] of line(95, 105))
        track.add(step, time, value);
    track.take(answerOf(line(0, 100)), WHOLE);
    assert.equal(track.whole.rows.size, 105);
    assert.deepEqual([...track.whole.rows.step0.subarray(0, 105)], Array.from({ length: 105 }, (_, i) => i));
    track.add(104, 1104, 10.4);
    assert.equal(track.whole.rows.size, 105, "what is told again on subscribing is passed over");
    track.add(105, 1105, 10.5);
    assert.equal(track.whole.rows.size, 106);
});

test("after a gap what is asked anew replaces what was there", () => {
    const track = new Track("train/loss");
    track.take(answerOf(line(0, 50)), WHOLE);
    track.stale = true;
    track.add(90, 1090, 9); /* 50 to 89 were missed */
    assert.ok(wanting(track, view(0, 90, { whole: true })));
    track.take(answerOf(line(0, 91)), WHOLE);
    assert.equal(track.whole.rows.size, 91);
    assert.equal(wanting(track, view(0, 90, { whole: true })), null);
});

test("history that is ahead of the stream is not told twice", () => {
    const track = new Track("train/loss");
    track.add(0, 1000, 0);
    track.take(answerOf(line(0, 100)), WHOLE); /* 1 to 99 are on their way still */
    for (const [step, time, value] of line(1, 103))
        track.add(step, time, value);
    assert.deepEqual([...track.whole.rows.step0.subarray(0, track.whole.rows.size)], Array.from({ length: 103 }, (_, i) => i));
    assert.equal(track.segments.length, 1);
});

test("history that has not reached the first live point is asked again", () => {
    const track = new Track("train/loss");
    for (const [step, time, value] of line(60, 70))
        track.add(step, time, value);
    track.take(answerOf(line(0, 50)), WHOLE, 1069); /* 50 to 59 are not stored yet */
    assert.ok(wanting(track, view(0, 69, { whole: true })));
    track.take(answerOf(line(0, 65)), WHOLE, 1069);
    assert.equal(wanting(track, view(0, 69, { whole: true })), null);
    assert.equal(track.whole.rows.size, 70);
});

test("a step back begins a new segment and replaces the old one from there", () => {
    const track = new Track("train/loss");
    track.take(answerOf(line(0, 100)), WHOLE);
    track.add(60, 2000, 1);
    track.add(61, 2001, 1);
    assert.deepEqual(track.segments.map((one) => [one.segment, one.from_step, one.to_step, one.until]), [[0, 0, 99, 60], [1, 60, 61, null]]);
    assert.deepEqual(track.whole.parts, [{ segment: 0, start: 0, end: 100 }, { segment: 1, start: 100, end: 102 }]);
});

test("very many live points are folded, and no spike is lost", () => {
    const track = new Track("train/loss");
    track.take(answerOf(line(0, 1)), WHOLE);
    for (let i = 1; i < 200000; i++)
        track.add(i, 1000 + i, i === 123 ? 1e6 : i === 150000 ? -1e6 : 1);
    const { rows } = track.whole;
    assert.ok(rows.size <= 32768);
    assert.equal(rows.total(), 200000);
    assert.equal(Math.max(...rows.max.subarray(0, rows.size)), 1e6);
    assert.equal(Math.min(...rows.min.subarray(0, rows.size)), -1e6);
    assert.ok(track.recent.length <= 8192);
});

test("what came live lies behind the answer's last point also where that is not known", () => {
    const rows = rowsOf([1, 2, 3]);
    const recent = [{ step: 1, time: 1001 }, { step: 7, time: 1007 }, { step: 8, time: 1008 }];
    assert.equal(alreadyIn(rows, recent), 1);
    assert.equal(alreadyIn(new Rows(), recent), 0);
});

test("points are enough, buckets are refined once", () => {
    const track = new Track("train/loss");
    assert.deepEqual(wanting(track, view(0, 100, { whole: true })), WHOLE);
    track.take(answerOf(line(0, 1000)), WHOLE);
    assert.equal(wanting(track, view(10, 20)), null, "each point is known");
    track.take(answerOf(line(0, 1000), 10), WHOLE);
    assert.equal(wanting(track, view(0, 999, { whole: true })), null);
    const asked = wanting(track, view(100, 200));
    assert.deepEqual(asked, { axis: "step", from: 75, to: 225 });
    track.take(answerOf(line(75, 226), 2), asked);
    assert.equal(wanting(track, view(100, 200)), null, "as fine as was asked for");
    assert.equal(wanting(track, view(90, 190)), null, "the margin is there");
    assert.ok(wanting(track, view(300, 400)), "elsewhere");
    assert.ok(wanting(track, view(110, 130)), "closer");
    assert.ok(wanting(track, { ...view(1100, 1200), axis: "time" }), "the other axis");
    assert.equal(track.pick("step", 100, 200), track.detail);
    assert.equal(track.pick("step", 0, 999), track.whole);
});

test("a range that ends at the newest point stays open for live ones", () => {
    const track = new Track("train/loss");
    track.take(answerOf(line(0, 1000), 10), WHOLE);
    const asked = wanting(track, view(900, 999));
    assert.equal(asked.to, null);
    track.take({ ...answerOf(line(875, 1000)), segments: track.segments }, asked);
    track.add(1000, 2000, 5);
    assert.equal(track.detail.rows.step0[track.detail.rows.size - 1], 1000);
    assert.equal(track.whole.rows.step0[track.whole.rows.size - 1], 1000);
});

test("series of one range go into one request, of another run into another", () => {
    const a = new Track("a");
    const wants = Array.from({ length: 50 }, (_, i) => ({ track: new Track(`s${i}`), asked: WHOLE, points: 960 }));
    wants.push({ track: new Track("s0", "old"), asked: WHOLE, points: 960 });
    const groups = groupWants(wants);
    assert.deepEqual(groups.map((one) => [one.run, one.tracks.length]), [[null, 32], ["old", 1]]);
    assert.deepEqual(groupWants([{ track: a, asked: WHOLE, points: 4096 }, ...wants])[0].tracks.length, 9);
    assert.deepEqual(requestOf(groups[1]), { series: ["s0"], axis: "step", points: 960, run: "old" });
    const shifted = new Track("a", "old");
    shifted.shift = 500;
    assert.deepEqual(requestOf({ run: "old", asked: { axis: "time", from: 1000, to: null }, points: 64, tracks: [shifted] }),
        { series: ["a"], axis: "time", points: 64, run: "old", from: 500 });
    assert.equal(pointsFor(4000, true), 4096);
});
