/* controls_slider.js: the values that a slider stands for, as a list in order: its position is an index of it.
 * Each is a short number, the ends are the bounds themselves, and no two are the same, so that every key press moves. */

const PLACES = 500; /* about as many as a slider has pixels */
const SPAN = 1e12; /* over more than that one place is no step that anybody wants */
const A_DECADE = 100; /* places in a factor of ten: neighbours differ in three digits */

export function isLogarithmic(spec) {
    return spec.min > 0 && spec.max / spec.min >= 100;
}

function niceStep(least) {
    const power = 10 ** Math.floor(Math.log10(least));
    const times = [1, 2, 5, 10].find((n) => n * power >= least * (1 - 1e-9));
    return times * power;
}

function linearValues({ min, max, type }) {
    const least = (max - min) / PLACES;
    const step = type === "int" ? Math.max(1, Math.round(niceStep(least))) : niceStep(least);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const first = Math.floor(min / step) + 1;
    const values = [min];
    for (let i = 0; i <= PLACES && (first + i) * step < max - step * 1e-6; i++)
        values.push(Number(((first + i) * step).toFixed(Math.min(digits, 100))));
    values.push(max);
    return values;
}

function logValues({ min, max, type }) {
    const decades = Math.log10(max / min);
    const places = Math.min(2000, Math.ceil(decades * A_DECADE));
    const values = [min];
    for (let i = 1; i < places; i++) {
        const value = min * 10 ** (decades * i / places);
        values.push(type === "int" ? Math.round(value) : Number(value.toPrecision(3)));
    }
    values.push(max);
    return values;
}

/* null where no slider makes sense: a bound is missing, there is nothing between them, or far too much. */
export function sliderValues(spec) {
    const { min, max } = spec;
    if (!Number.isFinite(min) || !Number.isFinite(max) || !Number.isFinite(max - min) || !(min < max))
        return null;
    if (!isLogarithmic(spec) && max - min > SPAN)
        return null;
    const values = isLogarithmic(spec) ? logValues(spec) : linearValues(spec);
    const within = values.filter((value) => value >= min && value <= max);
    return within.filter((value, i) => i === 0 || value > within[i - 1]);
}

/* The place that is nearest to `value`, which need not be one of them. */
export function nearestPlace(values, value) {
    let low = 0;
    let high = values.length - 1;
    while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (values[middle] <= value)
            low = middle;
        else
            high = middle;
    }
    return value - values[low] <= values[high] - value ? low : high;
}
