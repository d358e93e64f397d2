import assert from "node:assert/strict";
import test from "node:test";
import { State } from "../state.js";

const setting = (name, value, revision = 0) => ({ name, type: "double", value, revision, unit: null, doc: "", attached: true });
const describe = (members) => ({ settings: [setting("lr", 0.001)], actions: [], series: [{ id: 0, name: "loss", unit: null, count: 0 }], may: ["set", "status"], ...members });
const status = (members) => ({ run: { name: "gpt", folder: "/r", state: "running", since: 1, step: 5, total: 10, rate: 1, eta: 5, frozen: false },
    settings: {}, pending: [], checkpoints: [], trainer: { attached: true, config: { seed: 1 } }, history: { state: "stored" }, clients: 1, time: 100, ...members });
const accepted = (ticket, request, members) => ({ sequence: 2 * ticket, time: ticket, ticket, record: "accepted", code: 20, name: "set", actor: "anna", reason: "", request, ...members });
const judged = (ticket, values, members) => ({ sequence: 2 * ticket + 1, time: ticket + 0.5, ticket, record: "outcome", outcome: "applied", error: 0, step: 5, detail: "", values, ...members });
const lr = (old, effective, revision) => ({ settings: { lr: { old, requested: effective, effective, revision } } });
const outcomeEvent = (ticket, members, more) => ({ event: "outcome", cursor: { epoch: 1, n: ticket }, ticket, outcome: "applied", step: 5, code: 20, name: "set", actor: "anna",
    reason: "", time: ticket + 0.5, ...members, ...more });

function fresh() {
    const frames = [];
    const state = new State((fn) => frames.push(fn));
    state.describe(describe());
    state.status(status());
    const told = [];
    for (const topic of ["log", "settings", "points", "tickets"])
        state.on(topic, (detail) => told.push([topic, detail]));
    return { state, told, frame: () => frames.splice(0).forEach((fn) => fn()) };
}

test("an outcome from audit and event is one entry", () => {
    const { state } = fresh();
    state.event(outcomeEvent(1, lr(0.001, 0.002, 1)));
    state.audit({ records: [accepted(1, { settings: { lr: 0.002 } }), judged(1, lr(0.001, 0.002, 1))] });
    state.event(outcomeEvent(1, lr(0.001, 0.002, 1)));
    assert.equal(state.log.length, 1);
    assert.equal(state.log[0].text, "lr 0.001 → 0.002");
    assert.equal(state.log[0].by, "anna");
});

test("who changed a setting: by its revision, from the past and from events", () => {
    const { state } = fresh();
    state.event({ event: "setting", name: "lr", value: 0.001, revision: 0, step: 9, time: 9, by: "trainer" });
    assert.equal(state.settings.get("lr").changedBy, null, "nobody has");
    state.describe(describe({ settings: [setting("lr", 0.002, 1)] }));
    assert.equal(state.settings.get("lr").changedBy, null);
    state.audit({ records: [accepted(1, { settings: { lr: 0.002 } }), judged(1, lr(0.001, 0.002, 1))] });
    assert.equal(state.settings.get("lr").changedBy, "anna");
    state.event({ event: "setting", name: "lr", value: 0.002, revision: 1, step: 9, time: 9, by: "trainer" });
    assert.equal(state.settings.get("lr").changedBy, "anna", "the state as of now changes nothing");
    state.event({ event: "setting", name: "lr", value: 0.003, revision: 2, step: 10, time: 10, by: 2 });
    state.event(outcomeEvent(2, lr(0.002, 0.003, 2), { actor: "otto" }));
    assert.equal(state.settings.get("lr").changedBy, "otto");
    state.event({ event: "setting", name: "lr", value: 0.0001, revision: 2, step: 11, time: 11, by: "trainer", overrides: 2 });
    assert.equal(state.settings.get("lr").changedBy, "the trainer");
});

test("a request that was undone stays so while a schedule goes on, until the next request", () => {
    const { state } = fresh();
    const undone = () => state.settings.get("lr").undone;
    const tell = (members) => state.event({ event: "setting", name: "lr", time: 9, ...members });
    assert.equal(undone(), null);
    tell({ value: 0.1, revision: 1, step: 10, by: 17 });
    tell({ value: 0.002, revision: 1, step: 11, by: "trainer", overrides: 17 });
    tell({ value: 0.003, revision: 1, step: 12, by: "trainer" });
    assert.deepEqual(undone(), { ticket: 17, step: 11 });
    state.describe(describe({ settings: [setting("lr", 0.003, 1)] }));
    assert.deepEqual(undone(), { ticket: 17, step: 11 });
    tell({ value: 0.2, revision: 2, step: 13, by: 18 });
    assert.equal(undone(), null);
});

test("what an own request asked for is known also where its outcome is told first", () => {
    const { state } = fresh();
    state.event(outcomeEvent(9, { code: 23, name: "freeze", changed: true }));
    assert.equal(state.log[0].text, "freeze");
    state.requested("freeze", 23, { on: false }, { ticket: 9, outcome: "applied", changed: true });
    assert.equal(state.log[0].text, "end the freeze");
    assert.equal(state.tickets.size, 0);
    assert.equal(state.unexplained().size, 0);
});

