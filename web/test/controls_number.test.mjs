import assert from "node:assert/strict";
import test from "node:test";
import { fieldText, parseNumber, parseStep, parseValue, rangeText, shownValue, steppedValue } from "../controls_number.js";

const LR = { type: "double", min: 1e-6, max: 0.1, unit: null };
const BATCH = { type: "int", min: 1, max: 64 };

test("numbers as people type them", () => {
    for (const [text, value] of [["3e-4", 3e-4], [" .05 ", 0.05], ["1E-3", 1e-3], ["+0.01", 0.01], ["1e-6", 1e-6], ["0.1", 0.1]])
        assert.deepEqual(parseNumber(text, LR), { value }, text);
    for (const [text, value] of [["1_000", 1000], ["10 000", 10000], ["−3", -3], ["1e3", 1000], ["7.", 7], ["-0", 0]])
        assert.deepEqual(parseNumber(text, { type: "int" }), { value }, text);
});

test("a unit may stand behind, and only that unit", () => {
    assert.deepEqual(parseNumber("10 ms", { type: "double", unit: "ms" }), { value: 10 });
    assert.deepEqual(parseNumber("10MS", { type: "double", unit: "ms" }), { value: 10 });
    assert.match(parseNumber("10 s", { type: "double", unit: "ms" }).error, /10 s is not a number/);
});

test("what is no number is refused with a sentence", () => {
    for (const text of ["", "abc", "0x10", "1e", "1-2", "Infinity", "NaN", "1 2 3.4.5", "--1", "1e999"])
        assert.ok(parseNumber(text, { type: "double" }).error, text);
    assert.match(parseNumber("3,5", LR).error, /3\.5, with a point/);
    assert.match(parseNumber("", LR).error, /Type a number/);
});

test("ranges and whole numbers", () => {
    assert.match(parseNumber("0.2", LR).error, /0.000001 to 0.1, not 0.2/);
    assert.match(parseNumber("2.5", BATCH).error, /whole number, not 2.5/);
    assert.match(parseNumber("65", BATCH).error, /1 to 64, not 65/);
    assert.match(parseNumber("9007199254740993", { type: "int" }).error, /9007199254740991/);
    assert.equal(rangeText({ min: 1 }), "1 or more");
    assert.equal(rangeText({ max: 9 }), "at most 9");
    assert.equal(rangeText({}), "");
});

test("a step may be left out", () => {
    assert.deepEqual(parseStep("  "), { value: null });
    assert.deepEqual(parseStep("500"), { value: 500 });
    assert.match(parseStep("5.5").error, /^At step:/);
});

test("the other kinds of values", () => {
    assert.deepEqual(parseValue("true", { type: "bool" }), { value: true });
    assert.deepEqual(parseValue("false", { type: "bool" }), { value: false });
    assert.deepEqual(parseValue("1e3", { type: "choice", choices: ["slow", "1e3"] }), { value: "1e3" });
    assert.ok(parseValue("x", { type: "choice", choices: ["slow"] }).error);
    assert.deepEqual(parseValue("  é ", { type: "string", most: 5 }), { value: "  é " });
    assert.match(parseValue("ééé", { type: "string", most: 5 }).error, /at most 5 bytes, not one of 6/);
});

test("a field's text reads back as the same value", () => {
    for (const value of [0.1, 1 / 3, 1e-300, 12345678.9, 3e-4, 5e-324])
        assert.deepEqual(parseNumber(fieldText(value, LR), { type: "double" }), { value });
    assert.equal(fieldText(null, { type: "string" }), "");
    assert.equal(fieldText("NaN", LR), "NaN");
});

test("values in running text", () => {
    assert.equal(shownValue(true, { type: "bool" }), "on");
    assert.equal(shownValue(0.25, { type: "double", unit: "ms" }), "0.25 ms");
    assert.equal(shownValue("", { type: "string" }), "(empty)");
    assert.equal(shownValue("NaN", { type: "double" }), "NaN");
    assert.equal(shownValue("NaN", { type: "string" }), "NaN");
    assert.equal(shownValue(false), "off");
});

test("steppers", () => {
    assert.equal(steppedValue(0.3, { type: "double" }, 1.1), 0.33);
    assert.equal(steppedValue(0.3, { type: "double" }, 0.9), 0.27);
    assert.equal(steppedValue(-1, { type: "double" }, 1.1), -0.9);
    assert.equal(steppedValue(0, { type: "double" }, 1.1), 0.1);
    assert.equal(steppedValue(3, { type: "int" }, 1.1), 4);
    assert.equal(steppedValue(3, { type: "int" }, 0.9), 2);
    assert.equal(steppedValue(100, { type: "int" }, 1.1), 110);
    assert.equal(steppedValue(1, { type: "double", min: 0.95 }, 0.9), 0.95);
    assert.equal(steppedValue(8, { type: "double", max: 10 }, 2), 10);
});
