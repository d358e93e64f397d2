/* timeline_text.js: what stands in the timeline, as texts */
import { callText } from "./action_params.js";
import { shownValue } from "./controls_number.js";
import { known } from "./format.js";

/* "lr 0.001 → 0.25 (0.4 was asked)" */
function changeText(name, change, spec) {
    const old = shownValue(change.old, spec);
    const asked = shownValue(change.requested, spec);
    const now = shownValue(change.effective ?? change.requested, spec);
    return `${name} ${old} → ${now}${asked === now ? "" : ` (${asked} was asked)`}`;
}

/* `specs`: the run's settings by name. */
export function changesText(settings, specs) {
    return Object.entries(settings ?? {}).map(([name, change]) => changeText(name, change, specs?.get(name))).join(", ");
}

function pausedAt(entry) {
    return entry.pause_step === undefined ? "" : `, to pause at step ${entry.pause_step}`;
}

/* "lr = 0.4, mode = fast": what was asked for of settings. */
function askedText(entry, specs) {
    const told = Object.entries(entry.settings ?? {}).map(([name, change]) => [name, change.requested]);
    const asked = told.length > 0 ? told : Object.entries(entry.request?.settings ?? {});
    return asked.map(([name, value]) => `${name} = ${shownValue(value, specs?.get(name))}`).join(", ");
}

/* What it is about, in one line. */
export function titleText(entry, specs) {
    if (entry.kind === "checkpoint")
        return `checkpoint ${entry.text}`;
    if (entry.kind === "started")
        return `${entry.text} …`;
    if (entry.kind !== "outcome")
        return entry.text;
    const changed = entry.outcome === "applied" ? changesText(entry.settings, specs) : askedText(entry, specs);
    return `${changed || entry.text}${pausedAt(entry)}${entry.changed === false ? " (it was so already)" : ""}`;
}

const NOT_APPLIED = { refused: "refused", expired: "expired", cancelled: "withdrawn", lost: "lost" };

/* Why it was not applied; "" where it was. */
export function outcomeText(entry) {
    if (entry.kind !== "outcome" || entry.outcome === "applied")
        return "";
    const word = NOT_APPLIED[entry.outcome] ?? entry.outcome ?? "not applied";
    const reached = entry.outcome === "lost" && entry.reached !== undefined
        ? entry.reached ? " (the trainer had taken it)" : " (the trainer had not taken it)" : "";
    return `${word}${reached}${entry.detail ? `: ${entry.detail}` : ""}`;
}

/* Which of the kinds that one can choose from. */
export function kindOf(entry) {
    if (entry.kind === "message" || entry.kind === "checkpoint")
        return entry.kind;
    return entry.name === "set" ? "set" : entry.name === "act" ? "act" : "run";
}

export function matches(entry, kind, words, specs) {
    if (kind && kindOf(entry) !== kind)
        return false;
    if (words.length === 0)
        return true;
    const said = [titleText(entry, specs), outcomeText(entry), entry.by, entry.reason, entry.ticket && `ticket ${entry.ticket}`,
        known(entry.step) && `step ${entry.step}`].filter(Boolean).join(" ").toLowerCase();
    return words.every((word) => said.includes(word));
}

/* A pending request in one line. */
export function pendingTitle(ticket, request) {
    const values = Object.entries(request?.request?.settings ?? {}).map(([name, value]) => `${name} = ${shownValue(value)}`);
    const what = values.join(", ") || (request?.request?.action ? callText(request.request) : ticket.name);
    const phase = ticket.phase === "started" ? "runs" : "waits";
    return `${what} ${phase}${known(ticket.at_step) ? ` for step ${ticket.at_step}` : ""}`;
}

/* The entry that is nearest to a step (else to a time): null where there is none. */
export function nearestEntry(entries, { step, time }) {
    let best = null;
    let least = Infinity;
    for (const entry of entries) {
        const bySteps = Number.isFinite(step) && Number.isFinite(entry.step);
        const distance = bySteps ? Math.abs(entry.step - step) : Number.isFinite(time) ? Math.abs(entry.time - time) : Infinity;
        const further = distance === least && best && Math.abs((entry.time ?? 0) - time) < Math.abs((best.time ?? 0) - time);
        if (distance < least || further) {
            least = distance;
            best = entry;
        }
    }
    return best;
}
