/* format.js: values as short texts for people */

export const known = (x) => x !== null && x !== undefined;

const NOT_FINITE = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/* A number as the wire tells it: what is not finite comes as a text. */
export function toNumber(x) {
    if (typeof x === "string" && x in NOT_FINITE)
        return NOT_FINITE[x];
    return known(x) ? Number(x) : NaN;
}

function notFinite(x) {
    if (Number.isNaN(x))
        return "NaN";
    return x > 0 ? "∞" : "−∞";
}

function tidyExponent(text) {
    const [mantissa, exponent] = text.split("e");
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return exponent === undefined ? short : `${short}e${exponent.replace("+", "")}`;
}

/* Six significant digits. */
export function number(x) {
    if (!known(x))
        return "–";
    const n = toNumber(x);
    if (!Number.isFinite(n))
        return typeof x === "string" && !(x in NOT_FINITE) ? x : notFinite(n);
    if (n === 0)
        return "0";
    const size = Math.abs(n);
    return tidyExponent(size >= 1e6 || size < 1e-4 ? wide(n, size) : n.toPrecision(6));
}

/* Integers are shown whole as long as that is not longer than the exponent. */
function wide(n, size) {
    return Number.isInteger(n) && size < 1e9 ? String(n) : n.toExponential(5);
}

/* The shortest digits that read back as the same double. */
export function exact(x) {
    if (!known(x))
        return "";
    const n = toNumber(x);
    if (Number.isNaN(n))
        return typeof x === "string" && x !== "NaN" ? x : "NaN";
    return String(n).replace("e+", "e");
}

export function count(n) {
    if (!known(n))
        return "–";
    return String(Math.trunc(n)).replace(/\B(?=(\d{3})+$)/g, ",");
}

export const two = (n) => String(n).padStart(2, "0");

/* "0.4 s", "52 s", "3 m 07 s", "2 h 05 m", "3 d 04 h" */
export function duration(seconds) {
    if (!known(seconds) || !Number.isFinite(Number(seconds)))
        return "–";
    if (seconds < 0)
        return `−${duration(-seconds)}`;
    if (seconds < 9.95)
        return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
    const s = Math.round(seconds);
    if (s < 60)
        return `${s} s`;
    if (s < 3600)
        return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
    const m = Math.round(s / 60);
    if (m < 1440)
        return `${Math.floor(m / 60)} h ${two(m % 60)} m`;
    const hours = Math.round(m / 60);
    return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/* Local time; with the date where it is another day than `now`. */
export function time(t, now = Date.now() / 1000) {
    if (!known(t) || !Number.isFinite(Number(t)))
        return "–";
    const date = new Date(t * 1000);
    const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    if (date.toDateString() === new Date(now * 1000).toDateString())
        return clock;
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

export function ago(t, now = Date.now() / 1000) {
    if (!known(t) || !Number.isFinite(Number(t)))
        return "–";
    const seconds = now - t;
    return seconds < 2 ? "just now" : `${duration(Math.max(0, Math.round(seconds)))} ago`;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

export function bytes(n) {
    if (!known(n))
        return "–";
    let unit = 0;
    let size = Number(n);
    while (size >= 999.5 && unit < UNITS.length - 1) {
        size /= 1000;
        unit++;
    }
    return `${unit === 0 || size >= 99.95 ? Math.round(size) : size.toFixed(1).replace(/\.0$/, "")} ${UNITS[unit]}`;
}

/* " at step 5", to go on with; "" where it is not known. */
export const atStep = (step) => (known(step) ? ` at step ${step}` : "");

/* In UTF-8. */
export const textBytes = (text) => new TextEncoder().encode(text).length;

/* Any value of a setting, parameter or result. */
export function value(v) {
    if (!known(v))
        return "–";
    if (typeof v === "number")
        return number(v);
    if (typeof v === "boolean")
        return v ? "on" : "off";
    if (typeof v === "string")
        return v in NOT_FINITE ? number(v) : v;
    return JSON.stringify(v);
}
