import assert from "node:assert/strict";
import test from "node:test";
import { canUndo, changedSince, changedText, undoAnyway, undoRequest } from "../undo_plan.js";

const SETTINGS = new Map([
    ["lr", { name: "lr", type: "double", value: 3e-4, revision: 4, step: 412, changedBy: "anna" }],
    ["mode", { name: "mode", type: "choice", value: "fast", revision: 2 }],
]);

const entry = (settings, more) => ({ kind: "outcome", name: "set", outcome: "applied", ticket: 17, settings, ...more });
const LR = { old: 1e-3, requested: 3e-4, effective: 3e-4, revision: 4 };

test("what can be taken back", () => {
    assert.equal(canUndo(entry({ lr: LR }), SETTINGS), true);
    assert.equal(canUndo(entry({ lr: LR }, { outcome: "refused" }), SETTINGS), false);
    assert.equal(canUndo(entry({ lr: { ...LR, effective: 1e-3 } }), SETTINGS), false, "nothing changed");
    assert.equal(canUndo(entry({ gone: LR }), SETTINGS), false, "no such setting any more");
    assert.equal(canUndo(entry({ lr: { ...LR, old: "NaN" } }), SETTINGS), false, "no request can set NaN");
    assert.equal(canUndo({ kind: "message", text: "x" }, SETTINGS), false);
    assert.equal(canUndo(entry(undefined), SETTINGS), false);
    assert.equal(canUndo({ ...entry({}), name: "pause" }, SETTINGS), false);
});

test("all that changed goes back at once, guarded by revisions", () => {
    const both = entry({ lr: LR, mode: { old: "slow", requested: "fast", effective: "fast", revision: 2 } });
    assert.deepEqual(undoRequest(both), {
        settings: { lr: 1e-3, mode: "slow" }, revisions: { lr: 4, mode: 2 }, reason: "undo of ticket 17",
    });
    assert.deepEqual(changedSince(undoRequest(both), SETTINGS), []);
});

test("what somebody has changed since is said, and can be undone all the same", () => {
    const later = new Map([["lr", { ...SETTINGS.get("lr"), value: 5e-4, revision: 6, step: 500, changedBy: "bob" }]]);
    const request = undoRequest(entry({ lr: LR }));
    const changed = changedSince(request, later);
    assert.deepEqual(changed.map((one) => one.name), ["lr"]);
    assert.equal(changedText(changed), "lr was set to 0.0005 by bob at step 500 since. Set lr back to 0.001 all the same?");
    assert.deepEqual(undoAnyway(request, later).revisions, { lr: 6 });
    assert.deepEqual(undoAnyway(request, later).settings, { lr: 1e-3 });
});
