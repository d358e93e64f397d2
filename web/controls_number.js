/* controls_number.js: a number as a person types it, and what a setting or a parameter takes of it */
import { exact, number, textBytes } from "./format.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const isBound = (bound) => typeof bound === "number" && Number.isFinite(bound);

/* "0.001 to 0.1", "1 or more", "at most 9"; "" where there is no bound. */
export function rangeText(spec) {
    if (isBound(spec.min) && isBound(spec.max))
        return `${exact(spec.min)} to ${exact(spec.max)}`;
    if (isBound(spec.min))
        return `${exact(spec.min)} or more`;
    return isBound(spec.max) ? `at most ${exact(spec.max)}` : "";
}

/* "10 ms" where the unit is ms. */
function withoutUnit(text, unit) {
    if (!unit || !text.toLowerCase().endsWith(unit.toLowerCase()))
        return text;
    return text.slice(0, text.length - unit.length).trim();
}

function tidy(text, unit) {
    return withoutUnit(text.trim(), unit).replace(/^[−–]/, "-").replace(/(\d)[_\u00a0\u202f ](?=\d)/g, "$1");
}

function notANumber(text, spec) {
    const kind = spec.type === "int" ? "a whole number" : "a number";
    if (/^[+-]?\d+,\d+/.test(text))
        return `Write ${text.replace(",", ".")}, with a point.`;
    return text === "" ? `Type ${kind}.` : `${text} is not ${kind}.`;
}

/* null, or a sentence that says why `value` cannot be set. */
function refuseNumber(value, spec) {
    if (!Number.isFinite(value))
        return "It takes a finite number.";
    if (spec.type === "int" && !Number.isInteger(value))
        return `It takes a whole number, not ${exact(value)}.`;
    if (spec.type === "int" && !Number.isSafeInteger(value))
        return `A page can send whole numbers up to ${Number.MAX_SAFE_INTEGER} only.`;
    const below = isBound(spec.min) && value < spec.min;
    const above = isBound(spec.max) && value > spec.max;
    return below || above ? `It takes ${rangeText(spec)}, not ${exact(value)}.` : null;
}

/* {value}, or {error: a sentence}. */
export function parseNumber(text, spec) {
    const plain = tidy(text, spec.unit);
    if (!NUMBER.test(plain))
        return { error: notANumber(plain, spec) };
    const value = Number(plain) + 0; /* no minus zero */
    const error = refuseNumber(value, spec);
    return error ? { error } : { value };
}

/* {value: a step, or null where nothing was typed}, or {error}. */
export function parseStep(text) {
    if (text.trim() === "")
        return { value: null };
    const parsed = parseNumber(text, { type: "int" });
    return parsed.error ? { error: `At step: ${parsed.error}` } : parsed;
}

function parseText(text, spec) {
    const size = textBytes(text);
    if (spec.most && size > spec.most)
        return { error: `It takes a text of at most ${spec.most} bytes, not one of ${size}.` };
    return text.includes("\0") ? { error: "It takes a text without a zero byte." } : { value: text };
}

/* What was typed or chosen (a text) as the value of a setting or parameter: {value}, or {error}. */
export function parseValue(text, spec) {
    if (spec.type === "double" || spec.type === "int")
        return parseNumber(text, spec);
    if (spec.type === "bool")
        return { value: text === "true" };
    if (spec.type === "choice" && !spec.choices.includes(text))
        return { error: `There is no choice ${text}.` };
    return parseText(text, spec);
}

/* A value as the text of its field: one that parseValue reads back. */
export function fieldText(value, spec) {
    return spec.type === "double" || spec.type === "int" ? exact(value) : String(value ?? "");
}

/* A value in running text: short, with its unit. */
export function shownValue(value, spec) {
    if (spec?.type === "bool")
        return value ? "on" : "off";
    if (spec?.type === "string" || spec?.type === "choice" || (typeof value === "string" && !spec))
        return value === "" ? "(empty)" : String(value);
    const text = typeof value === "boolean" ? (value ? "on" : "off") : number(value);
    return spec?.unit ? `${text} ${spec.unit}` : text;
}

/* What a stepper makes of a value: times `factor`, at least by one for an int, within the bounds. */
export function steppedValue(value, spec, factor) {
    const up = factor > 1;
    let next = Number((value * (value < 0 ? 2 - factor : factor)).toPrecision(6));
    if (value === 0)
        next = up ? 0.1 : -0.1;
    if (spec.type === "int")
        next = up ? Math.max(Math.round(next), value + 1) : Math.min(Math.round(next), value - 1);
    if (isBound(spec.min))
        next = Math.max(next, spec.min);
    return isBound(spec.max) ? Math.min(next, spec.max) : next;
}