test("pending requests: from status and audit, until their outcome", () => {
    const { state, frame, told } = fresh();
    state.status(status({ pending: [{ ticket: 7, code: 20, name: "set", actor: "anna", phase: "posted", age: 1, at_step: 500 }] }));
    assert.deepEqual([...state.unexplained()], [7]);
    state.explained(7, { records: [accepted(7, { settings: { lr: 0.5 }, at_step: 500 })] });
    assert.deepEqual(state.settings.get("lr").pending, [{ ticket: 7, requested: 0.5, actor: "anna" }]);
    assert.equal(state.unexplained().size, 0);
    state.event(outcomeEvent(7, { outcome: "cancelled", error: 48, detail: "withdrawn" }));
    assert.deepEqual(state.settings.get("lr").pending, []);
    assert.equal(state.tickets.size, 0);
    assert.equal(state.log[0].text, "lr = 0.5");
    frame();
    assert.ok(told.some(([topic]) => topic === "tickets"));
    state.status(status({ pending: [{ ticket: 7, code: 20, name: "set", actor: "anna", phase: "judged", age: 1 }] }));
    assert.equal(state.tickets.size, 0, "what has ended is not pending");
});

test("an own request whose outcome came before its reply is not pending", () => {
    const { state } = fresh();
    state.event(outcomeEvent(3, lr(0.001, 0.5, 1)));
    state.requested("set", 20, { settings: { lr: 0.5 } }, { ticket: 3, outcome: "pending" });
    assert.equal(state.tickets.size, 0);
});

test("an action is told once: while it runs, then by its outcome", () => {
    const { state } = fresh();
    state.event({ event: "started", ticket: 4, code: 21, name: "act", actor: "anna", step: 5, time: 4 });
    state.explained(4, { records: [accepted(4, { action: "generate", params: { length: 3 } }, { code: 21, name: "act" })] });
    assert.deepEqual(state.log.map((one) => [one.kind, one.text]), [["started", "generate(length = 3)"]]);
    state.event(outcomeEvent(4, { code: 21, name: "act", result: { text: "x" } }));
    assert.deepEqual(state.log.map((one) => [one.kind, one.text]), [["outcome", "generate(length = 3)"]]);
    state.event({ event: "started", ticket: 4, code: 21, name: "act", actor: "anna", step: 5, time: 4 });
    assert.equal(state.log.length, 1);
});

test("messages and checkpoints that are told again stay single", () => {
    const { state } = fresh();
    const said = { event: "message", level: "info", text: "hi", step: 1, time: 3, by: "anna", id: 1 };
    const warned = { event: "message", level: "warning", text: "hot", step: 1, time: 2, by: "trainer" };
    const saved = { id: "a", step: 1, time: 1, path: "p", bytes: 3 };
    state.status(status({ checkpoints: [saved] }));
    [said, warned, said, { ...warned }, { event: "checkpoint", ...saved }].forEach((event) => state.event(event));
    assert.deepEqual(state.log.map((one) => one.text), ["a", "hot", "hi"], "in order of time");
    assert.equal(state.checkpoints.length, 1);
});

test("points come as numbers, and move their series", () => {
    const { state, told } = fresh();
    state.event({ event: "scalars", points: [[0, 6, 1.5, "NaN"], [0, 7, 1.6, 2], [9, 7, 1.6, 1]] });
    assert.deepEqual(told, [["points", [[0, 6, 1.5, NaN], [0, 7, 1.6, 2], [9, 7, 1.6, 1]]]]);
    assert.equal(state.series.get(0).last, 2);
});

test("a setting that changes all the time is told once a frame", () => {
    const { state, told, frame } = fresh();
    for (let i = 1; i <= 1000; i++)
        state.event({ event: "setting", name: "lr", value: i, revision: 0, step: i, time: i, by: "trainer" });
    assert.equal(told.length, 0);
    frame();
    assert.deepEqual(told, [["settings", "lr"]]);
});

test("a listener that fails stops nobody, and one that left hears nothing", () => {
    const { state } = fresh();
    const heard = [];
    const { error } = console;
    console.error = () => {};
    state.on("x", () => { throw new Error("mine"); });
    const off = state.on("x", (detail) => heard.push(detail));
    state.emit("x", 1);
    off();
    state.emit("x", 2);
    console.error = error;
    assert.deepEqual(heard, [1]);
});

test("who follows", () => {
    const { state } = fresh();
    state.clientList({ clients: [{ id: 1, name: "a", topics: ["run"] }, { id: 2, name: "b", topics: [] }], total: 2 });
    assert.equal(state.following, 1);
    state.event({ event: "client", change: "joined", id: 3, name: "<b>", role: "viewer", transport: "tcp", since: 1, clients: 2 });
    state.event({ event: "client", change: "left", id: 1, name: "a", clients: 1 });
    assert.deepEqual([...state.clients.keys()], [2, 3]);
    assert.equal(state.following, 1);
});
