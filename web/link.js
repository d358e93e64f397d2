/* link.js: the connection to the server. It comes back by itself and goes on where it was. */

import { CODES, Queue, Refusal } from "./link_queue.js";

export { Refusal };

const NOT_AUTHORISED = 44;
const RETRY_FIRST = 500;
const RETRY_MOST = 10000;
const HANDSHAKE = 10000;    /* ms for the socket to open and hello to be answered */
const SILENCE = 45000;      /* after so long the server is asked whether it is there */
const ANSWER = 10000;       /* and has so long to say so */
const STATUS_EVERY = 5000;  /* what no event tells: the history's state, requests of others that wait */
const AUDIT_RECORDS = 400;  /* an outcome and its request are one each: the newest 200 */
const TICKETS_EXPLAINED = 20;
const TOPICS = ["scalars", "run", "settings", "outcomes", "clients", "output", "messages", "declarations"];
const CONTROL = CODES.pause;

function address() {
    return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`;
}

const hidden = () => globalThis.document?.visibilityState === "hidden";

export class Link {
    constructor(state, open = () => new WebSocket(address())) {
        this.state = state;
        this.openSocket = open;
        this.queue = new Queue();
        this.socket = null;
        this.token = null;
        this.name = null;
        this.cursor = null;
        this.folder = null;
        this.retry = RETRY_FIRST;
        this.timers = {};
        globalThis.addEventListener?.("online", () => this.hurry());
        globalThis.document?.addEventListener("visibilitychange", () => this.visible());
    }

    /* Without a token where the server needs none. Again with another one after a refusal. */
    start(token, name = this.name) {
        this.token = token || null;
        this.name = name || null;
        this.drop();
        this.open();
    }

    async ask(name, members = {}) {
        const result = await this.queue.ask(name, members);
        if (CODES[name] >= CONTROL && result?.ticket && result.ticket !== members.ticket) /* cancel tells of another's */
            this.state.requested(name, CODES[name], members, result);
        return result;
    }

    /* ---- the socket ---- */

    timer(name, ms, fn) {
        clearTimeout(this.timers[name]);
        this.timers[name] = setTimeout(fn, ms);
    }

    open() {
        this.state.connect(this.folder ? "lost" : "connecting", this.state.problem);
        const socket = this.openSocket();
        this.socket = socket;
        const mine = (fn) => (event) => (this.socket === socket ? fn(event) : undefined);
        socket.addEventListener("open", mine(() => this.shake()));
        socket.addEventListener("message", mine((event) => this.take(event.data)));
        socket.addEventListener("close", mine((event) => this.closed(event)));
        this.expect(HANDSHAKE);
    }

    /* Whatever comes is a sign of life. A timer anew for each message would cost more than the message. */
    expect(ms, silent = () => this.lose("the server does not answer")) {
        this.heard = false;
        this.timer("alive", ms, () => (this.heard ? this.expect(SILENCE, () => this.ping()) : silent()));
    }

    drop() {
        Object.values(this.timers).forEach(clearTimeout);
        const { socket } = this;
        this.socket = null;
        socket?.close();
        this.queue.close();
    }

    closed(event) {
        if (event.code === 1008)
            this.refused(event.reason || "The token is not valid any more.");
        else
            this.lose(event.code === 1001 ? "the server has ended" : "the server cannot be reached");
    }

    /* Over TCP a peer that has vanished closes nothing: whoever finds out calls this. */
    lose(problem) {
        this.drop();
        this.state.connect("lost", problem);
        this.timer("retry", this.retry * (0.8 + 0.4 * Math.random()), () => this.open());
        this.retry = Math.min(2 * this.retry, RETRY_MOST);
    }

    refused(problem) {
        this.drop();
        this.queue.refuseAll(new Refusal({ CodeError: NOT_AUTHORISED, Message: problem }));
        this.state.connect("refused", problem);
    }

    /* Waiting longer makes no sense: the network, or somebody who looks, is back. */
    hurry() {
        if (this.state.connection !== "lost" || this.socket)
            return;
        clearTimeout(this.timers.retry);
        this.retry = RETRY_FIRST;
        this.open();
    }

    visible() {
        if (hidden())
            return;
        this.hurry();
        if (this.state.connection === "open") {
            this.pollStatus();
            this.ping();
        }
    }

    /* ---- the first words ---- */

    async shake() {
        const { socket } = this;
        this.queue.open((text) => socket.send(text));
        try {
            const hello = await this.queue.ask("hello", this.introduction());
            if (this.socket === socket)
                await this.greet(hello, socket);
        } catch (error) {
            this.notGreeted(error, socket);
        }
    }

    /* A token has a name of its own. */
    introduction() {
        return this.token ? { token: this.token } : this.name ? { name: this.name } : {};
    }

    /* Says hello again, with another name. */
    async introduce(name) {
        const hello = await this.queue.ask("hello", name ? { name } : {});
        this.name = name || null;
        this.state.hello(hello);
    }

    notGreeted(error, socket) {
        if (this.socket !== socket)
            return;
        if (error.error === NOT_AUTHORISED)
            this.refused(error.message);
        else
            this.lose(error.message);
    }

    async greet(hello, socket) {
        if (this.folder && this.folder !== hello.run.folder)
            return this.state.emit("other_run", hello.run);
        this.folder = hello.run.folder;
        const subscribed = this.learnAndFollow();
        this.state.hello(hello);
        await subscribed;
        if (this.socket !== socket)
            return undefined;
        this.retry = RETRY_FIRST;
        this.state.connect("open");
        this.watch();
        return undefined;
    }

    /* All at once, in this order: between the state that describe and status tell and the first event nothing is missed. */
    learnAndFollow() {
        const learnt = this.learn();
        const followed = this.queue.ask("subscribe", { topics: TOPICS, rate: "60/s", ...(this.cursor && { since: this.cursor }) });
        return Promise.all([learnt, followed]).then(([, { cursor }]) => { this.cursor ??= cursor; });
    }

    async learn() {
        const { state, queue } = this;
        this.past = this.readAudit().then(() => this.explain()).catch(() => {});
        queue.ask("clients").then((told) => state.clientList(told)).catch(() => {});
        await Promise.all([
            queue.ask("describe").then((told) => state.describe(told)),
            queue.ask("status").then((told) => state.status(told)),
        ]);
    }

    async readAudit() {
        const { head } = await this.queue.ask("audit", { limit: 1 });
        const from = Math.max(1, head.sequence - AUDIT_RECORDS + 1);
        this.state.audit(await this.queue.ask("audit", { from, limit: AUDIT_RECORDS }), from);
    }

    /* ---- what comes ---- */

    take(text) {
        this.heard = true;
        const told = JSON.parse(text);
        if (told.event)
            this.event(told);
        else if (!this.queue.reply(told) && told.CodeError === NOT_AUTHORISED)
            this.refused(told.Detail || told.Message);
    }

    event(told) {
        this.cursor = told.cursor ?? this.cursor;
        if (told.event === "gap")
            this.gap();
        else
            this.state.event(told);
        if (told.event === "started" || told.event === "outcome")
            this.timer("explain", 50, () => this.explain());
        if (told.event === "client" && told.change === "many")
            this.timer("clients", 1000, () => this.ask("clients").then((list) => this.state.clientList(list)).catch(() => {}));
        if (told.event === "run" && told.state !== this.lastState)
            this.stateChanged(told.state);
    }

    stateChanged(state) {
        this.lastState = state;
        this.timer("status", 100, () => this.pollStatus());
    }

    /* What comes after it does not follow what came before: that is told at once, the rest when it is known. */
    gap() {
        this.state.emit("gap");
        this.resync();
    }

    async resync() {
        await this.learn().catch(() => {});
        await this.past;
        this.state.emit("resync");
    }

    /* ---- while it is open ---- */

    watch() {
        this.timer("status", STATUS_EVERY, () => this.pollStatus());
    }

    ping() {
        this.expect(ANSWER);
        this.queue.ask("ping").catch(() => {});
    }

    async pollStatus() {
        this.timer("status", STATUS_EVERY, () => this.pollStatus());
        if (hidden() || this.state.connection !== "open")
            return;
        try {
            this.state.status(await this.queue.ask("status"));
            await this.explain();
        } catch {
            /* the connection was lost meanwhile: it begins anew */
        }
    }

    /* What others have asked for stands in the audit only. */
    async explain() {
        for (const ticket of [...this.state.unexplained()].slice(-TICKETS_EXPLAINED)) {
            const told = await this.queue.ask("audit", { ticket }).catch(() => null);
            if (!told)
                return;
            this.state.explained(ticket, told);
        }
    }
}
