/* setting_row.js: one setting: what is in effect, what is asked for, and where to change it */
import { h, replace, setText } from "./dom.js";
import { makeLinger } from "./controls_linger.js";
import { fieldText, rangeText, shownValue } from "./controls_number.js";
import { makeWhen } from "./controls_when.js";
import { commit, edited, left, lockReason, pressed, revert, showError } from "./setting_edit.js";
import { factsText, factsTitle, movesByItself, overriddenText, pendingText, rememberChange } from "./setting_facts.js";
import { makeInput } from "./setting_inputs.js";

let rows = 0;

/* ---- what is shown ---- */

/* What is selected in a field, or under the cursor, stays: somebody may be about to type. */
function hasFocus(row) {
    return row.input.commits && document.activeElement === row.input.main;
}

function showEffective(row) {
    const { setting } = row;
    setText(row.effective, shownValue(setting.value, setting));
    row.effective.title = `In effect: ${fieldText(setting.value, setting)}${setting.unit ? ` ${setting.unit}` : ""}`;
    if (row.input && !row.edit && !row.sent && !hasFocus(row))
        row.input.show(fieldText(setting.value, setting));
}

function cancelButton(row, ticket) {
    const cancel = () => row.app.link.ask("cancel", { ticket }).catch((error) => showError(row, error.message));
    return h("button", { type: "button", class: "controls-link", "aria-label": `Cancel ticket ${ticket}`, on: { click: cancel } }, "Cancel");
}

function showPending(row) {
    const { state } = row.app;
    const all = row.setting.pending ?? [];
    const shown = row.lingering(all.map((one) => one.ticket));
    const waiting = all.filter((one) => shown.includes(one.ticket));
    const lines = waiting.map((one) => pendingText(one, state.tickets.get(one.ticket), row.setting, state.me?.name));
    const key = lines.map((line, i) => `${waiting[i].ticket} ${line}`).join("\n");
    if (key === row.pendingShown)
        return;
    row.pendingShown = key;
    const mayCancel = row.input && state.can("cancel");
    replace(row.pending, lines.map((line, i) => h("li", {}, `${line} `, mayCancel && cancelButton(row, waiting[i].ticket))));
}

/* Whose value this revision was. The log is looked through once a revision. */
function lastTicket(row) {
    const { name, revision, by } = row.setting;
    if (by !== "trainer" || revision === 0)
        return null;
    if (row.memory.revision !== revision)
        Object.assign(row.memory, { revision, ticket: row.app.state.kept.outcomeOfSetting(name, revision)?.ticket ?? null });
    return row.memory.ticket;
}

function showMarks(row) {
    const { setting, memory } = row;
    const moves = movesByItself(memory, setting, row.app.state.run?.step);
    setText(row.facts, factsText(setting));
    row.facts.title = factsTitle(setting);
    setText(row.moves, moves ? "moves by the training's own schedule" : "");
    setText(row.warning, overriddenText(setting, lastTicket(row)));
}

function showEdit(row) {
    const editing = Boolean(row.edit);
    const stale = editing && row.setting.value !== row.edit.before && !row.error.textContent;
    row.element.classList.toggle("settings-edited", editing);
    row.set.disabled = row.revert.disabled = !editing;
    setText(row.note, stale ? `It changed meanwhile to ${shownValue(row.setting.value, row.setting)}.` : "");
}

/* An input that is being edited is not taken away from who types in it: sending says why it cannot be. */
function showLock(row) {
    const reason = lockReason(row);
    if (reason === row.locked || (row.edit && reason))
        return;
    row.locked = reason;
    row.input.lock(reason);
    row.toggle.disabled = reason !== null;
    row.element.classList.toggle("settings-locked", reason !== null);
}

function showRow(row) {
    showEffective(row);
    showPending(row);
    showMarks(row);
    if (!row.input)
        return;
    showEdit(row);
    showLock(row);
}

/* ---- making ---- */

function makeMore(row, id) {
    row.when = makeWhen(id);
    row.more = h("div", { class: "settings-more", id: `${id}-more`, hidden: true },
        h("label", { htmlFor: `${id}-step` }, "At step"), row.when.atStep,
        h("label", { htmlFor: `${id}-reason` }, "Reason"), row.when.reason);
    row.toggle = h("button", {
        type: "button", class: "settings-toggle", "aria-expanded": "false", "aria-controls": `${id}-more`,
        title: "At which step, and why", "aria-label": `${row.setting.name}: at which step, and why`,
    }, "…");
    row.openMore = (open) => {
        row.more.hidden = !open;
        row.toggle.setAttribute("aria-expanded", String(open));
    };
    row.toggle.addEventListener("click", () => row.openMore(row.more.hidden));
}

function makeControls(row, id) {
    const { name, type } = row.setting;
    row.input = makeInput(row.spec, `${id}-input`, { edit: () => edited(row), commit: () => commit(row) }, () => row.setting.value);
    row.input.main.setAttribute("aria-describedby", `${id}-doc ${id}-error`);
    row.set = h("button", { type: "button", class: "settings-set primary", disabled: true, "aria-label": `Set ${name}`,
        on: { click: () => commit(row) } }, "Set");
    row.revert = h("button", { type: "button", class: "settings-revert", disabled: true, title: "Leave it as it is (Escape)",
        "aria-label": `Leave ${name} as it is`, on: { click: () => revert(row) } }, "×");
    makeMore(row, id);
    row.element.addEventListener("focusout", (event) => left(row, event));
    row.element.addEventListener("keydown", (event) => pressed(row, event));
    const buttons = row.input.commits ? [row.set, row.revert] : [];
    return [h("div", { class: `settings-inputs settings-inputs-${type}` }, row.input.element, buttons, row.toggle), row.more];
}

function makeElement(row, id, writable) {
    const { name, doc } = row.setting;
    row.effective = h("span", { class: "settings-effective" });
    row.facts = h("span", { class: "settings-facts" });
    row.moves = h("p", { class: "settings-moves" });
    row.warning = h("p", { class: "settings-warning" });
    row.note = h("p", { class: "settings-note", role: "status" });
    row.error = h("p", { class: "controls-error", role: "alert", id: `${id}-error` });
    row.pending = h("ul", { class: "settings-pending", role: "list" });
    const label = h(writable ? "label" : "span", { class: "settings-name", title: name }, name);
    if (writable)
        label.htmlFor = `${id}-input`;
    const said = [doc, rangeText(row.spec)].filter(Boolean).join(" · ");
    row.element = h("li", { class: "settings-row" }, h("div", { class: "settings-head" }, label, row.facts, row.effective));
    row.element.append(...(writable ? makeControls(row, id) : []));
    row.element.append(h("p", { class: "settings-doc", id: `${id}-doc`, title: said }, said),
        row.moves, row.pending, row.warning, row.note, row.error);
}

/* `spec`: how it is declared, narrowed to what the token allows. */
export function makeRow(app, spec, writable) {
    const row = { app, spec, edit: null, sent: null, last: null, refused: null, memory: { moves: [] } };
    row.setting = app.state.settings.get(spec.name);
    row.show = () => showRow(row);
    row.lingering = makeLinger(() => showPending(row));
    makeElement(row, `setting-${++rows}`, writable);
    rememberChange(row.memory, row.setting);
    showRow(row);
    return {
        element: row.element,
        update: () => {
            row.setting = app.state.settings.get(spec.name) ?? row.setting;
            rememberChange(row.memory, row.setting);
            showRow(row);
        },
        tick: () => {
            showMarks(row);
            if (row.input)
                showLock(row);
        },
    };
}
