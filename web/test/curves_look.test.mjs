/* How curves look: smoothing, y ranges, decimation, ticks, marks, ranges of the view. */

import assert from "node:assert/strict";
import test from "node:test";
import { Rows } from "../curve_rows.js";
import { extent, padded, settled, smooth } from "../curve_math.js";
import { BREAK, LINE, Vertices, decimate } from "../curve_decimate.js";
import { axisWidth, clockTicks, linearTicks, logTicks, sinceText, sinceTicks, stepTicks, tickText } from "../curve_axis.js";
import { isMark, marksOf, marksText, spread } from "../curve_marks.js";
import { View, bounded, panned, widened, zoomed } from "../view.js";

function levelOf(values) {
    const rows = new Rows();
    values.forEach((value, i) => rows.addPoint(i, i, value, 0));
    return { rows, parts: rows.parts() };
}

const plotOf = (scale, more = {}) => ({ axis: "step", log: false, scaleX: scale, shiftX: 0, ...more });

test("smoothing of a constant is that constant, from the first point on", () => {
    const { rows } = levelOf([3, 3, NaN, 3, 3]);
    const out = smooth(rows, 0, 5, "step", 0.9, 1);
    [0, 1, 3, 4].forEach((i) => assert.ok(Math.abs(out[i] - 3) < 1e-12));
    assert.ok(Number.isNaN(out[2]));
});

test("smoothing forgets by distance, not by the number of rows", () => {
    const { rows } = levelOf(Array.from({ length: 200 }, (_, i) => (i < 100 ? 0 : 1)));
    const out = smooth(rows, 0, 200, "step", 0.9, 1);
    assert.ok(out[100] > 0.05 && out[100] < 0.2);
    assert.ok(out[199] > 0.99);
    const far = smooth(rows, 0, 200, "step", 0.9, 0.01);
    assert.ok(far[101] > 0.999);
});

test("the y range covers every extreme in view and passes over what is not finite", () => {
    const level = levelOf([1, 100, NaN, -7, Infinity, 2]);
    assert.deepEqual(extent(level, "step", { from: 0, to: 5 }, false), { lo: -7, hi: 100, bad: 2, cut: 0, rows: 6 });
    assert.deepEqual(extent(level, "step", { from: 5, to: 9 }, false), { lo: 2, hi: 2, bad: 0, cut: 0, rows: 1 });
    const log = extent(level, "step", { from: 0, to: 5 }, true);
    assert.deepEqual([log.lo, log.hi, log.cut], [1, 100, 1]);
    assert.deepEqual(padded(Infinity, -Infinity), { from: 0, to: 1 });
    assert.ok(padded(5, 5).from < 5 && padded(5, 5).to > 5);
    assert.ok(Number.isFinite(padded(-1.7e308, 1.7e308).to - padded(-1.7e308, 1.7e308).from));
});

test("the y axis rests while what is shown fits, and never cuts", () => {
    const before = { from: 0, to: 10 };
    assert.equal(settled(before, 1, 9), before);
    assert.notEqual(settled(before, 1, 10.5), before);
    assert.notEqual(settled(before, 1, 3), before);
    assert.ok(settled(before, 1, 10.5).to >= 10.5);
});

test("a hundred thousand points become a few a pixel, and a spike of one point stays", () => {
    const { rows } = levelOf(Array.from({ length: 100000 }, (_, i) => (i === 54321 ? 99 : Math.sin(i))));
    const out = new Vertices(8);
    decimate(rows, 0, 100000, plotOf(500 / 100000), null, 0, out);
    assert.ok(out.size <= 501);
    assert.equal(Math.max(...out.hi.subarray(0, out.size)), 99);
});

test("nothing is joined over what is not finite, and each of it is marked", () => {
    const { rows } = levelOf([1, 2, NaN, 3, Infinity, 4]);
    const out = new Vertices();
    const marks = decimate(rows, 0, 6, plotOf(10), null, 0, out);
    assert.deepEqual([...out.kind.subarray(0, out.size)].map((kind) => (kind & BREAK ? "|" : kind & LINE ? "." : "")).join(""), "..|.|.");
    assert.deepEqual(marks.bad, [[20, NaN], [40, Infinity]]);
});

test("a log axis cuts what is not above zero and says where", () => {
    const { rows } = levelOf([1, 0, -2, 3]);
    const out = new Vertices();
    const marks = decimate(rows, 0, 4, plotOf(10, { log: true }), null, 0, out);
    assert.deepEqual(marks.cut.map(([x]) => x), [10, 20]);
    assert.deepEqual([...out.mid.subarray(0, out.size)].filter((one) => one === one), [1, 3]);
});

