/* undo_plan.js: what takes back a set that was applied */
import { shownValue } from "./controls_number.js";
import { atStep } from "./format.js";

/* A value that is not finite is a text here, and no request can set it. */
function settable(value, spec) {
    return spec && !(spec.type === "double" && typeof value === "string");
}

/* The settings of the entry that really changed. */
function changes(entry) {
    return Object.entries(entry.settings ?? {}).filter(([, one]) => one.old !== one.effective);
}

/* Can this entry of the timeline be taken back? `settings`: the run's, by name. */
export function canUndo(entry, settings) {
    if (entry.kind !== "outcome" || entry.name !== "set" || entry.outcome !== "applied")
        return false;
    const changed = changes(entry);
    return changed.length > 0 && changed.every(([name, one]) => settable(one.old, settings.get(name)));
}

/* The request that puts the old values back, if nobody has set them since. */
export function undoRequest(entry) {
    const changed = changes(entry);
    return {
        settings: Object.fromEntries(changed.map(([name, one]) => [name, one.old])),
        revisions: Object.fromEntries(changed.map(([name, one]) => [name, one.revision])),
        reason: `undo of ticket ${entry.ticket}`,
    };
}

/* Of those that a request expects at another revision: [{name, setting, back}] */
export function changedSince(request, settings) {
    return Object.entries(request.revisions)
        .filter(([name, revision]) => settings.has(name) && settings.get(name).revision !== revision)
        .map(([name]) => ({ name, setting: settings.get(name), back: request.settings[name] }));
}

/* The same request, expecting what is in effect now. */
export function undoAnyway(request, settings) {
    const revisions = Object.keys(request.settings).map((name) => [name, settings.get(name)?.revision ?? 0]);
    return { ...request, revisions: Object.fromEntries(revisions) };
}

function whoAndWhen(setting) {
    return `${setting.changedBy ? ` by ${setting.changedBy}` : ""}${atStep(setting.step)}`;
}

/* "lr was set to 0.0005 by bob at step 500 since. Set it back to 0.001 all the same?" */
export function changedText(changed) {
    const said = changed.map(({ name, setting }) =>
        `${name} was set to ${shownValue(setting.value, setting)}${whoAndWhen(setting)} since.`);
    const back = changed.map(({ name, setting, back }) => `${name} back to ${shownValue(back, setting)}`);
    return `${said.join(" ")} Set ${back.join(", ")} all the same?`;
}
