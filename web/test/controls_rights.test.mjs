import assert from "node:assert/strict";
import test from "node:test";
import { allowedOf, blocked, narrowed, readAllow } from "../controls_rights.js";

test("one name of a token's list", () => {
    assert.deepEqual(readAllow("lr=1e-05..0.001"), { name: "lr", min: 1e-5, max: 1e-3 });
    assert.deepEqual(readAllow("a=b=-1..+2.5"), { name: "a=b", min: -1, max: 2.5 });
    assert.deepEqual(readAllow("checkpoint"), { name: "checkpoint" });
    assert.deepEqual(readAllow("odd=name"), { name: "odd=name" });
});

test("no list allows all, a list only what it names", () => {
    assert.deepEqual(allowedOf(undefined, "lr"), { name: "lr" });
    assert.deepEqual(allowedOf(null, "lr"), { name: "lr" });
    assert.equal(allowedOf([], "lr"), null);
    assert.equal(allowedOf(["lr"], "beta"), null);
    assert.equal(allowedOf(["beta", "lr=0..1"], "lr").max, 1);
});

test("the narrower of two ranges", () => {
    const lr = { type: "double", min: 1e-6, max: 0.1, doc: "x" };
    assert.deepEqual(narrowed(lr, { name: "lr", min: 1e-5, max: 1 }), { ...lr, min: 1e-5, max: 0.1 });
    assert.equal(narrowed(lr, { name: "lr" }), lr);
    assert.deepEqual(narrowed({ type: "double" }, { name: "x", min: 0, max: 1 }), { type: "double", min: 0, max: 1 });
});

test("why something cannot be asked for", () => {
    const open = { connection: "open", run: { state: "running", frozen: false }, trainer: { attached: true } };
    assert.equal(blocked(open, "set"), null);
    assert.match(blocked({ ...open, connection: "lost" }, "set"), /not connected/);
    assert.match(blocked({ ...open, trainer: { attached: false } }, "set"), /no trainer/);
    assert.match(blocked({ ...open, trainer: null }, "pause"), /no trainer/);
    assert.match(blocked({ ...open, run: { state: "finished" } }, "set"), /ended/);
    const frozen = { ...open, run: { state: "running", frozen: true } };
    assert.match(blocked(frozen, "set"), /frozen/);
    for (const code of ["stop", "abort", "freeze"])
        assert.equal(blocked(frozen, code), null);
    assert.equal(blocked({ ...open, trainer: null }, "freeze"), null);
    for (const code of ["abort", "freeze"])
        assert.match(blocked({ ...open, run: { state: "finished" } }, code), /ended/);
});
