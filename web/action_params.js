/* action_params.js: how a parameter of an action is asked for */

const PICTURE = /(^|[^a-z])(picture|image|drawing|pixels)s?([^a-z]|$)/i;
const ELSEWHERE = /(^|[^a-z])(path|file|folder|dir|directory|name|id|url)([^a-z]|$)/i;
const LONG = /(^|[^a-z])(prompt|text|message|question|story|passage|sentence|code|json|query)s?([^a-z]|$)/i;

/* A picture that is told as a text; not one that lies in a file. */
export function isPicture(param) {
    if (param.type !== "string" || ELSEWHERE.test(param.name))
        return false;
    const told = `${param.doc ?? ""} ${param.unit ?? ""}`;
    return PICTURE.test(param.name.replace(/[_\d]/g, " ")) || (PICTURE.test(told) && !ELSEWHERE.test(told));
}

export function isLongText(param) {
    const text = String(param.default ?? "");
    return param.type === "string" && (LONG.test(param.name.replace(/[_\d]/g, " ")) || text.length > 40 || text.includes("\n"));
}

/* Which checkpoints to offer: the conventional `restore` names one by its id, or by its step. */
export function offersCheckpoints(action, param) {
    return action.name === "restore" && (param.name === "id" || param.name === "step" || param.name === "checkpoint");
}

/* {params}, or {error, name}. `read`: name -> {value} or {error}; what is as declared is left out. */
export function collectParams(params, read) {
    const collected = {};
    for (const param of params) {
        const got = read(param.name);
        if (got.error)
            return { error: `${param.name}: ${got.error}`, name: param.name };
        if (got.value !== param.default)
            collected[param.name] = got.value;
    }
    return { params: collected };
}

/* The value of a parameter where there is little room. */
export function shortParam(value) {
    const text = String(typeof value === "boolean" ? (value ? "on" : "off") : value).replace(/\s+/g, " ");
    const numbers = /^\d+(,\d+){15,}$/.test(text);
    if (numbers)
        return `(${text.split(",").length} numbers)`;
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export function paramsText(request) {
    return Object.entries(request?.params ?? {}).map(([name, value]) => `${name} = ${shortParam(value)}`).join(", ");
}

/* "slow(seconds = 1, greedy = on)" */
export function callText(request) {
    const params = paramsText(request);
    return params ? `${request.action}(${params})` : request?.action ?? "an action";
}

const isPlain = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isScalar = (value) => typeof value !== "object" || value === null;

/* "nothing", "text" (one text that is to be read), "table" (names and plain values), else "tree". */
export function resultKind(result) {
    if (result === undefined || result === null || (isPlain(result) && Object.keys(result).length === 0))
        return "nothing";
    if (typeof result === "string")
        return "text";
    if (!isPlain(result))
        return isScalar(result) ? "table" : "tree";
    const values = Object.values(result);
    if (values.length === 1 && typeof values[0] === "string" && (values[0].length > 40 || "text" in result))
        return "text";
    return values.every((value) => isScalar(value) && !(typeof value === "string" && value.includes("\n"))) ? "table" : "tree";
}

/* Rows of plain values, all of the same length: a confusion matrix, say. */
export function isMatrix(value) {
    return Array.isArray(value) && value.length > 0 && value.every((row) =>
        Array.isArray(row) && row.length === value[0].length && row.length > 0 && row.length <= 32 && row.every(isScalar));
}

/* The text that resultKind has called one. */
export function resultText(result) {
    return typeof result === "string" ? result : Object.values(result)[0];
}

/* What the copy button copies. */
export function copiedText(result) {
    return resultKind(result) === "text" ? resultText(result) : JSON.stringify(result ?? {}, null, 2);
}
