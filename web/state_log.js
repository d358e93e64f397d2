/* state_log.js: what happened in the run, in order of time, each thing once: from audit, status and events alike */

import { callText } from "./action_params.js";
import { value } from "./format.js";

const KEPT = 5000;

function settingsText(entry) {
    const told = Object.entries(entry.settings ?? {});
    if (told.length)
        return told.map(([name, s]) => `${name} ${value(s.old)} → ${value(s.effective ?? s.requested)}`).join(", ");
    return Object.entries(entry.request?.settings ?? {}).map(([name, v]) => `${name} = ${value(v)}`).join(", ");
}

/* What was asked for, in a few words. */
function requestText(entry) {
    switch (entry.name) {
    case "set":
        return settingsText(entry) || "set";
    case "act":
        return callText(entry.request);
    case "advance":
        return entry.request?.steps ? `advance ${entry.request.steps} ${entry.request.steps === 1 ? "step" : "steps"}` : "advance";
    case "freeze":
        return entry.request?.on === false ? "end the freeze" : "freeze";
    default:
        return entry.name ?? "request";
    }
}

/* An outcome event, or the two audit records of a ticket laid over each other. */
export function outcomeEntry(told) {
    const entry = { ...told, kind: "outcome", by: told.actor, level: told.outcome === "applied" ? "info" : "warning" };
    entry.text = requestText(entry);
    return entry;
}

export function startedEntry(told) {
    const entry = { ...told, kind: "started", by: told.actor, level: "info" };
    entry.text = requestText(entry);
    return entry;
}

export function messageEntry(told) {
    return { kind: "message", time: told.time, step: told.step, by: told.by, text: told.text, level: told.level, id: told.id };
}

export function checkpointEntry(told) {
    return { kind: "checkpoint", time: told.time, step: told.step, by: "trainer", text: told.id, level: "info", id: told.id,
        path: told.path, bytes: told.bytes };
}

/* What two tellings of the same thing have in common. A trainer's message has no id. */
function keyOf(entry) {
    if (entry.kind === "outcome" || entry.kind === "started")
        return `${entry.kind} ${entry.ticket}`;
    if (entry.kind === "checkpoint")
        return `checkpoint ${entry.time} ${entry.id}`;
    return entry.id === undefined ? `message ${entry.time} ${entry.step} ${entry.by} ${entry.text}` : `message ${entry.id}`;
}

export class Log {
    constructor() {
        this.entries = []; /* the same array for ever: others hold it */
        this.byKey = new Map();
        this.forgets = false; /* are there more than are kept? */
    }

    outcomeOf(ticket) {
        return this.byKey.get(`outcome ${ticket}`);
    }

    /* The entry if it is new, else null. */
    add(entry) {
        const key = keyOf(entry);
        if (this.byKey.has(key) || (entry.kind === "started" && this.outcomeOf(entry.ticket)))
            return null;
        this.byKey.set(key, entry);
        this.insert(entry);
        return entry;
    }

    insert(entry) {
        let at = this.entries.length;
        while (at > 0 && this.entries[at - 1].time > entry.time)
            at--;
        this.entries.splice(at, 0, entry);
        if (this.entries.length <= KEPT)
            return;
        this.byKey.delete(keyOf(this.entries.shift()));
        this.forgets = true;
    }

    /* An action that has ended is told by its outcome alone. Was there a line that it began? */
    endStarted(ticket) {
        const started = this.byKey.get(`started ${ticket}`);
        if (!started)
            return null;
        this.byKey.delete(`started ${ticket}`);
        this.entries.splice(this.entries.indexOf(started), 1);
        return started;
    }

    /* Of the requests of others it is known late what was asked. */
    explainAll(requests) {
        for (const entry of this.entries)
            if (entry.ticket && !entry.request && requests.has(entry.ticket)) {
                entry.request = requests.get(entry.ticket).request;
                entry.text = requestText(entry);
            }
    }

    /* The outcome that gave this setting this revision, if it is still remembered. */
    outcomeOfSetting(name, revision) {
        for (let i = this.entries.length - 1; i >= 0; i--) {
            const entry = this.entries[i];
            if (entry.outcome === "applied" && entry.settings?.[name]?.revision === revision)
                return entry;
        }
        return null;
    }
}

/* Audit records, oldest first, to what State knows: requests by ticket, and one outcome a ticket. */
export function readAudit(records, requests) {
    const outcomes = [];
    for (const record of records) {
        if (record.record === "accepted")
            requests.set(record.ticket, { ticket: record.ticket, code: record.code, name: record.name, actor: record.actor,
                reason: record.reason, request: record.request, asked: record.time });
        else if (record.record === "outcome")
            outcomes.push({ ...requests.get(record.ticket), ...record.values, ticket: record.ticket, outcome: record.outcome,
                error: record.error, detail: record.detail, step: record.step, time: record.time });
    }
    return outcomes;
}
