/* curve_toolbar.js: what holds for all panels: filter, x axis, smoothing, logarithm, overlay, follow */

import { h, setText } from "./dom.js";
import { count, time as clock } from "./format.js";
import { sinceText } from "./curve_axis.js";

const AXES = [["step", "step"], ["time", "time"], ["clock", "clock"]];

function makeAxis(view, convert) {
    const select = h("select", { id: "curves-axis", title: "What the x axis tells: steps, time since the start, or the time of day",
        on: { change: () => view.setAxis(select.value, convert) } }, AXES.map(([value, text]) => h("option", { value }, text)));
    select.value = view.axis;
    return h("label", { class: "curves-field" }, "x ", select);
}

function makeSmoothing(view) {
    const shown = h("output", { class: "curves-number" }, view.smoothing.toFixed(2));
    const slider = h("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: String(view.smoothing), "aria-label": "Smoothing",
        on: { input: () => {
            setText(shown, Number(slider.value).toFixed(2));
            view.set("smoothing", Number(slider.value));
        } } });
    return h("label", { class: "curves-field", title: "A moving average over the means; what was logged stays, faintly" }, "smooth ", slider, shown);
}

function makeToggle(text, title, on, act) {
    const box = h("input", { type: "checkbox", checked: on, on: { change: () => act(box.checked) } });
    return { box, element: h("label", { class: "curves-field", title }, box, ` ${text}`) };
}

function makeFilterField(onFilter) {
    const field = h("input", { type: "search", class: "curves-filter", placeholder: "filter: loss, train/*", "aria-label": "Filter the curves by name",
        title: "A part of a name, or a glob; several words: any of them", spellcheck: false, autocomplete: "off",
        on: { input: () => onFilter(field.value) } });
    return field;
}

function rangeText(view) {
    const { from, to } = view.range();
    if (view.axis === "step")
        return `${count(Math.round(from))} – ${count(Math.round(to))}`;
    if (view.axis === "clock")
        return `${clock(from)} – ${clock(to)}`;
    return `${sinceText(from - view.start, 1)} – ${sinceText(to - view.start, 1)}`;
}

/* {element, update()} */
export function makeToolbar(view, convert, onFilter) {
    const follow = makeToggle("follow", "The view ends at the newest point", view.follows, (on) => view.follow(on));
    const log = makeToggle("log y", "Logarithmic y axes", view.log, (on) => view.set("log", on));
    const overlay = makeToggle("overlay", "Series of one name in several groups (train/loss, val/loss) in one panel", view.overlay,
        (on) => view.set("overlay", on));
    const range = h("span", { class: "curves-range", "aria-label": "Range shown" });
    const reset = h("button", { type: "button", class: "curves-reset", title: "Show the whole run and follow it (0 or a double click)",
        on: { click: () => view.reset() } }, "Whole run");
    const element = h("div", { class: "curves-bar", role: "group", "aria-label": "All curves" }, makeFilterField(onFilter), makeAxis(view, convert),
        makeSmoothing(view), log.element, overlay.element, follow.element, reset, range);
    const update = () => {
        follow.box.checked = view.follows;
        reset.disabled = view.whole;
        setText(range, rangeText(view));
    };
    update();
    return { element, update };
}
