/* curve_legend.js: the lines under a panel's title: what each curve is at the cursor, or what there is of it in view. Their number
 * changes with the curves alone, so nothing jumps. */

import { h, replace, setText } from "./dom.js";
import { count, number, time as clock } from "./format.js";
import { sinceText } from "./curve_axis.js";
import { edges, nearest } from "./curve_rows.js";

/* The row at x: of the newest segment that has one there, else the nearest of all. -1: none. */
export function rowAt(level, by, x) {
    const { rows, parts } = level;
    const [first, last] = edges(rows, by);
    let best = -1;
    let least = Infinity;
    for (let i = parts.length - 1; i >= 0; i--) {
        const row = nearest(rows, parts[i], by, x);
        if (row < 0)
            continue;
        const distance = Math.max(first[row] - x, x - last[row], 0);
        if (distance < least) {
            least = distance;
            best = row;
        }
        if (first[parts[i].start] <= x && x <= last[parts[i].end - 1])
            return row;
    }
    return best;
}

function rangeText(lo, hi) {
    return lo === hi ? `only ${number(lo)}` : `${number(lo)} … ${number(hi)}`;
}

function stretch(a, b) {
    return a === b ? a : `${a} – ${b}`;
}

function placeText(view, rows, i) {
    if (view.axis === "step")
        return `step ${stretch(count(rows.step0[i]), count(rows.step1[i]))}`;
    const text = view.axis === "clock" ? (t) => clock(t) : (t) => sinceText(t - view.start, 1);
    return `${stretch(text(rows.time0[i]), text(rows.time1[i]))}, step ${count(rows.step0[i])}`;
}

/* The value of a row, and what else there is to say of it. */
function rowText(rows, i) {
    const points = rows.count[i];
    if (points === 1)
        return { value: number(rows.last[i]), more: "", bad: rows.bad[i] > 0 };
    const range = `${rows.min[i] <= rows.max[i] ? rangeText(rows.min[i], rows.max[i]) + " " : ""}of ${count(points)}`;
    const bad = rows.bad[i] > 0 ? `${count(rows.bad[i])} not finite, ` : "";
    return { value: number(rows.mean[i]), more: bad + range, bad: rows.bad[i] > 0 };
}

/* While nobody points at it. */
function viewText({ level, extent, line }) {
    if (extent.rows === 0)
        return { value: "", more: "nothing in view", bad: false };
    const parts = [extent.lo <= extent.hi ? `${rangeText(extent.lo, extent.hi)} in view` : "no finite value in view"];
    if (extent.bad > 0)
        parts.unshift(`${count(extent.bad)} not finite`);
    if (extent.cut > 0)
        parts.push("some not above 0");
    if (level.lost > 0)
        parts.push(`${count(level.lost)} damaged`);
    if (line.track.segmentsLost > 0)
        parts.push(`${count(line.track.segmentsLost)} older segments not shown`);
    return { value: "", more: parts.join(", "), bad: extent.bad > 0 || level.lost > 0 };
}

function makeRow(line) {
    const row = {
        swatch: h("span", { class: "panel-swatch", "aria-hidden": "true" }), label: h("span", { class: "panel-label" }),
        value: h("span", { class: "panel-value" }), more: h("span", { class: "panel-more" }),
    };
    row.element = h("div", { class: "panel-row" }, row.swatch, row.label, row.value, row.more);
    row.swatch.classList.toggle("panel-swatch-dashed", line.dash.length > 0);
    return row;
}

export class Legend {
    constructor() {
        this.element = h("div", { class: "panel-legend" });
        this.rows = [];
        this.named = "";
    }

    /* A line of its own for each curve; one curve alone needs no name. */
    setLines(lines) {
        const named = lines.map((line) => line.key).join("\n");
        if (named === this.named)
            return;
        this.named = named;
        this.rows = lines.map(makeRow);
        replace(this.element, this.rows.map((row) => row.element));
        this.element.classList.toggle("panel-legend-single", lines.length === 1);
    }

    update(lines, shown, view, x) {
        const seenOf = new Map(shown.map((one) => [one.line, one]));
        lines.forEach((line, i) => {
            const row = this.rows[i];
            row.swatch.style.borderColor = line.color;
            setText(row.label, line.label);
            row.label.title = line.label;
            this.say(row, this.textOf(line, seenOf.get(line), view, x));
        });
    }

    textOf(line, seen, view, x) {
        if (!seen)
            return { value: "", more: line.track.trouble ?? "loading", bad: line.track.trouble !== null && line.track.run === null };
        if (x === null)
            return viewText(seen);
        const i = rowAt(seen.level, view.by, x);
        if (i < 0)
            return viewText(seen);
        const { rows } = seen.level;
        const text = rowText(rows, i);
        return { ...text, more: text.more ? `${text.more}, ${placeText(view, rows, i)}` : placeText(view, rows, i) };
    }

    say(row, { value, more, bad }) {
        setText(row.value, value);
        setText(row.more, more);
        row.more.title = more;
        row.element.classList.toggle("panel-row-bad", bad);
    }
}
