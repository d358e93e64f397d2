/* timeline_entry.js: one entry of the timeline, and one request that is pending */
import { h } from "./dom.js";
import { bytes, known, time } from "./format.js";
import { kindOf, outcomeText, pendingTitle, titleText } from "./timeline_text.js";

const MARKS = { set: "set", act: "act", run: "run", message: "said", checkpoint: "saved" };

function fullTime(t) {
    return Number.isFinite(t) ? new Date(t * 1000).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" }) : "";
}

function metaOf(entry) {
    const step = known(entry.step) ? h("span", { class: "timeline-step" }, `step ${entry.step}`) : null;
    const by = entry.by && h("span", { class: "timeline-by", title: entry.by }, entry.by);
    const when = h("time", { class: "timeline-time", title: fullTime(entry.time) }, time(entry.time));
    const size = entry.kind === "checkpoint" && entry.bytes ? h("span", {}, bytes(entry.bytes)) : null;
    return h("span", { class: "timeline-meta" }, step, when, by, size);
}

function levelOf(entry) {
    if (entry.kind === "outcome")
        return entry.outcome === "applied" ? "applied" : entry.outcome === "cancelled" ? "withdrawn" : "failed";
    return entry.level ?? "info";
}

/* `on`: {select(entry), undo(entry) or null} */
export function makeEntry(entry, specs, on) {
    const kind = kindOf(entry);
    const level = levelOf(entry);
    const why = outcomeText(entry);
    const title = h("span", { class: "timeline-title" }, titleText(entry, specs));
    const body = h("button", { type: "button", class: "timeline-body", tabIndex: -1, on: { click: () => on.select(entry) } },
        h("span", { class: "timeline-mark", "aria-hidden": "true" }, MARKS[kind]), title,
        entry.ticket && h("span", { class: "timeline-ticket", title: `ticket ${entry.ticket}` }, `#${entry.ticket}`),
        why && h("span", { class: "timeline-why" }, why),
        entry.reason && h("span", { class: "timeline-reason" }, `“${entry.reason}”`), metaOf(entry));
    if (entry.kind === "message" && level !== "info")
        title.prepend(h("b", {}, `${level}: `));
    const undo = on.undo && h("button", { type: "button", class: "timeline-undo", tabIndex: -1, "aria-label": `Undo ticket ${entry.ticket}`,
        on: { click: () => on.undo(entry) } }, "Undo");
    return h("li", { class: `timeline-entry timeline-${kind} timeline-${level}` }, body, undo);
}

/* `cancel(ticket)` or null: who may not. */
export function makePending(ticket, request, cancel) {
    const error = h("span", { class: "controls-error", role: "alert" });
    const button = cancel && h("button", { type: "button", "aria-label": `Cancel ticket ${ticket.ticket}` }, "Cancel");
    button?.addEventListener("click", async () => {
        button.disabled = true;
        error.textContent = (await cancel(ticket.ticket)) ?? "";
        button.disabled = false;
    });
    const who = h("span", { class: "timeline-meta" }, h("span", { class: "timeline-by" }, ticket.actor ?? ""),
        h("span", { title: `ticket ${ticket.ticket}` }, `#${ticket.ticket}`));
    return h("li", { class: "timeline-pending-entry" },
        h("span", { class: "timeline-pending-text" }, h("span", { class: "timeline-title" }, pendingTitle(ticket, request)), who, error), button);
}
