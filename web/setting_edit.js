/* setting_edit.js: changing one setting: from the first key press to the outcome.
 *
 * Of a row: `edit` {baseline, before} while somebody changes its input, `sent` while its value is on the way (the input
 * then shows that), `refused` the text that was last refused. Where both are null the input shows what is in effect. */
import { h, replace } from "./dom.js";
import { fieldText, parseValue } from "./controls_number.js";
import { blocked } from "./controls_rights.js";
import { readWhen } from "./controls_when.js";
import { conflictText, isConflict, makeSent, overtaken, sendSetting } from "./setting_send.js";
import { undoOf } from "./undo.js";

const STRING_BYTES = 1024;

const effectiveText = (row) => fieldText(row.setting.value, row.setting);

export function showError(row, text) {
    replace(row.error, text || null);
    row.input.main.setAttribute("aria-invalid", String(Boolean(text)));
}

/* Why it cannot be set now, or null. */
export function lockReason(row) {
    return blocked(row.app.state, "set") ?? (row.setting.attached === false ? "this trainer has not declared it" : null);
}

function startEdit(row) {
    row.edit ??= { baseline: row.setting.revision, before: row.setting.value };
    row.sent = null;
}

export function edited(row) {
    showError(row, null);
    row.refused = null;
    startEdit(row);
    if (row.input.text() === effectiveText(row))
        row.edit = null;
    row.show();
}

/* The input shows what is in effect again, also where it has the focus. */
function settle(row) {
    row.sent = null;
    if (!row.edit)
        row.input.show(effectiveText(row));
    row.show();
}

export function revert(row) {
    showError(row, null);
    row.edit = row.refused = null;
    settle(row);
}

/* {value, atStep, reason}, or {error} */
function readRow(row) {
    const spec = row.spec.type === "string" ? { ...row.spec, most: STRING_BYTES } : row.spec;
    const typed = parseValue(row.input.text(), spec);
    const when = readWhen(row.when);
    const locked = lockReason(row);
    if (typed.error || when.error || locked)
        return { error: typed.error ?? when.error ?? `It cannot be set now: ${locked}.` };
    return { value: typed.value, ...when };
}

/* Somebody else was quicker: says who set what, and asks again. */
function askAnyway(row, value) {
    const { said, again } = conflictText(row.setting, value);
    const anyway = () => {
        row.edit = { baseline: row.setting.revision, before: row.setting.value };
        commit(row);
    };
    showError(row, said);
    row.show();
    row.error.append(h("span", { class: "settings-answers" },
        h("button", { type: "button", on: { click: anyway } }, again),
        h("button", { type: "button", on: { click: () => revert(row) } }, "Leave it")));
}

/* The text comes back into the input, to be mended or sent again, unless something newer is there. */
function failed(row, sent, error) {
    const newest = row.sent === sent;
    if (error.outcome === "cancelled" && !newest)
        return;
    if (newest && row.input.commits && error.outcome !== "cancelled") {
        row.input.show(sent.text);
        startEdit(row);
        row.refused = sent.text;
    }
    if (newest)
        settle(row);
    if (isConflict(error) && newest && row.input.commits)
        askAnyway(row, sent.value);
    else if (isConflict(error) && newest)
        showError(row, conflictText(row.setting, sent.value).said);
    else
        showError(row, newest ? error.message : `Ticket ${sent.ticket ?? ""}: ${error.message}`);
}

function accepted(row, sent) {
    row.when.atStep.value = row.when.reason.value = "";
    row.openMore(false);
    if (sent.atStep !== null && row.sent === sent)
        settle(row); /* it waits for its step: until then the input shows what is in effect */
}

async function send(row, sent, baseline) {
    const earlier = row.last;
    row.last = row.sent = sent;
    row.edit = row.refused = null;
    row.show();
    try {
        const outcome = await sendSetting(row.app, () => row.setting, sent,
            { earlier, baseline, accepted: () => accepted(row, sent) });
        undoOf(row.app).offer(outcome);
        if (row.sent === sent)
            settle(row);
    } catch (error) {
        failed(row, sent, error);
    }
}

export function commit(row) {
    const text = row.input.text();
    const read = readRow(row);
    showError(row, read.error);
    if (read.error)
        return;
    const same = !row.edit || text === effectiveText(row);
    if (same && read.atStep === null && !row.sent) {
        revert(row);
        return;
    }
    const baseline = row.edit?.baseline ?? row.setting.revision;
    if (overtaken(row.app, baseline, row.setting))
        askAnyway(row, read.value);
    else
        send(row, makeSent(text, read), baseline);
}

/* Leaving the row sends what was typed, unless more of it is being filled in, or it was refused as it stands. */
export function left(row, event) {
    const stays = row.element.contains(event.relatedTarget) || !document.hasFocus();
    if (!stays && row.edit && row.input.commits && row.more.hidden && row.refused !== row.input.text() && !row.error.firstChild)
        commit(row);
    else if (!stays)
        setTimeout(row.show); /* once the focus has really gone */
}

export function pressed(row, event) {
    const lines = event.target.tagName === "TEXTAREA";
    if (event.key === "Escape" && (row.edit || row.error.firstChild)) {
        event.stopPropagation();
        revert(row);
    } else if (event.key === "Enter" && event.target.tagName !== "BUTTON" && (!lines || event.ctrlKey)) {
        event.preventDefault();
        commit(row);
    }
}
