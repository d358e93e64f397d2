/* What is saved, which panels there are, and in what runs differ. */

import assert from "node:assert/strict";
import test from "node:test";
import { Rows } from "../curve_rows.js";
import { csvOf, fileName } from "../save.js";
import { makeFilter, planPanels, splitName } from "../curve_plan.js";
import { differences } from "../curve_diff.js";
import { convertBy } from "../curve_bounds.js";
import { rowAt } from "../curve_legend.js";

function shownOf(name, fill) {
    const rows = new Rows();
    fill(rows);
    return { line: { name }, level: { rows, parts: rows.parts() } };
}

const points = (rows) => [1.5, NaN, -Infinity, 0.1].forEach((value, i) => rows.addPoint(i * 10, 100.25 + i, value, 0));
const RANGE = { from: 0, to: 1000 };

test("points are saved as they were logged", () => {
    assert.equal(csvOf([shownOf("a", points)], "step", RANGE), "step,time,value\n0,100.25,1.5\n10,101.25,NaN\n20,102.25,-Infinity\n30,103.25,0.1\n");
    assert.equal(csvOf([shownOf("a", points)], "step", { from: 15, to: 20 }), "step,time,value\n20,102.25,-Infinity\n");
});

test("folds are saved with all that is known of them", () => {
    const shown = shownOf("a", (rows) => {
        points(rows);
        rows.fold(2);
    });
    assert.equal(csvOf([shown], "step", RANGE), "first_step,last_step,first_time,last_time,count,min,max,mean,last,nonfinite\n" +
        "0,10,100.25,101.25,2,1.5,1.5,1.5,NaN,1\n20,30,102.25,103.25,2,0.1,0.1,0.1,0.1,1\n");
});

test("several curves and segments name themselves", () => {
    const two = (rows) => [0, 1].forEach((segment) => rows.addPoint(5, 1 + segment, 2, segment));
    assert.equal(csvOf([shownOf('a "b", c', two), shownOf("d", two)], "step", RANGE),
        'series,step,time,value,segment\n"a ""b"", c",5,1,2,0\n"a ""b"", c",5,2,2,1\nd,5,1,2,0\nd,5,2,2,1\n');
});

test("a name is never a formula of a spreadsheet, and a number never a text", () => {
    const one = (rows) => rows.addPoint(-5, 1, -2, 0);
    for (const name of ["=cmd()", "+1", "-a", "@x", "\t=1"])
        assert.match(csvOf([shownOf(name, one), shownOf("b", one)], "step", { from: -9, to: 0 }), new RegExp(`^series.*\n'\\${name[0]}.*,-5,1,-2\nb,-5`));
});

test("file names are such that every system takes them", () => {
    assert.equal(fileName("gpt", "train/loss", "csv"), "gpt-train-loss.csv");
    assert.equal(fileName(undefined, "../../<b>", "png"), "b.png");
    assert.equal(fileName("", "///", "png"), "curve.png");
    assert.ok(fileName("run", "x".repeat(5000), "csv").length < 100);
});

test("series are grouped by prefix, and laid over each other by the rest of the name", () => {
    assert.deepEqual(splitName("/odd/"), ["other", "/odd/"]);
    const names = ["train/loss", "train/lr", "val/loss", "time", "val/acc"];
    assert.deepEqual(planPanels(names, false).map(({ group, panels }) => [group, panels.map((one) => one.title)]),
        [["train", ["train/loss", "train/lr"]], ["val", ["val/loss", "val/acc"]], ["other", ["time"]]]);
    assert.deepEqual(planPanels(names, true).map(({ group, panels }) => [group, panels.map((one) => one.names.join("+"))]),
        [["train", ["train/loss+val/loss", "train/lr"]], ["val", ["val/acc"]], ["other", ["time"]]]);
    assert.deepEqual(planPanels(["train/a", "val/a"], true).length, 1);
});

test("the filter takes parts of names and globs", () => {
    const chosen = (text) => ["train/loss", "val/loss", "train/lr", "a[0]"].filter(makeFilter(text)).join(" ");
    assert.equal(chosen(""), "train/loss val/loss train/lr a[0]");
    assert.equal(chosen("LOSS"), "train/loss val/loss");
    assert.equal(chosen("train/*"), "train/loss train/lr");
    assert.equal(chosen("val/* lr"), "val/loss train/lr");
    assert.equal(chosen("l?ss"), "train/loss val/loss");
    assert.equal(chosen("l?s"), "");
    assert.equal(chosen("[0]"), "a[0]");
    assert.equal(chosen("a[?]"), "a[0]");
    assert.equal(chosen("(((*"), "");
});

test("only what differs is told of runs", () => {
    const { rows, same } = differences([{ seed: 1, model: { width: 1, depth: 2 }, tags: ["a"] }, { seed: 2, model: { width: 1, depth: 2 }, tags: ["a"], extra: null }]);
    assert.deepEqual(rows, [{ name: "seed", values: [1, 2] }, { name: "extra", values: [undefined, null] }]);
    assert.equal(same, 3);
    assert.deepEqual(differences([JSON.parse('{"__proto__":1}'), {}]).rows.length, 1);
});

test("the cursor reads the newest segment that reaches there", () => {
    const { level } = shownOf("a", (rows) => {
        for (let i = 0; i < 10; i++)
            rows.addPoint(i, i, 0, 0);
        for (let i = 5; i < 8; i++)
            rows.addPoint(i, 20 + i, 1, 1);
    });
    assert.equal(level.rows.segment[rowAt(level, "step", 6)], 1);
    assert.equal(level.rows.segment[rowAt(level, "step", 3)], 0);
    assert.equal(level.rows.step0[rowAt(level, "step", 9)], 9);
});

test("a place on one axis is told by the other", () => {
    const { level } = shownOf("a", (rows) => {
        for (let i = 0; i <= 10; i++)
            rows.addPoint(i * 10, 1000 + i, 0, 0);
    });
    const tracks = new Map([["a", { run: null, whole: level, detail: null }]]);
    assert.equal(convertBy(tracks, 55, "step", "time"), 1005.5);
    assert.equal(convertBy(tracks, 1005.5, "time", "step"), 55);
    assert.ok(Number.isNaN(convertBy(new Map(), 5, "step", "time")));
});
