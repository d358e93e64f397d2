/* controls_rights.js: what a token allows beside its role, and why a control cannot be used now */

const NUMBER = "[+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?";
const RANGE = new RegExp(`^(.+)=(${NUMBER})\\.\\.(${NUMBER})$`, "i");

/* "lr=1e-05..0.001" -> {name, min, max}; "checkpoint" -> {name} */
export function readAllow(text) {
    const found = RANGE.exec(text);
    return found ? { name: found[1], min: Number(found[2]), max: Number(found[3]) } : { name: text };
}

/* null: it may not be set (or run) at all; else what the list says of it. No list: the role is the only limit. */
export function allowedOf(allow, name) {
    if (!allow)
        return { name };
    return allow.map(readAllow).find((one) => one.name === name) ?? null;
}

const higher = (a, b) => (a === undefined ? b : b === undefined ? a : Math.max(a, b));
const lower = (a, b) => (a === undefined ? b : b === undefined ? a : Math.min(a, b));

/* The setting with the narrower of its own range and the token's. */
export function narrowed(setting, allowed) {
    if (!allowed || (allowed.min === undefined && allowed.max === undefined))
        return setting;
    return { ...setting, min: higher(setting.min, allowed.min), max: lower(setting.max, allowed.max) };
}

const WHILE_FROZEN = new Set(["stop", "abort", "freeze", "cancel"]);

/* Why `code` cannot be asked for now, for a person; null: it can. */
export function blocked(state, code) {
    if (state.run?.state === "finished")
        return "the run has ended";
    if (state.connection !== "open")
        return "not connected";
    if (code !== "freeze" && !state.trainer?.attached)
        return "no trainer is attached";
    if (state.run?.frozen && !WHILE_FROZEN.has(code))
        return "the run is frozen: no changes are accepted";
    return null;
}
