import assert from "node:assert/strict";
import test from "node:test";
import { ago, bytes, count, duration, exact, number, time, toNumber, value } from "../format.js";

test("numbers as the wire tells them", () => {
    assert.ok(Number.isNaN(toNumber("NaN")));
    assert.equal(toNumber("Infinity"), Infinity);
    assert.equal(toNumber("-Infinity"), -Infinity);
    assert.equal(toNumber(0.5), 0.5);
    assert.ok(Number.isNaN(toNumber(null)));
    assert.ok(Number.isNaN(toNumber(undefined)));
});

test("six significant digits", () => {
    for (const [x, text] of [[0, "0"], [-0, "0"], [1.8300000001, "1.83"], [0.0003, "0.0003"], [1e-5, "1e-5"], [123456, "123456"],
        [1234567, "1234567"], [1234567.25, "1.23457e6"], [0.1 + 0.2, "0.3"], [-2.5e-7, "-2.5e-7"], [1e21, "1e21"], [999999.95, "1e6"],
        ["NaN", "NaN"], ["-Infinity", "−∞"], [Infinity, "∞"], [null, "–"], [1000000, "1000000"], [100, "100"]])
        assert.equal(number(x), text);
});

test("exact digits read back", () => {
    for (const x of [0.1 + 0.2, 1e-7, 5e-324, 1.7976931348623157e308, -0.0003, 1e21])
        assert.equal(Number(exact(x)), x);
    assert.equal(exact("NaN"), "NaN");
    assert.equal(exact(null), "");
});

test("counts, sizes, durations", () => {
    assert.equal(count(1234567), "1,234,567");
    assert.equal(count(-1234), "-1,234");
    assert.equal(count(999), "999");
    assert.equal(count(null), "–");
    assert.deepEqual([0, 999, 1000, 4096920, 99950000, 5e12].map(bytes), ["0 B", "999 B", "1 kB", "4.1 MB", "100 MB", "5 TB"]);
    assert.deepEqual([0.42, 3, 52.4, 59.7, 187, 3599.6, 7500, 86399, 273600].map(duration),
        ["0.4 s", "3 s", "52 s", "1 m 00 s", "3 m 07 s", "1 h 00 m", "2 h 05 m", "1 d 00 h", "3 d 04 h"]);
    assert.equal(duration(null), "–");
    assert.equal(duration(-65), "−1 m 05 s");
});

test("times of today are short", () => {
    const noon = new Date(2026, 10, 22, 12, 0, 5).getTime() / 1000;
    assert.equal(time(noon, noon + 60), "12:00:05");
    assert.equal(time(noon, noon + 86400), "2026-11-22 12:00:05");
    assert.equal(time(null), "–");
    assert.equal(ago(noon, noon + 1), "just now");
    assert.equal(ago(noon, noon + 61), "1 m 01 s ago");
});

test("values of settings", () => {
    assert.deepEqual([true, false, 0.5, "cosine", "NaN", null].map(value), ["on", "off", "0.5", "cosine", "NaN", "–"]);
    assert.equal(value({ a: 1 }), '{"a":1}');
});
