/* setting_facts.js: what is told of a setting beside its value, as texts */
import { atStep, known, time } from "./format.js";
import { shownValue } from "./controls_number.js";

const MOVES_STEPS = 100;

function whoText(setting) {
    if (setting.by === "trainer")
        return "the trainer";
    return setting.changedBy ?? (typeof setting.by === "number" ? `ticket ${setting.by}` : "");
}

/* "rev 3, anna, step 412"; "" where nobody has changed it. */
export function factsText(setting) {
    const who = whoText(setting);
    if (setting.revision === 0 && !who)
        return "";
    const step = who && known(setting.step) ? `step ${setting.step}` : "";
    return [`rev ${setting.revision}`, who, step].filter(Boolean).join(" · ");
}

export function factsTitle(setting, now) {
    const who = whoText(setting);
    if (setting.revision === 0 && !who)
        return "";
    const when = who && known(setting.time) ? `, ${time(setting.time, now)}` : "";
    const ticket = typeof setting.by === "number" ? `, ticket ${setting.by}` : "";
    const last = who ? `\nlast changed by ${who}${atStep(setting.step)}${when}${ticket}` : "";
    return `revision ${setting.revision}: how many requests were applied to it${last}`;
}

/* "0.0003 requested by bob for step 500: waits for the control point" */
export function pendingText(pending, ticket, setting, me) {
    const who = pending.actor && pending.actor !== me ? ` by ${pending.actor}` : "";
    const what = pending.requested === undefined ? "a change" : shownValue(pending.requested, setting);
    const step = ticket?.at_step ?? pending.at_step;
    const until = known(step) ? ` for step ${step}: waits` : ": waits for the control point";
    return `${what} requested${who}${until}`;
}

/* The trainer's code undid the last request, at once or later (`ticket`: of that request). */
export function overriddenText(setting, ticket) {
    const { undone } = setting;
    if (undone)
        return `The trainer's own code changed it back${atStep(undone.step)}: ticket ${undone.ticket} was overridden.`;
    return setting.by === "trainer" && ticket ? `The trainer's own code has changed it since ticket ${ticket} set it.` : "";
}

/* Of `memory`: {moves: the last two steps at which the trainer's own code changed it}. */
export function rememberChange(memory, setting) {
    if (setting.by === "trainer" && known(setting.step) && memory.moves.at(-1) !== setting.step)
        memory.moves = [...memory.moves.slice(-1), setting.step];
}

/* Did the training's own code change it more than once in the last steps? */
export function movesByItself(memory, setting, step) {
    return setting.by === "trainer" && memory.moves.length > 1 && (step ?? 0) - memory.moves.at(-1) <= MOVES_STEPS;
}
