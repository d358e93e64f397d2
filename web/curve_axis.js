/* curve_axis.js: where ticks stand and what they say: pure functions of a range */

import { time as clockText, two } from "./format.js";

const NICE = [1, 2, 2.5, 5, 10];
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function niceStep(span, ticks) {
    const rough = span / Math.max(1, ticks);
    const size = 10 ** Math.floor(Math.log10(rough));
    return (NICE.find((one) => one * size >= rough * 0.999) ?? 10) * size;
}

function multiples(from, to, step, origin = 0) {
    const at = [];
    const first = Math.ceil((from - origin) / step - 1e-9);
    for (let k = first; k * step + origin <= to + step * 1e-9 && at.length < 200; k++)
        at.push(k * step + origin);
    return at;
}

/* So many digits as tell a tick from the next; `size`: of the greatest, which decides for all how they are written. */
export function tickText(value, step, size = Math.abs(value)) {
    if (Math.abs(value) < step * 1e-6)
        return "0";
    if (size < 1e6 && size >= 1e-4)
        return value.toFixed(decimals(step));
    const digits = Math.ceil(Math.log10(Math.abs(value)) - Math.log10(step) - 1e-9);
    return value.toExponential(Math.min(Math.max(digits, 0), 12)).replace(/\.?0+e/, "e").replace("e+", "e");
}

function decimals(step) {
    for (let digits = 0; digits < 12; digits++)
        if (Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6 * step * 10 ** digits)
            return digits;
    return 12;
}

const WIDTH_LEAST = 58;
const WIDTH_STEP = 12;
const WIDTH_SPARE = 24;

/* Of the y axis, in pixels, where its labels need `need`: it stays as it is while they fit well. */
export function axisWidth(before, need) {
    const fitting = Math.max(WIDTH_LEAST, Math.ceil(need / WIDTH_STEP) * WIDTH_STEP);
    return need <= before && before - fitting <= WIDTH_SPARE ? before : fitting;
}

export function linearTicks(from, to, most) {
    const step = niceStep(to - from, most);
    const size = Math.max(Math.abs(from), Math.abs(to));
    return multiples(from, to, step).map((at) => ({ at, text: tickText(at, step, size) }));
}

/* `from` and `to` are exponents of ten. Less than a decade and a half is told in plain numbers. */
export function logTicks(from, to, most) {
    if (to - from < 1.5) {
        const step = niceStep(10 ** to - 10 ** from, most * 1.5);
        return multiples(10 ** from, 10 ** to, step).filter((one) => one > 0)
            .map((one) => ({ at: Math.log10(one), text: tickText(one, step, 10 ** to) }));
    }
    const step = Math.max(1, Math.ceil((to - from) / most));
    return multiples(from, to, step).map((at) => ({ at, text: powerText(Math.round(at)) }));
}

function powerText(exponent) {
    return exponent >= -3 && exponent <= 5 ? String(Number((10 ** exponent).toPrecision(1))) : `1e${exponent}`;
}

const SUFFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];

function stepText(value, step) {
    const [size, letter] = SUFFIXES.find(([one]) => Math.abs(value) >= one && step >= one / 1000) ?? [1, ""];
    return Math.abs(value) < 10000 ? String(Math.round(value)) : String(Number((value / size).toFixed(3))) + letter;
}

export function stepTicks(from, to, most) {
    const step = Math.max(1, niceStep(to - from, most));
    const whole = step === 2.5 ? 5 : step;
    return multiples(from, to, whole).map((at) => ({ at, text: stepText(at, whole) }));
}

function secondsStep(span, most) {
    const rough = span / Math.max(1, most);
    if (rough < 1)
        return niceStep(span, most);
    return SECONDS.find((one) => one >= rough) ?? Math.ceil(rough / 86400) * 86400;
}

/* 90 -> "1:30", 3600 -> "1h", 5400 -> "1h30", 0.5 -> "0.5s" */
export function sinceText(seconds, step) {
    const sign = seconds < 0 ? "−" : "";
    const s = Math.abs(seconds);
    if (step < 1)
        return `${sign}${s.toFixed(decimals(step))}s`;
    const whole = Math.round(s);
    if (whole >= 86400 && step >= 3600) {
        const hours = Math.round((whole % 86400) / 3600);
        return `${sign}${Math.floor(whole / 86400)}d${hours ? two(hours) + "h" : ""}`;
    }
    if (whole >= 3600 && step >= 60) {
        const minutes = Math.round((whole % 3600) / 60);
        return `${sign}${Math.floor(whole / 3600)}h${minutes ? two(minutes) : ""}`;
    }
    if (whole >= 3600)
        return `${sign}${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
    return whole < 60 ? `${sign}${whole}s` : `${sign}${Math.floor(whole / 60)}:${two(whole % 60)}`;
}

export function sinceTicks(from, to, start, most) {
    const step = secondsStep(to - from, most);
    return multiples(from, to, step, start).map((at) => ({ at, text: sinceText(at - start, step) }));
}

/* On whole local minutes, hours, days; where a day begins, its date. */
export function clockTicks(from, to, most) {
    const step = secondsStep(to - from, most);
    const zone = -new Date(from * 1000).getTimezoneOffset() * 60;
    return multiples(from, to, step, -zone).map((at) => ({ at, text: clockTick(at, step) }));
}

function clockTick(at, step) {
    const date = new Date(Math.round(at * 1000));
    if (step < 1)
        return `${clockText(at, at)}.${String(Math.floor(((at % 1) + 1) % 1 * 1000)).padStart(3, "0")}`;
    if (step >= 60 && date.getHours() === 0 && date.getMinutes() === 0)
        return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
    return step >= 60 ? clockText(at, at).slice(0, 5) : clockText(at, at);
}

/* `axis` as the view has it; {at, text} of each tick. */
export function xTicks(axis, range, start, most) {
    if (axis === "step")
        return stepTicks(range.from, range.to, most);
    return axis === "time" ? sinceTicks(range.from, range.to, start, most) : clockTicks(range.from, range.to, most);
}
