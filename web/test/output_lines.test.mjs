import assert from "node:assert/strict";
import test from "node:test";
import { Lines, plainText } from "../output_lines.js";

const page = (from, to, members) => ({ lines: Array.from({ length: to - from }, (_, i) => ({ at: 10 * (from + i), text: `line ${from + i}` })),
    before: from === 0 ? null : 10 * from, size: 10 * to, ...members });
const event = (from, to, members) => ({ lines: page(from, to).lines.map(({ text }) => text), at: 10 * from, ...members });
const texts = (lines) => lines.lines.map(({ text }) => text);

test("an event that overlaps a page adds only what is new", () => {
    const lines = new Lines();
    lines.load(page(5, 10, { partial: "line 1" }));
    assert.deepEqual(lines.add(event(3, 5)), [], "older than the page");
    assert.deepEqual(lines.add(event(6, 8)), []);
    assert.equal(lines.partial, "line 1", "an old event says nothing of now");
    assert.deepEqual(lines.add(event(8, 12, { partial: "li" })).map(({ text }) => text), ["line 10", "line 11"]);
    assert.deepEqual(lines.add(event(12, 13)).map(({ at }) => at), [120]);
    assert.deepEqual(texts(lines), texts({ lines: page(5, 13).lines }));
    assert.equal(lines.partial, "");
});

test("older pages stand before", () => {
    const lines = new Lines();
    lines.load(page(5, 10));
    lines.older(page(2, 5));
    assert.deepEqual(texts(lines), texts({ lines: page(2, 10).lines }));
    assert.equal(lines.before, 20);
});

test("the oldest go first, at a place from which they can be paged in again", () => {
    const lines = new Lines();
    lines.load(page(0, 4));
    lines.add(event(4, 8));
    lines.add(event(8, 12));
    assert.equal(lines.trim(6), 8, "of an event only the first line's place is known");
    assert.equal(lines.before, 80);
    assert.deepEqual(texts(lines), ["line 8", "line 9", "line 10", "line 11"]);
    assert.equal(lines.trim(100), 0);
});

test("escapes and control characters are left out, tabs and letters stay", () => {
    assert.equal(plainText("\u001b[1;31mred\u001b[0m\tü\u0007\u001b]0;title\u0007!\r"), "red\tü!");
});
