import assert from "node:assert/strict";
import test from "node:test";
import { askControl, isMine } from "../controls_ask.js";
import { makeSent, overtaken, sendSetting } from "../setting_send.js";
import { factsText, movesByItself, overriddenText, pendingText, rememberChange } from "../setting_facts.js";

/* A server in one object: replies as told, outcomes when the test says so. */
function fakeApp(replies) {
    const listeners = [];
    const outcomes = new Map();
    const asked = [];
    return {
        asked,
        told: (outcome) => { outcomes.set(outcome.ticket, { kind: "outcome", ...outcome }); listeners.forEach((fn) => fn(null)); },
        early: (outcome) => outcomes.set(outcome.ticket, outcome),
        link: { ask: async (name, members) => { asked.push({ name, ...members }); return replies(name, members, asked.length); } },
        state: { on: (topic, fn) => topic === "log" && listeners.push(fn), kept: { outcomeOf: (ticket) => outcomes.get(ticket) }, settings: new Map() },
    };
}

const pending = (ticket) => ({ ticket, outcome: "pending" });
const soon = () => new Promise((resolve) => setImmediate(resolve));

test("the outcome comes by the log, before or after the reply", async () => {
    const app = fakeApp(() => pending(7));
    let accepted = 0;
    const asked = askControl(app, "set", { settings: { lr: 1 } }, (ticket) => { accepted = ticket; });
    await soon();
    assert.equal(accepted, 7);
    assert.equal(app.asked[0].wait, 0);
    assert.ok(isMine(app, 7) && !isMine(app, 8));
    app.told({ ticket: 8, outcome: "applied" });
    app.told({ ticket: 7, outcome: "applied", step: 3 });
    assert.equal((await asked).step, 3);
    const early = fakeApp(() => pending(9));
    early.early({ ticket: 9, outcome: "applied", step: 5 });
    assert.equal((await askControl(early, "set", {})).step, 5);
});

test("what is not applied rejects with its own words", async () => {
    const app = fakeApp(() => pending(7));
    const asked = askControl(app, "set", {});
    await soon();
    app.told({ ticket: 7, outcome: "refused", error: 46, detail: "too much" });
    await assert.rejects(asked, (error) => error.message === "too much" && error.error === 46 && error.outcome === "refused");
});

test("freeze and cancel are asked without a wait, and are answered at once", async () => {
    const app = fakeApp(() => ({ ticket: 3, outcome: "applied" }));
    await askControl(app, "freeze", { on: true });
    assert.deepEqual(app.asked[0], { name: "freeze", on: true });
});

const SETTING = { name: "lr", type: "double", value: 1, revision: 4, by: null };
const READ = { value: 2, atStep: null, reason: "" };

test("a value is guarded by the revision that was edited", async () => {
    const app = fakeApp(() => ({ ticket: 1, outcome: "applied" }));
    await sendSetting(app, () => ({ ...SETTING, revision: 5, by: 99 }), makeSent("2", READ), { earlier: null, baseline: 4, accepted: () => {} });
    assert.deepEqual(app.asked[0], { name: "set", settings: { lr: 2 }, revisions: { lr: 4 }, wait: 0 });
    assert.equal(overtaken(app, 4, { ...SETTING, revision: 5, by: 99 }), true);
    assert.equal(overtaken(app, 4, { ...SETTING, revision: 5, by: 1 }), false, "one's own");
});

test("a newer value withdraws the earlier one first, and stands on what that made where it was too late", async () => {
    const app = fakeApp((name, members, nth) => (name === "cancel" ? { ticket: 10, outcome: "applied", settings: { lr: { revision: 5 } } } : pending(9 + nth)));
    const earlier = makeSent("2", READ);
    const first = sendSetting(app, () => SETTING, earlier, { earlier: null, baseline: 4, accepted: () => {} });
    await soon();
    const second = sendSetting(app, () => SETTING, makeSent("3", { ...READ, value: 3 }), { earlier, baseline: 4, accepted: () => {} });
    await soon();
    assert.deepEqual(app.asked.map((one) => one.name), ["set", "cancel", "set"]);
    assert.equal(app.asked[1].ticket, 10);
    assert.deepEqual(app.asked[2].revisions, { lr: 5 });
    app.told({ ticket: 10, outcome: "applied" });
    app.told({ ticket: 12, outcome: "applied" });
    await Promise.all([first, second]);
});

test("one that waits for its step is left alone", async () => {
    const app = fakeApp((name, members, nth) => pending(nth));
    const earlier = makeSent("2", { ...READ, atStep: 500 });
    sendSetting(app, () => SETTING, earlier, { earlier: null, baseline: 4, accepted: () => {} });
    await soon();
    sendSetting(app, () => SETTING, makeSent("3", READ), { earlier, baseline: 4, accepted: () => {} });
    await soon();
    assert.deepEqual(app.asked.map((one) => one.name), ["set", "set"]);
    assert.equal(app.asked[0].at_step, 500);
});

test("what is told of a setting", () => {
    assert.equal(factsText({ revision: 0, by: null, changedBy: null }), "");
    assert.equal(factsText({ revision: 3, by: 17, changedBy: "anna", step: 412 }), "rev 3 · anna · step 412");
    assert.equal(factsText({ revision: 0, by: "trainer", step: 5 }), "rev 0 · the trainer · step 5");
    assert.equal(pendingText({ requested: 3e-4, actor: "me" }, { at_step: 500 }, SETTING, "me"), "0.0003 requested for step 500: waits");
    assert.equal(pendingText({ requested: 3e-4, actor: "bob" }, undefined, SETTING, "me"), "0.0003 requested by bob: waits for the control point");
});

test("a schedule is one that has moved twice lately; what undid a request is told", () => {
    const memory = { moves: [] };
    const tell = (more) => rememberChange(memory, { ...SETTING, ...more });
    tell({ by: "trainer", step: 10 });
    assert.equal(movesByItself(memory, { by: "trainer" }, 11), false);
    tell({ by: "trainer", step: 12 });
    assert.equal(movesByItself(memory, { by: "trainer" }, 13), true);
    assert.equal(movesByItself(memory, { by: "trainer" }, 500), false);
    assert.match(overriddenText({ by: "trainer", undone: { ticket: 17, step: 12 } }, 17), /back at step 12: ticket 17 was overridden/);
    assert.match(overriddenText({ by: "trainer", undone: null }, 17), /since ticket 17/);
    assert.equal(overriddenText({ by: 17, undone: null }, 17), "");
});
