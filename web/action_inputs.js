/* action_inputs.js: a field for each parameter of an action: {element, main, read(): {value} or {error}} */
import { h } from "./dom.js";
import { fieldText, parseValue, rangeText } from "./controls_number.js";
import { nearestPlace, sliderValues } from "./controls_slider.js";
import { makeDrawing } from "./drawing.js";
import { isLongText, isPicture } from "./action_params.js";

function makeSwitch(param, id) {
    const box = h("input", { type: "checkbox", role: "switch", class: "actions-switch", id, checked: param.default === true });
    return { element: box, main: box, read: () => ({ value: box.checked }) };
}

function makeChoice(param, id) {
    const select = h("select", { id }, param.choices.map((choice) => h("option", { value: choice }, choice)));
    select.value = param.default ?? param.choices[0];
    return { element: select, main: select, read: () => parseValue(select.value, param) };
}

function makeLine(param, id) {
    const line = h("input", { type: "text", id, autocomplete: "off", spellcheck: false, value: fieldText(param.default, param) });
    return { element: line, main: line, read: () => parseValue(line.value, param) };
}

function makeArea(param, id) {
    const area = h("textarea", { id, rows: 3, value: String(param.default ?? "") });
    return { element: area, main: area, read: () => parseValue(area.value, param) };
}

function makeNumber(param, id) {
    const field = makeLine(param, id);
    field.main.inputMode = param.type === "int" ? "numeric" : "decimal";
    const values = sliderValues(param);
    if (!values)
        return field;
    const slider = h("input", { type: "range", class: "actions-slider", min: "0", max: String(values.length - 1), step: "1",
        "aria-label": `${param.name}, ${rangeText(param)}`, title: rangeText(param) });
    const place = (value) => {
        slider.value = String(nearestPlace(values, value));
        slider.setAttribute("aria-valuetext", String(value));
    };
    place(param.default);
    slider.addEventListener("input", () => {
        field.main.value = fieldText(values[Number(slider.value)], param);
        slider.setAttribute("aria-valuetext", field.main.value);
    });
    field.main.addEventListener("input", () => {
        const typed = field.read();
        if (!typed.error)
            place(typed.value);
    });
    return { ...field, element: h("span", { class: "actions-number" }, slider, field.main) };
}

function makePicture(param, action, id) {
    const drawing = makeDrawing(param, action, id);
    return { element: drawing.element, main: drawing.element.querySelector("canvas"), read: drawing.read };
}

export function makeParam(param, action, id) {
    if (isPicture(param))
        return makePicture(param, action, id);
    if (param.type === "bool")
        return makeSwitch(param, id);
    if (param.choices)
        return makeChoice(param, id);
    if (param.type === "string")
        return isLongText(param) ? makeArea(param, id) : makeLine(param, id);
    return makeNumber(param, id);
}
