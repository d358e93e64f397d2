/* timeline.js: what happened, newest first: outcomes, messages, checkpoints; and what is pending, on top */
import { h, replace, setText } from "./dom.js";
import { makeLinger } from "./controls_linger.js";
import { makeEntry, makePending } from "./timeline_entry.js";
import { makeOlder } from "./timeline_older.js";
import { matches, nearestEntry } from "./timeline_text.js";
import { undoOf } from "./undo.js";

const SHOWN = 500;
const KINDS = [["", "Everything"], ["set", "Settings"], ["act", "Actions"], ["run", "Pauses, stops, ..."], ["message", "Messages"],
    ["checkpoint", "Checkpoints"]];
const MOVES = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

/* ---- the list ---- */

function wanted(line) {
    const words = line.words.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const { log, settings } = line.app.state;
    const all = [...log].reverse().concat(line.olderEntries);
    const found = all.filter((entry) => matches(entry, line.kind.value, words, settings));
    return { shown: found.slice(0, line.most), rest: found.length - line.most, all: all.length };
}

function makeElement(line, entry) {
    const undo = undoOf(line.app);
    const element = makeEntry(entry, line.app.state.settings,
        { select: (one) => choose(line, one, true), undo: undo.can(entry) ? undo.start : null });
    line.elements.set(entry, element);
    line.requests.set(entry, entry.request);
    if (entry === line.active)
        setStop(line, entry, 0);
    return element;
}

/* What was asked for may be known later than what became of it. */
function elementOf(line, entry) {
    const element = line.elements.get(entry);
    return element && line.requests.get(entry) === entry.request ? element : makeElement(line, entry);
}

/* Moves as few elements as it can: one that has the focus keeps it. */
function arrange(list, elements) {
    let next = list.firstChild;
    const kept = new Set(elements);
    for (const element of elements) {
        while (next && !kept.has(next)) {
            const gone = next;
            next = next.nextSibling;
            gone.remove();
        }
        if (element === next)
            next = next.nextSibling;
        else
            list.insertBefore(element, next);
    }
    while (next) {
        const gone = next;
        next = next.nextSibling;
        gone.remove();
    }
}

function showEntries(line) {
    const { shown, rest, all } = wanted(line);
    arrange(line.list, shown.map((entry) => elementOf(line, entry)));
    line.shown = shown;
    setText(line.none, shown.length > 0 ? "" : all > 0 ? "Nothing matches." : "Nothing has happened yet.");
    line.more.hidden = rest <= 0 && line.older.atEnd();
    if (!line.active || !shown.includes(line.active))
        setActive(line, shown[0] ?? null);
}

function showSoon(line) {
    if (line.due)
        return;
    line.due = true;
    requestAnimationFrame(() => {
        line.due = false;
        showEntries(line);
    });
}

/* ---- one of them is active: the only stop of the Tab key ---- */

function setStop(line, entry, tabIndex) {
    for (const button of line.elements.get(entry)?.querySelectorAll("button") ?? [])
        button.tabIndex = tabIndex;
}

function setActive(line, entry) {
    if (line.active)
        setStop(line, line.active, -1);
    line.active = entry;
    if (entry)
        setStop(line, entry, 0);
}

function highlight(line, entry) {
    line.list.querySelector(".timeline-selected")?.classList.remove("timeline-selected");
    line.elements.get(entry)?.classList.add("timeline-selected");
}

/* `told`: somebody chose it here, and the curves are to show it. */
function choose(line, entry, told) {
    setActive(line, entry);
    highlight(line, entry);
    if (!told)
        return;
    line.telling = true;
    line.app.state.emit("select", { step: entry.step ?? null, time: entry.time });
    line.telling = false;
}

function found(line, place) {
    const entry = line.telling || !place ? null : nearestEntry(line.shown, place);
    if (!entry)
        return;
    choose(line, entry, false);
    const element = line.elements.get(entry);
    const box = line.list;
    box.scrollTop += element.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
}

function moved(line, event) {
    if (!(event.key in MOVES) || line.shown.length === 0)
        return;
    event.preventDefault();
    const now = line.shown.indexOf(line.active);
    const next = Math.max(0, Math.min(line.shown.length - 1, now + MOVES[event.key]));
    setActive(line, line.shown[next]);
    line.elements.get(line.active).querySelector("button").focus();
}

/* ---- older ones ---- */

async function showOlder(line) {
    setText(line.olderError, "");
    line.more.disabled = true;
    try {
        if (wanted(line).rest <= 0)
            line.olderEntries = line.olderEntries.concat(await line.older.more());
        line.most += SHOWN;
    } catch (error) {
        setText(line.olderError, error.message);
    }
    line.more.disabled = false;
    showEntries(line);
}

/* ---- what is pending ---- */

/* A token that names what it allows may withdraw its own requests only. */
function mayCancel(state, ticket) {
    return state.can("cancel") && ticket.phase !== "started" && (!state.me.allow || ticket.actor === state.me.name);
}

function showPending(line) {
    const { state, link } = line.app;
    const cancel = (ticket) => link.ask("cancel", { ticket }).then(() => null, (error) => error.message);
    const shown = line.lingering([...state.tickets.keys()]);
    const items = shown.map((number) => state.tickets.get(number)).map((ticket) =>
        makePending(ticket, state.requests.get(ticket.ticket), mayCancel(state, ticket) ? cancel : null));
    replace(line.pending, items);
    line.pending.hidden = items.length === 0;
    if (line.note)
        setText(line.note, items.length > 0 ? `${items.length} pending` : "");
}

/* ---- making ---- */

function makeFilters(line) {
    line.kind = h("select", { class: "timeline-kind", "aria-label": "Which entries" }, KINDS.map(([value, text]) => h("option", { value }, text)));
    line.words = h("input", { type: "search", class: "timeline-words", placeholder: "Find", "aria-label": "Find in the timeline" });
    line.kind.addEventListener("change", () => showEntries(line));
    line.words.addEventListener("input", () => showSoon(line));
    return h("div", { class: "timeline-filters" }, line.kind, line.words);
}

function listen(line) {
    const { state } = line.app;
    const remake = () => {
        line.elements = new WeakMap();
        line.active = null;
        showSoon(line);
        showPending(line);
    };
    state.on("log", () => showSoon(line));
    state.on("me", remake);
    state.on("resync", remake);
    state.on("tickets", () => showPending(line));
    state.on("select", (place) => found(line, place));
    line.list.addEventListener("keydown", (event) => moved(line, event));
}

export function makeTimeline(app) {
    const line = { app, elements: new WeakMap(), requests: new WeakMap(), shown: [], active: null, most: SHOWN, older: makeOlder(app), olderEntries: [] };
    line.lingering = makeLinger(() => showPending(line));
    line.pending = h("ul", { class: "timeline-pending", role: "list", "aria-label": "Pending requests", hidden: true });
    line.list = h("ol", { class: "timeline-list", role: "list", "aria-label": "What happened, newest first" });
    line.none = h("p", { class: "controls-small" });
    line.olderError = h("p", { class: "controls-error", role: "alert" });
    line.more = h("button", { type: "button", class: "timeline-more", hidden: true, on: { click: () => showOlder(line) } }, "Show older");
    const filters = makeFilters(line);
    listen(line);
    showPending(line);
    showEntries(line);
    const element = h("div", { class: "timeline" }, line.pending, filters, line.list, line.none, line.more, line.olderError);
    element.addEventListener("placed", (event) => {
        line.note = event.detail.note;
        showPending(line);
    });
    return element;
}
