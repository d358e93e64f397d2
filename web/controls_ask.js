/* controls_ask.js: asks for a change and waits for its outcome, however long that takes.
 *
 * A reply that waited for the outcome would hold up later requests of the same code, for a minute where the trainer is
 * paused or slow. So the request does not wait: its ticket is remembered, and the log tells what became of it. */

const NO_WAIT = new Set(["cancel", "freeze"]); /* these know no `wait` */
const desks = new WeakMap();

/* A request that had a ticket and was not applied. */
class Unfulfilled extends Error {
    constructor(outcome) {
        super(outcome.detail || `It was ${outcome.outcome}.`);
        this.error = outcome.error ?? 0;
        this.outcome = outcome.outcome;
        this.reply = outcome;
    }
}

function settle(desk, ticket, outcome) {
    const { resolve, reject } = desk.waiting.get(ticket);
    desk.waiting.delete(ticket);
    if (outcome.outcome === "applied")
        resolve(outcome);
    else
        reject(new Unfulfilled(outcome));
}

/* What became of those that are waited for, as far as the log tells. */
function look(app, desk) {
    for (const ticket of [...desk.waiting.keys()]) {
        const outcome = app.state.kept.outcomeOf(ticket);
        if (outcome)
            settle(desk, ticket, outcome);
    }
}

function deskOf(app) {
    if (!desks.has(app)) {
        const desk = { waiting: new Map(), mine: new Set() };
        desks.set(app, desk);
        app.state.on("log", () => look(app, desk));
    }
    return desks.get(app);
}

/* Was it this page that asked for the ticket? */
export function isMine(app, ticket) {
    return deskOf(app).mine.has(ticket);
}

/* Resolves to the outcome (applied), rejects with a Refusal (not accepted) or Unfulfilled. `accepted(ticket)` is called
 * when it is on its way. */
export async function askControl(app, name, members, accepted) {
    const desk = deskOf(app);
    const reply = await app.link.ask(name, NO_WAIT.has(name) ? members : { ...members, wait: 0 });
    if (reply.ticket)
        desk.mine.add(reply.ticket);
    if (reply.outcome !== "pending")
        return reply;
    accepted?.(reply.ticket);
    const outcome = new Promise((resolve, reject) => desk.waiting.set(reply.ticket, { resolve, reject }));
    look(app, desk);
    return outcome;
}
