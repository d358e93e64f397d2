/* settings.js: all settings of the run, a row each */
import { h, setText } from "./dom.js";
import { allowedOf, blocked, narrowed } from "./controls_rights.js";
import { makeRow } from "./setting_row.js";
import { undoOf } from "./undo.js";

const FILTER_FROM = 13;

/* What decides how a row is built: when it changes, the row is made anew. */
function shapeOf(setting, writable) {
    const { type, min, max, unit, doc, choices } = setting;
    return JSON.stringify([type, min, max, unit, doc, choices, writable]);
}

function mayWrite(app, setting) {
    return app.state.can("set") && allowedOf(app.state.me?.allow, setting.name) !== null;
}

function takeRow(section, setting) {
    const { app, rows } = section;
    const writable = mayWrite(app, setting);
    const narrow = writable ? narrowed(setting, allowedOf(app.state.me?.allow, setting.name)) : setting;
    const shape = shapeOf(narrow, writable);
    const old = rows.get(setting.name);
    if (old?.shape === shape) {
        old.row.update();
        return;
    }
    const row = makeRow(app, narrow, writable);
    if (old)
        old.row.element.replaceWith(row.element);
    else
        section.list.append(row.element);
    rows.set(setting.name, { row, shape, said: `${setting.name} ${setting.doc ?? ""}`.toLowerCase() });
}

function dropGone(section) {
    for (const [name, { row }] of section.rows)
        if (!section.app.state.settings.has(name)) {
            row.element.remove();
            section.rows.delete(name);
        }
}

function applyFilter(section) {
    const words = section.filter.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    for (const { row, said } of section.rows.values()) {
        row.element.hidden = !words.every((word) => said.includes(word));
        shown += row.element.hidden ? 0 : 1;
    }
    const many = section.rows.size >= FILTER_FROM;
    section.filter.hidden = !many;
    const none = section.rows.size === 0 ? "This run has declared no settings." : shown === 0 ? "No setting has that name." : "";
    setText(section.none, none);
}

function showReason(section) {
    const { state } = section.app;
    const reason = state.can("set") && section.rows.size > 0 ? blocked(state, "set") : null;
    setText(section.reason, reason ? `Nothing can be set: ${reason}.` : "");
}

function showAll(section) {
    for (const setting of section.app.state.settings.values())
        takeRow(section, setting);
    dropGone(section);
    applyFilter(section);
    showReason(section);
}

function showOne(section, name) {
    const setting = name && section.app.state.settings.get(name);
    if (!setting || !section.rows.has(name))
        showAll(section);
    else
        takeRow(section, setting);
}

function tick(section) {
    showReason(section);
    for (const { row } of section.rows.values())
        row.tick();
}

export function makeSettings(app) {
    undoOf(app);
    const filter = h("input", { type: "search", class: "settings-filter", placeholder: "Find a setting",
        "aria-label": "Find a setting", hidden: true });
    const section = { app, rows: new Map(), filter };
    section.reason = h("p", { class: "settings-reason", role: "status" });
    section.none = h("p", { class: "controls-small" });
    section.list = h("ul", { class: "settings-list", role: "list" });
    filter.addEventListener("input", () => applyFilter(section));
    const { state } = app;
    state.on("settings", (name) => showOne(section, name));
    state.on("me", () => showAll(section));
    state.on("resync", () => showAll(section));
    state.on("tickets", () => showAll(section));
    state.on("run", () => tick(section));
    state.on("connection", () => tick(section));
    showAll(section);
    return h("div", { class: "settings" }, section.reason, filter, section.list, section.none);
}
