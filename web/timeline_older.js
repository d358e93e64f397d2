/* timeline_older.js: what happened before the log of this page begins, from the audit, a page at a time, backwards */
import { outcomeEntry, readAudit } from "./state_log.js";

const PAGE = 200;

function oldestTicket(log) {
    return log.find((entry) => entry.kind === "outcome" && entry.ticket)?.ticket;
}

/* The sequence before which nothing is known yet. */
async function firstKnown(app) {
    const ticket = oldestTicket(app.state.log);
    if (ticket !== undefined) {
        const { records } = await app.link.ask("audit", { ticket });
        if (records.length > 0)
            return records[0].sequence;
    }
    const { head } = await app.link.ask("audit", { limit: 1 });
    return (head?.sequence ?? 0) + 1;
}

/* An outcome whose request stands on an earlier page: it is asked for by its ticket. */
async function completed(app, outcome, requests) {
    if (outcome.name)
        return outcome;
    const { records } = await app.link.ask("audit", { ticket: outcome.ticket });
    return readAudit(records, requests).at(-1) ?? outcome;
}

export function makeOlder(app) {
    let before = null; /* the sequence from which on everything is known */
    const known = new Set();

    const page = async () => {
        before ??= await firstKnown(app);
        const from = Math.max(1, before - PAGE);
        if (from >= before)
            return [];
        const { records } = await app.link.ask("audit", { from, limit: before - from });
        const requests = new Map();
        const entries = [];
        for (const outcome of readAudit(records, requests))
            if (!app.state.kept.outcomeOf(outcome.ticket) && !known.has(outcome.ticket)) {
                known.add(outcome.ticket);
                entries.push(outcomeEntry(await completed(app, outcome, requests)));
            }
        before = from;
        return entries.reverse();
    };

    return {
        /* Resolves to entries, the newest first. A page without an outcome is passed over. */
        more: async () => {
            let entries = [];
            while (entries.length === 0 && before !== 1)
                entries = await page();
            return entries;
        },
        /* Also while it is not known yet how far back the log goes. */
        atEnd: () => before === 1 || app.state.auditFrom === null || (app.state.auditFrom === 1 && !app.state.kept.forgets),
    };
}
