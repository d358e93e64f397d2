import assert from "node:assert/strict";
import test from "node:test";
import { changesText, kindOf, matches, nearestEntry, outcomeText, pendingTitle, titleText } from "../timeline_text.js";
import { outcomeEntry } from "../state_log.js";
import { makeOlder } from "../timeline_older.js";

const SPECS = new Map([["lr", { type: "double", unit: null }], ["guarded", { type: "double", unit: "ms" }], ["flag", { type: "bool" }]]);
const set = (settings, more) => ({ kind: "outcome", name: "set", code: 20, outcome: "applied", settings, text: "set", ...more });

test("what was set, and what was asked for where that differs", () => {
    const lr = { old: 0.001, requested: 0.0003, effective: 0.0003, revision: 4 };
    assert.equal(titleText(set({ lr }), SPECS), "lr 0.001 → 0.0003");
    const guarded = { old: 0, requested: 0.4, effective: 0.25, revision: 1 };
    assert.equal(changesText({ guarded, flag: { old: true, requested: false, effective: false } }, SPECS),
        "guarded 0 ms → 0.25 ms (0.4 ms was asked), flag on → off");
    assert.equal(changesText({ lr: { ...lr, effective: 0.00030000000001 } }, SPECS), "lr 0.001 → 0.0003", "rounding is no difference");
});

test("what was not applied says what was asked for, and why it was not", () => {
    const refused = set({ guarded: { old: 0.25, requested: 0.7, effective: 0.25 } }, { outcome: "refused", error: 46, detail: "too much" });
    assert.equal(titleText(refused, SPECS), "guarded = 0.7 ms");
    assert.equal(outcomeText(refused), "refused: too much");
    const cancelled = set(undefined, { outcome: "cancelled", request: { settings: { lr: 1 } } });
    assert.equal(titleText(cancelled, SPECS), "lr = 1");
    assert.equal(outcomeText(cancelled), "withdrawn");
    assert.equal(outcomeText(set({}, { outcome: "lost", reached: true, detail: "it died" })), "lost (the trainer had taken it): it died");
    assert.equal(outcomeText(set({}, { outcome: "lost", reached: false })), "lost (the trainer had not taken it)");
});

test("the other entries", () => {
    assert.equal(titleText({ kind: "checkpoint", text: "step-000400" }), "checkpoint step-000400");
    assert.equal(titleText({ kind: "outcome", name: "pause", outcome: "applied", text: "pause", changed: false }), "pause (it was so already)");
    assert.equal(titleText(outcomeEntry({ name: "advance", outcome: "applied", pause_step: 12, request: { steps: 1 } })),
        "advance 1 step, to pause at step 12");
    const act = (action, params) => outcomeEntry({ name: "act", outcome: "applied", request: { action, params } });
    assert.equal(titleText(act("predict", { picture: "0,".repeat(783) + "0" })), "predict(picture = (784 numbers))");
    assert.ok(titleText(act("generate", { prompt: "x".repeat(900) })).length < 100);
});

test("kinds, and words that must all be found", () => {
    const entry = set({ lr: { old: 1, requested: 2, effective: 2 } }, { by: "Anna", reason: "Plateau", ticket: 17, step: 412 });
    assert.equal(kindOf(entry), "set");
    assert.equal(kindOf({ kind: "started", name: "act" }), "act");
    assert.equal(kindOf({ kind: "outcome", name: "freeze" }), "run");
    assert.ok(matches(entry, "", ["anna", "plateau", "lr"], SPECS));
    assert.ok(matches(entry, "set", ["412"], SPECS));
    assert.ok(!matches(entry, "act", [], SPECS));
    assert.ok(!matches(entry, "", ["bob"], SPECS));
});

test("what is pending", () => {
    assert.equal(pendingTitle({ ticket: 1, name: "set", at_step: 500 }, { request: { settings: { lr: 0.0003 } } }), "lr = 0.0003 waits for step 500");
    assert.equal(pendingTitle({ ticket: 1, name: "act", phase: "started" }, { request: { action: "evaluate" } }), "evaluate runs");
    assert.equal(pendingTitle({ ticket: 1, name: "pause" }, undefined), "pause waits");
});

test("the entry that is nearest to a place of the curves", () => {
    const entries = [{ step: 30, time: 3 }, { step: 20, time: 2 }, { step: null, time: 9 }, { step: 20, time: 8 }];
    assert.equal(nearestEntry(entries, { step: 27 }), entries[0]);
    assert.equal(nearestEntry(entries, { step: 21, time: 7 }), entries[3], "of equal steps the one nearer in time");
    assert.equal(nearestEntry(entries, { step: null, time: 9 }), entries[2]);
    assert.equal(nearestEntry([], { step: 1 }), null);
});

/* An audit of `count` requests, a record each of request and outcome; of some the request stands long before its outcome. */
function fakeAudit(count) {
    const records = [];
    const add = (record) => records.push({ sequence: records.length + 1, time: records.length + 1, ...record });
    add({ record: "accepted", ticket: 1000, code: 20, name: "set", actor: "early", request: { settings: { lr: 5 } } });
    for (let ticket = 1; ticket <= count; ticket++) {
        add({ record: "accepted", ticket, code: 20, name: "set", actor: "anna", request: { settings: { lr: ticket } } });
        add({ record: "outcome", ticket, outcome: "applied", step: ticket, values: { settings: {} } });
        if (ticket === count - 150)
            add({ record: "outcome", ticket: 1000, outcome: "expired", step: ticket, values: {} });
    }
    return records;
}

function fakeApp(records, newest, auditFrom) {
    const asked = [];
    const ask = async (name, { from = 1, limit = 100, ticket }) => {
        asked.push({ from, limit, ticket });
        const found = ticket ? records.filter((one) => one.ticket === ticket) : records.slice(from - 1, from - 1 + limit);
        return { records: found, next: null, head: { sequence: records.length } };
    };
    const log = newest.map((ticket) => ({ kind: "outcome", ticket }));
    return { asked, link: { ask }, state: { log, auditFrom, kept: { outcomeOf: (ticket) => log.find((one) => one.ticket === ticket) } } };
}

test("older outcomes come page by page, each once, and then there are no more", async () => {
    const records = fakeAudit(400);
    const app = fakeApp(records, [390, 391, 392, 393, 394, 395, 396, 397, 398, 399, 400], 782);
    const older = makeOlder(app);
    const got = [];
    while (!older.atEnd())
        got.push(...await older.more());
    assert.equal(got.length, 390, "389 of the usual ones and the early one");
    assert.equal(new Set(got.map((one) => one.ticket)).size, 390);
    const early = got.find((one) => one.ticket === 1000);
    assert.equal(early.by, "early");
    assert.equal(titleText(early), "lr = 5");
    assert.deepEqual(got.map((one) => one.time), got.map((one) => one.time).sort((a, b) => b - a), "newest first");
    assert.deepEqual(await older.more(), []);
    assert.ok(app.asked.every((one) => one.ticket || one.limit <= 1000));
});

test("no older ones where the log begins with the audit, or nothing was ever asked", async () => {
    const whole = fakeApp(fakeAudit(3), [1, 2, 3], 1);
    assert.equal(makeOlder(whole).atEnd(), true);
    whole.state.kept.forgets = true;
    assert.equal(makeOlder(whole).atEnd(), false, "the log has dropped some");
    assert.equal(makeOlder(fakeApp([], [], null)).atEnd(), true, "it is not known yet");
    const empty = makeOlder(fakeApp([], [], 1));
    assert.deepEqual(await empty.more(), []);
    assert.equal(empty.atEnd(), true);
});