test("ticks are few, round and told apart", () => {
    assert.deepEqual(linearTicks(0, 1, 5).map((one) => one.text), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    for (const [from, to] of [[0, 1e-18], [1e30, 2e30], [-3, 1e6], [99.99, 100.01], [0.12345, 0.12346]]) {
        const texts = linearTicks(from, to, 5).map((one) => one.text);
        assert.ok(texts.length >= 2 && texts.length <= 7, `${from} ${to}: ${texts}`);
        assert.equal(new Set(texts).size, texts.length, `${texts}`);
        assert.ok(texts.every((text) => text.length <= 9), `${texts}`);
    }
    assert.equal(tickText(-0.0000001, 1), "0");
    assert.deepEqual([tickText(1e6, 1e5), tickText(1.5e6, 1e5), tickText(2.5e-7, 5e-8)], ["1e6", "1.5e6", "2.5e-7"]);
    assert.deepEqual(logTicks(-4, 2, 8).map((one) => one.text), ["1e-4", "0.001", "0.01", "0.1", "1", "10", "100"]);
    assert.ok(logTicks(0, 0.3, 5).length >= 2);
    assert.deepEqual(stepTicks(0, 3, 8).map((one) => one.text), ["0", "1", "2", "3"]);
    assert.deepEqual(stepTicks(0, 40000, 5).map((one) => one.text), ["0", "10k", "20k", "30k", "40k"]);
});

test("times are told in whole minutes and hours", () => {
    assert.deepEqual(sinceTicks(1000, 1300, 1000, 6).map((one) => one.text), ["0s", "1:00", "2:00", "3:00", "4:00", "5:00"]);
    assert.deepEqual([sinceText(3600, 600), sinceText(5400, 600), sinceText(90000, 3600), sinceText(0.25, 0.05)], ["1h", "1h30", "1d01h", "0.25s"]);
    const clock = clockTicks(1.7e9, 1.7e9 + 4 * 3600, 5).map((one) => one.text);
    assert.ok(clock.every((text) => /^\d\d:00$|^\d\d-\d\d$/.test(text)), `${clock}`);
});

test("the y axis follows its widest label, and stays while that fits well", () => {
    const widths = [];
    for (const need of [20, 59, 80, 83, 84, 85, 80, 70, 73, 71, 20])
        widths.push(axisWidth(widths.at(-1) ?? 0, need));
    assert.deepEqual(widths, [58, 60, 84, 84, 84, 96, 96, 96, 96, 96, 58]);
});

test("marks: what took effect, one where many lie on each other", () => {
    const log = [{ kind: "outcome", outcome: "applied", step: 5, time: 50, text: "lr", by: "anna" }, { kind: "outcome", outcome: "refused", step: 6, time: 60 },
        { kind: "started", step: 7, time: 70 }, { kind: "message", level: "error", step: null, time: 80, text: "x" },
        { kind: "checkpoint", step: 5, time: 51, text: "c" }];
    assert.deepEqual(log.map(isMark), [true, false, false, true, true]);
    const marks = marksOf(log);
    assert.equal(marks[0].text, "lr (anna)");
    assert.equal(marks[1].color, "bad");
    const places = spread(marks, "step", { from: 0, to: 10 }, (x) => x, 4);
    assert.deepEqual(places.map((one) => one.marks.map((mark) => mark.kind)), [["outcome", "checkpoint"]]);
    assert.equal(marksText(places[0]), "c\nlr (anna)", "the newest first");
    assert.equal(marksText({ marks: [1, 2, 3, 4, 5, 6].map((n) => ({ text: String(n) })) }), "6\n5\n4\n3\nand 2 more here");
    assert.equal(spread(marks, "time", { from: 0, to: 100 }, (x) => x * 10, 4).length, 3);
});

test("ranges pan, zoom around a place and stay in reach", () => {
    assert.deepEqual(panned({ from: 0, to: 10 }, 0.5), { from: 5, to: 15 });
    assert.deepEqual(zoomed({ from: 0, to: 10 }, 0.5, 2), { from: 1, to: 6 });
    const far = bounded({ from: 900, to: 1000 }, { from: 0, to: 100 }, 1);
    assert.ok(far.from < 100 && far.to - far.from === 100);
    assert.ok(bounded({ from: -1e9, to: 1e9 }, { from: 0, to: 100 }, 1).to <= 300);
    assert.equal(bounded({ from: 5, to: 5 }, { from: 0, to: 100 }, 1).to, 5.5);
    assert.deepEqual(widened(7, 7, 1), { from: 6.5, to: 7.5 });
});

test("the view follows until it is zoomed, and slides where it is told to follow again", () => {
    const view = new View();
    const seen = [];
    view.on((what) => seen.push(what));
    view.setBounds({ from: 0, to: 100 }, { from: 1000, to: 2000 });
    assert.deepEqual([view.range(), view.whole], [{ from: 0, to: 100 }, true]);
    view.show({ from: 20, to: 40 });
    view.setBounds({ from: 0, to: 200 }, { from: 1000, to: 3000 });
    assert.deepEqual([view.range(), view.follows], [{ from: 20, to: 40 }, false]);
    view.follow(true);
    assert.deepEqual(view.range(), { from: 180, to: 200 });
    view.setAxis("time", (x) => 1000 + x * 10);
    assert.deepEqual(view.range(), { from: 2800, to: 3000 });
    view.select({ step: 10, time: 1100 });
    assert.deepEqual(view.range(), { from: 1000, to: 1200 });
    view.reset();
    assert.ok(view.whole);
    assert.ok(seen.includes("range") && seen.includes("axis"));
});
