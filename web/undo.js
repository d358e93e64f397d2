/* undo.js: takes back what was set: app.undo = {can(entry), start(entry), offer(outcome)} */
import { h, toast } from "./dom.js";
import { askControl } from "./controls_ask.js";
import { confirmIn, LEAVE_IT } from "./controls_confirm.js";
import { blocked, allowedOf } from "./controls_rights.js";
import { canUndo, changedSince, changedText, undoAnyway, undoRequest } from "./undo_plan.js";
import { isConflict } from "./setting_send.js";
import { changesText } from "./timeline_text.js";

function mayUndo(app, entry) {
    const { state } = app;
    return state.can("set") && canUndo(entry, state.settings) &&
        Object.keys(entry.settings).every((name) => allowedOf(state.me.allow, name));
}

/* null: somebody has set it since, and it is to stay. */
async function agreed(app, request) {
    const changed = changedSince(request, app.state.settings);
    if (changed.length === 0)
        return request;
    const answer = await confirmIn("Changed since", changedText(changed), [LEAVE_IT, { text: "Set back", value: "yes", main: true }]);
    return answer === "yes" ? agreed(app, undoAnyway(request, app.state.settings)) : null;
}

async function send(app, request) {
    const guarded = await agreed(app, request);
    if (!guarded)
        return null;
    try {
        return await askControl(app, "set", guarded);
    } catch (error) {
        if (!isConflict(error) || changedSince(guarded, app.state.settings).length === 0)
            throw error;
        return send(app, guarded); /* somebody was quicker: asks again */
    }
}

async function start(app, entry) {
    const reason = blocked(app.state, "set");
    if (reason) {
        toast(`Cannot undo: ${reason}.`, "warning");
        return;
    }
    try {
        const outcome = await send(app, undoRequest(entry));
        if (outcome)
            offer(app, outcome);
    } catch (error) {
        toast(`Undo of ticket ${entry.ticket}: ${error.message}`, "error");
    }
}

/* After a change of one's own: a short note with a way back. The newest one only: the timeline has them all. */
function offer(app, outcome) {
    const entry = { ...outcome, kind: "outcome", name: "set" };
    document.querySelectorAll(".undo-button").forEach((old) => old.parentElement.remove());
    const item = toast(`${changesText(outcome.settings, app.state.settings)} at step ${outcome.step}`, "info");
    if (!mayUndo(app, entry))
        return;
    const button = h("button", { type: "button", class: "undo-button", on: { click: () => {
        item.remove();
        start(app, entry);
    } } }, "Undo");
    item.lastElementChild.before(button);
}

export function undoOf(app) {
    app.undo ??= {
        can: (entry) => mayUndo(app, entry),
        start: (entry) => start(app, entry),
        offer: (outcome) => offer(app, outcome),
    };
    return app.undo;
}
