import assert from "node:assert/strict";
import test, { mock } from "node:test";
import { Link, Refusal } from "../link.js";
import { State } from "../state.js";

const RUN = { name: "gpt", folder: "/r", state: "running", step: 1, total: 2 };
const ANSWERS = {
    1: () => ({ client: 1, name: "anna", role: "admin", auth: "none", time: 0, run: RUN }),
    2: () => ({ time: 0 }),
    3: () => ({ run: { ...RUN, since: 0, rate: 1, eta: 1, frozen: false }, settings: {}, pending: [], checkpoints: [], trainer: null, history: { state: "stored" }, clients: 1, time: 0 }),
    4: () => ({ settings: [], actions: [], series: [], may: ["set"] }),
    5: () => ({ cursor: { epoch: 1, n: 10 } }),
    8: () => ({ records: [], next: null, head: { sequence: 0, hash: "" } }),
    9: () => ({ clients: [], total: 0 }),
};

/* A server that answers at once what it knows, and keeps the rest for the test. */
class Socket extends EventTarget {
    constructor(answers = ANSWERS) {
        super();
        this.answers = answers;
        this.got = [];
    }

    send(text) {
        const request = JSON.parse(text);
        this.got.push(request);
        const answer = this.answers[request.code];
        if (answer)
            queueMicrotask(() => this.say({ code: request.code, id: request.id, ...this.reply(answer(request)) }));
    }

    reply(answer) {
        return "CodeError" in answer ? answer : { result: answer };
    }

    say(message) {
        const event = new Event("message");
        event.data = JSON.stringify(message);
        this.dispatchEvent(event);
    }

    end(code) {
        const event = new Event("close");
        Object.assign(event, { code, reason: "" });
        this.dispatchEvent(event);
    }

    close() {
        this.closed = true;
    }

    asked(code) {
        return this.got.filter((request) => request.code === code);
    }
}

const settled = async () => {
    for (let i = 0; i < 50; i++)
        await Promise.resolve();
};

function stage(answers) {
    mock.timers.enable(parseInt(process.versions.node) < 20 ? ["setTimeout"] : { apis: ["setTimeout"] });
    const sockets = [];
    const state = new State((fn) => fn());
    const link = new Link(state, () => {
        sockets.push(new Socket(answers));
        return sockets.at(-1);
    });
    const connect = async () => {
        sockets.at(-1).dispatchEvent(new Event("open"));
        await settled();
        return sockets.at(-1);
    };
    return { state, link, sockets, connect };
}

test.afterEach(() => mock.timers.reset());

test("the first words, then open", async () => {
    const { state, link, connect } = stage();
    link.start(null, "anna");
    assert.equal(state.connection, "connecting");
    const socket = await connect();
    assert.equal(state.connection, "open");
    assert.deepEqual(socket.asked(1)[0], { code: 1, id: 1, name: "anna" });
    assert.equal(socket.asked(5).length, 1);
    assert.ok(state.can("set"));
});

test("one request of a code at a time, in order; other codes do not wait", async () => {
    const { link, connect } = stage();
    link.start(null);
    const socket = await connect();
    const first = link.ask("set", { settings: { lr: 1 } });
    const second = link.ask("set", { settings: { lr: 2 } });
    link.ask("history", { series: ["*"] });
    assert.equal(socket.asked(20).length, 1);
    assert.equal(socket.asked(7).length, 1);
    socket.say({ code: 20, id: socket.asked(20)[0].id, CodeError: 43, Message: "Invalid parameter", Detail: "lr is too large" });
    await assert.rejects(first, (error) => error instanceof Refusal && error.error === 43 && error.message === "lr is too large" && error.reply.code === 20);
    assert.equal(socket.asked(20).length, 2);
    socket.say({ code: 20, id: socket.asked(20)[1].id, result: { outcome: "applied" } });
    assert.deepEqual(await second, { outcome: "applied" });
});

test("numbers that are not finite are sent as texts", async () => {
    const { link, connect } = stage();
    link.start(null);
    const socket = await connect();
    link.ask("set", { settings: { a: Infinity, b: NaN, c: 1 } });
    assert.deepEqual(socket.asked(20)[0].settings, { a: "Infinity", b: "NaN", c: 1 });
});

