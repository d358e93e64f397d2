/* state.js: what this page knows of the run. Link feeds it, the parts of the page listen to it. */

import { toNumber } from "./format.js";
import { declareSetting, pendingOf, settingChanged, takeValue } from "./state_settings.js";
import { Log, checkpointEntry, messageEntry, outcomeEntry, readAudit, startedEntry } from "./state_log.js";
import { Topics } from "./topics.js";

const REQUESTS_KEPT = 5000;
const CHECKPOINTS_KEPT = 64;
const UNEXPLAINED_ASKED = 100;
const NEEDS_REQUEST = new Set(["act", "advance", "freeze"]);

function emptyRun() {
    return { name: "", folder: "", state: "", since: null, step: null, total: null, rate: null, eta: null, frozen: false };
}

export class State extends Topics {
    constructor(later) {
        super(later);
        this.connection = "connecting";
        this.problem = null;      /* why there is no connection, for people */
        this.run = emptyRun();
        this.me = { client: null, name: "", role: "", auth: "", may: new Set() };
        this.series = new Map();
        this.settings = new Map();
        this.actions = new Map();
        this.tickets = new Map();
        this.requests = new Map(); /* ticket -> what was asked, of those that are known */
        this.clients = new Map();
        this.following = null;     /* how many there are, also where not all are listed */
        this.trainer = null;
        this.checkpoints = [];
        this.config = null;
        this.history = null;
        this.clockAhead = 0;       /* the server's clock against ours, in seconds */
        this.kept = new Log();
        this.log = this.kept.entries;
        this.auditFrom = null;     /* the number of the audit's first record that the log began with */
    }

    can(code) {
        return this.me.may.has(code);
    }

    /* Now, by the server's clock. */
    now() {
        return Date.now() / 1000 + this.clockAhead;
    }

    connect(connection, problem = null) {
        this.problem = problem;
        this.connection = connection;
        this.emit("connection", connection);
    }

    /* ---- replies ---- */

    hello(told) {
        const { client, name, role, auth } = told;
        Object.assign(this.me, { client, name, role, auth });
        Object.assign(this.run, told.run);
        this.clockAhead = told.time - Date.now() / 1000;
        this.emit("me");
        this.emit("run");
    }

    describe(told) {
        Object.assign(this.me, { may: new Set(told.may), allow: told.allow, rate: told.rate, expires: told.expires });
        told.series.forEach((series) => this.declareSeries(series));
        told.settings.forEach((setting) => declareSetting(this.settings, setting, this.kept));
        told.actions.forEach((action) => this.actions.set(action.name, action));
        for (const topic of ["me", "series", "settings", "actions"])
            this.emit(topic);
    }

    status(told) {
        this.clockAhead = told.time - Date.now() / 1000;
        Object.assign(this.run, told.run);
        this.trainer = told.trainer;
        this.config = told.trainer?.config ?? null;
        this.history = told.history;
        this.following ??= told.clients;
        for (const [name, { value, revision }] of Object.entries(told.settings))
            takeValue(this.settings, name, { value, revision }, this.kept);
        for (const checkpoint of told.checkpoints)
            this.checkpoint(checkpoint);
        this.setPending(told.pending);
        this.emit("run");
    }

    /* `from`: where the log begins to be told from, not of one ticket alone. */
    audit(told, from = this.auditFrom) {
        this.auditFrom = from;
        readAudit(told.records, this.requests).forEach((outcome) => this.addOutcome(outcome));
        this.kept.explainAll(this.requests);
        this.forgetRequests();
        this.attachPending();
        this.explainSettings();
        this.emit("log");
        this.emit("settings");
    }

    /* A ticket that the audit does not know is not asked for again. */
    explained(ticket, told) {
        this.audit(told);
        if (!this.requests.has(ticket))
            this.requests.set(ticket, { ticket, request: {} });
    }

    clientList(told) {
        this.clients = new Map(told.clients.map((client) => [client.id, client]));
        this.following = told.clients.filter((client) => client.topics.length > 0).length + told.total - told.clients.length;
        this.emit("clients", "list");
    }

    /* A control request of this page that has its ticket; its outcome may be known already. */
    requested(name, code, request, reply) {
        const { ticket } = reply;
        this.requests.set(ticket, { ticket, code, name, actor: this.me.name, reason: request.reason, request, asked: this.now() });
        if (this.kept.outcomeOf(ticket)) {
            this.kept.explainAll(this.requests);
            this.emit("log");
        } else if (reply.outcome === "pending") {
            this.tickets.set(ticket, { ticket, code, name, actor: this.me.name, phase: "accepted", at_step: request.at_step });
            this.attachPending();
            this.emit("tickets");
        }
    }

    /* ---- events ---- */

    event(told) {
        switch (told.event) {
        case "scalars": return this.points(told.points);
        case "run": return this.progress(told);
        case "setting": return this.settingEvent(told);
        case "started": return this.started(told);
        case "outcome": return this.outcome(told);
        case "client": return this.client(told);
        case "output": return this.emit("output", told);
        case "message": return this.addToLog(messageEntry(told));
        case "checkpoint": return this.checkpoint(told);
        case "declared": return this.declared(told);
        default: return undefined;
        }
    }

