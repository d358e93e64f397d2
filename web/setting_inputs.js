/* setting_inputs.js: what a value is typed, slid or chosen in. Each input is
 *   {element, main: what the label names, text(), show(text), lock(reason or null), commits}
 * and calls `on.edit()` when somebody changes it, `on.commit()` when that is meant to be sent. */
import { h } from "./dom.js";
import { fieldText, parseNumber, rangeText, shownValue, steppedValue } from "./controls_number.js";
import { isLogarithmic, nearestPlace, sliderValues } from "./controls_slider.js";

const KEYS_REST_MS = 700; /* a slider that is moved by keys is sent when they rest */

function lockAll(elements, reason) {
    for (const element of elements) {
        element.disabled = reason !== null;
        element.title = reason ?? element.dataset.title ?? "";
    }
}

/* ---- numbers ---- */

function showPlace(slider, values, value, spec) {
    slider.value = String(nearestPlace(values, value));
    slider.setAttribute("aria-valuetext", shownValue(value, spec));
}

function listenSlider(slider, values, spec, field, on) {
    let byKeys = false;
    let resting = 0;
    const send = () => {
        clearTimeout(resting);
        resting = 0;
        on.commit();
    };
    slider.addEventListener("keydown", (event) => {
        byKeys = true;
        if (event.key === "Enter" || event.key === "Escape") {
            clearTimeout(resting);
            resting = 0;
        }
    });
    slider.addEventListener("pointerdown", () => { byKeys = false; });
    slider.addEventListener("input", () => {
        const value = values[Number(slider.value)];
        field.value = fieldText(value, spec);
        slider.setAttribute("aria-valuetext", shownValue(value, spec));
        on.edit();
    });
    slider.addEventListener("change", () => {
        clearTimeout(resting);
        if (byKeys)
            resting = setTimeout(send, KEYS_REST_MS);
        else
            send();
    });
    slider.addEventListener("blur", () => {
        if (resting)
            send();
    });
}

function makeSlider(spec, values, label, field, on) {
    const scale = isLogarithmic(spec) ? ", logarithmic" : "";
    const title = `${rangeText(spec)}${scale}`;
    const slider = h("input", {
        type: "range", class: "settings-slider", min: "0", max: String(values.length - 1), step: "1",
        "aria-label": `${label}, ${title}`, title, "data-title": title,
    });
    listenSlider(slider, values, spec, field, on);
    return slider;
}

function makeStepper(text, title, factor, step) {
    return h("button", {
        type: "button", class: "settings-stepper", title, "aria-label": title, "data-title": title, on: { click: () => step(factor) },
    }, text);
}

/* Where no slider can be: by tenths, and doubled or halved. */
function makeSteppers(spec, field, on, current) {
    const step = (factor) => {
        const typed = parseNumber(field.value, { type: spec.type, unit: spec.unit });
        const value = typed.error ? Number(current()) : typed.value;
        if (!Number.isFinite(value))
            return;
        field.value = fieldText(steppedValue(value, spec, factor), spec);
        on.edit();
    };
    const steppers = [makeStepper("−", "10 % less", 0.9, step), makeStepper("+", "10 % more", 1.1, step)];
    if (spec.type === "double" && Number(current()) > 0)
        steppers.push(makeStepper("÷2", "Half", 0.5, step), makeStepper("×2", "Double", 2, step));
    return steppers;
}

function makeNumber(spec, id, on, current) {
    const field = h("input", {
        type: "text", class: "settings-field", id, inputMode: spec.type === "int" ? "numeric" : "decimal",
        autocomplete: "off", spellcheck: false, on: { input: () => on.edit() },
    });
    const values = sliderValues(spec);
    const slider = values && makeSlider(spec, values, spec.name, field, on);
    const steppers = slider ? [] : makeSteppers(spec, field, on, current);
    field.addEventListener("input", () => {
        const typed = parseNumber(field.value, spec);
        if (slider && !typed.error)
            showPlace(slider, values, typed.value, spec);
    });
    return {
        element: [slider, field, spec.unit && h("span", { class: "settings-unit" }, spec.unit), ...steppers],
        main: field,
        commits: true,
        text: () => field.value,
        show: (text) => {
            field.value = text;
            if (slider)
                showPlace(slider, values, Number(text) || 0, spec);
        },
        lock: (reason) => lockAll([field, ...steppers, ...(slider ? [slider] : [])], reason),
    };
}

/* ---- the others ---- */

/* A switch sends at once, and stays as it is until the change is told. */
function makeSwitch(spec, id, on) {
    let wanted = null;
    const button = h("button", { type: "button", role: "switch", class: "settings-switch", id, "aria-checked": "false" },
        h("span", { class: "settings-switch-knob" }));
    button.addEventListener("click", () => {
        wanted = button.getAttribute("aria-checked") === "true" ? "false" : "true";
        on.edit();
        on.commit();
    });
    return {
        element: [button],
        main: button,
        commits: false,
        text: () => wanted ?? button.getAttribute("aria-checked"),
        show: (text) => {
            wanted = null;
            button.setAttribute("aria-checked", text);
        },
        lock: (reason) => lockAll([button], reason),
    };
}

function makeChoice(spec, id, on) {
    const select = h("select", { class: "settings-choice", id, on: { change: () => on.edit() } },
        spec.choices.map((choice) => h("option", { value: choice }, choice)));
    return {
        element: [select],
        main: select,
        commits: true,
        text: () => select.value,
        show: (text) => { select.value = text; },
        lock: (reason) => lockAll([select], reason),
    };
}

/* A text with line ends needs a field that can hold them. */
function makeText(spec, id, on) {
    const lines = String(spec.value ?? "").includes("\n");
    const field = h(lines ? "textarea" : "input", {
        class: "settings-field settings-field-text", id, autocomplete: "off", spellcheck: false, on: { input: () => on.edit() },
        ...(lines ? { rows: 3 } : { type: "text" }),
    });
    return {
        element: [field],
        main: field,
        commits: true,
        text: () => field.value,
        show: (text) => { field.value = text; },
        lock: (reason) => lockAll([field], reason),
    };
}

const MAKERS = { double: makeNumber, int: makeNumber, bool: makeSwitch, choice: makeChoice, string: makeText };

/* `current`: a function that gives the value in effect. */
export function makeInput(spec, id, on, current) {
    const input = (MAKERS[spec.type] ?? makeText)(spec, id, on, current);
    input.main.dataset.title = spec.type === "double" || spec.type === "int" ? rangeText(spec) : "";
    return input;
}