test("a lost connection: reads wait for the next one, changes are not repeated, events go on at the cursor", async () => {
    const { state, link, sockets, connect } = stage();
    link.start(null);
    const first = await connect();
    first.say({ event: "run", cursor: { epoch: 1, n: 42 }, state: "running", step: 3, total: 9, rate: 1, eta: 1, frozen: false, time: 0 });
    const read = link.ask("history", { series: ["*"] });
    const change = link.ask("pause");
    const held = link.ask("pause");
    first.end(1006);
    await assert.rejects(change, /lost before the answer/);
    await assert.rejects(held, /lost before this was asked/);
    assert.equal(state.connection, "lost");
    await assert.rejects(link.ask("set", {}), /Not connected/);
    mock.timers.tick(600);
    const second = await connect();
    assert.equal(sockets.length, 2);
    assert.deepEqual(second.asked(5)[0].since, { epoch: 1, n: 42 });
    assert.equal(second.asked(16).length, 0);
    second.say({ code: 7, id: second.asked(7)[0].id, result: { series: [] } });
    assert.deepEqual(await read, { series: [] });
    assert.equal(state.connection, "open");
});

test("the waits between tries grow to ten seconds, and end when somebody looks", async () => {
    const { link, sockets } = stage();
    link.start(null);
    const waits = [];
    for (let i = 0; i < 8; i++) {
        const before = sockets.length;
        sockets.at(-1).end(1006);
        let waited = 0;
        while (sockets.length === before) {
            mock.timers.tick(100);
            waited += 100;
        }
        waits.push(waited);
    }
    assert.ok(waits[0] <= 700 && waits[1] >= 700 && waits.at(-1) >= 8000 && waits.every((one) => one <= 12100), String(waits));
    sockets.at(-1).end(1006);
    const before = sockets.length;
    link.hurry();
    assert.equal(sockets.length, before + 1);
});

test("a token that is refused is not tried again by itself", async () => {
    const refusal = { CodeError: 44, Message: "Not authorised", Detail: "no such token" };
    const { state, link, sockets, connect } = stage({ 1: () => refusal });
    link.start("tt_wrong");
    const waiting = assert.rejects(link.ask("history", {}), (error) => error.error === 44);
    const socket = await connect();
    assert.deepEqual(socket.asked(1)[0].token, "tt_wrong");
    assert.equal(state.connection, "refused");
    assert.equal(state.problem, "no such token");
    await waiting;
    mock.timers.tick(60000);
    assert.equal(sockets.length, 1);
    link.start("tt_right");
    assert.equal(sockets.length, 2);
});

test("a token that ends while connected", async () => {
    const { state, link, connect } = stage();
    link.start("tt_1");
    const socket = await connect();
    socket.say({ CodeError: 44, Message: "Not authorised", Detail: "the token has expired" });
    assert.equal(state.connection, "refused");
    assert.equal(state.problem, "the token has expired");
    socket.end(1008);
    assert.equal(state.connection, "refused");
});

test("after a silence the server is asked, and given up when it does not answer", async () => {
    const { state, link, connect } = stage({ ...ANSWERS, 2: undefined, 3: undefined });
    link.start(null);
    const opened = connect();
    await opened;
    assert.equal(state.connection, "connecting", "status was never answered");
    mock.timers.tick(10000);
    assert.equal(state.connection, "connecting", "something came meanwhile");
    mock.timers.tick(45000);
    mock.timers.tick(9000);
    assert.equal(state.connection, "connecting");
    mock.timers.tick(1000);
    assert.equal(state.connection, "lost");
});

test("a gap: all is asked again, then told once", async () => {
    const { state, link, connect } = stage();
    let resyncs = 0;
    state.on("resync", () => resyncs++);
    link.start(null);
    const socket = await connect();
    const before = socket.asked(4).length;
    socket.say({ event: "gap", cursor: { epoch: 2, n: 5 }, missed: {}, from: 1, to: 2 });
    await settled();
    assert.equal(socket.asked(4).length, before + 1);
    assert.equal(resyncs, 1);
    assert.deepEqual(link.cursor, { epoch: 2, n: 5 });
});

test("another run on the same port", async () => {
    const answers = { ...ANSWERS };
    const { state, link, connect, sockets } = stage(answers);
    const others = [];
    state.on("other_run", (run) => others.push(run.folder));
    link.start(null);
    await connect();
    sockets[0].end(1001);
    answers[1] = () => ({ ...ANSWERS[1](), run: { ...RUN, folder: "/other" } });
    mock.timers.tick(600);
    await connect();
    assert.deepEqual(others, ["/other"]);
});

test("what an older socket still says is not heard", async () => {
    const { state, link, sockets, connect } = stage();
    link.start(null);
    await connect();
    link.start(null);
    sockets[0].end(1006);
    sockets[0].say({ CodeError: 44, Message: "Not authorised" });
    assert.notEqual(state.connection, "refused");
    assert.ok(sockets[0].closed);
});