    points(told) {
        const points = told.map(([id, step, time, value]) => [id, step, time, toNumber(value)]);
        for (const [id, step, time, value] of points) {
            const series = this.series.get(id);
            if (series)
                Object.assign(series, { step, time, last: value });
        }
        this.emit("points", points);
    }

    progress(told) {
        const { state, step, total, rate, eta, frozen, time } = told;
        if (state !== this.run.state)
            this.run.since = time;
        Object.assign(this.run, { state, step, total, rate, eta, frozen });
        this.clockAhead = time - Date.now() / 1000;
        this.emitSoon("run");
    }

    declared(told) {
        if (told.series) {
            this.declareSeries(told.series);
            this.emitSoon("series");
        } else if (told.setting) {
            declareSetting(this.settings, told.setting, this.kept);
            this.emitSoon("settings");
        } else if (told.action) {
            this.actions.set(told.action.name, told.action);
            this.emitSoon("actions");
        }
    }

    declareSeries(told) {
        const known = this.series.get(told.id);
        const series = { ...told, last: "last" in told ? toNumber(told.last) : known?.last };
        this.series.set(told.id, known ? Object.assign(known, series) : series);
    }

    settingEvent(told) {
        settingChanged(this.settings, told, this.kept);
        this.emitSoon("settings", told.name);
    }

    explainSettings(names = this.settings.keys()) {
        for (const name of names)
            takeValue(this.settings, name, {}, this.kept);
    }

    /* ---- tickets ---- */

    setPending(pending) {
        const before = [...this.tickets.keys()].join();
        this.tickets = new Map(pending.filter((one) => !this.kept.outcomeOf(one.ticket)).map((one) => [one.ticket, one]));
        this.attachPending();
        if (before || pending.length)
            this.emit("tickets");
    }

    attachPending() {
        const now = pendingOf(this.tickets, this.requests);
        for (const setting of this.settings.values()) {
            const pending = now.get(setting.name) ?? [];
            if (pending.length || setting.pending.length)
                this.emitSoon("settings", setting.name);
            setting.pending = pending;
        }
    }

    /* Tickets of which it is not known what was asked: neither status nor events tell it, the audit does. */
    unexplained() {
        const pending = [...this.tickets.keys()];
        const ended = this.log.slice(-UNEXPLAINED_ASKED).filter((entry) => entry.ticket && NEEDS_REQUEST.has(entry.name));
        return new Set([...pending, ...ended.map((entry) => entry.ticket)].filter((ticket) => !this.requests.has(ticket)));
    }

    forgetRequests() {
        for (const ticket of this.requests.keys()) {
            if (this.requests.size <= REQUESTS_KEPT)
                return;
            if (!this.tickets.has(ticket))
                this.requests.delete(ticket);
        }
    }

    started(told) {
        const known = this.tickets.get(told.ticket);
        this.tickets.set(told.ticket, { ...known, ticket: told.ticket, code: told.code, name: told.name, actor: told.actor, phase: "started" });
        this.addToLog(startedEntry({ ...told, request: this.requests.get(told.ticket)?.request }));
        this.emit("tickets");
    }

    addOutcome(told) {
        const { ticket } = told;
        const started = this.kept.endStarted(ticket);
        if (this.tickets.delete(ticket))
            this.emitSoon("tickets");
        return this.kept.add(outcomeEntry({ ...started, request: this.requests.get(ticket)?.request, ...told }));
    }

    outcome(told) {
        const { event, cursor, ...members } = told;
        const hadStarted = this.kept.byKey.has(`started ${told.ticket}`);
        const entry = this.addOutcome(members);
        if (!entry)
            return;
        this.attachPending();
        const names = Object.keys(entry.settings ?? {});
        this.explainSettings(names);
        names.forEach((name) => this.emitSoon("settings", name));
        if (hadStarted)
            this.emit("log");
        this.emit("log", entry);
    }

    addToLog(entry) {
        if (this.kept.add(entry))
            this.emit("log", entry);
    }

    checkpoint(told) {
        if (this.checkpoints.some((one) => one.id === told.id && one.time === told.time))
            return;
        const { id, step, time, path, bytes } = told;
        this.checkpoints = [{ id, step, time, path, bytes }, ...this.checkpoints].sort((a, b) => b.time - a.time).slice(0, CHECKPOINTS_KEPT);
        this.addToLog(checkpointEntry(told));
        this.emitSoon("run");
    }

    /* ---- who follows ---- */

    client(told) {
        this.following = told.clients;
        if (told.change === "left")
            this.clients.delete(told.id);
        else if (told.change !== "many")
            this.clients.set(told.id, { ...this.clients.get(told.id), id: told.id, name: told.name, role: told.role,
                transport: told.transport, since: told.since, you: told.id === this.me.client });
        this.emitSoon("clients", told.change === "many" ? "many" : null);
    }
}
