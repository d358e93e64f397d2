/* controls_when.js: at which step a change is asked for, and why */
import { h } from "./dom.js";
import { parseStep } from "./controls_number.js";

/* The two fields: {atStep, reason}; their labels are made where they stand. */
export function makeWhen(id) {
    return {
        atStep: h("input", { type: "text", id: `${id}-step`, inputMode: "numeric", autocomplete: "off", placeholder: "the next" }),
        reason: h("input", { type: "text", id: `${id}-reason`, autocomplete: "off", maxLength: 250, placeholder: "kept in the record" }),
    };
}

/* {atStep: a step or null, reason}, or {error} */
export function readWhen({ atStep, reason }) {
    const step = parseStep(atStep.value);
    return step.error ? step : { atStep: step.value, reason: reason.value.trim() };
}

/* What of it a request tells. */
export function whenMembers({ atStep, reason }) {
    return { ...(atStep !== null && { at_step: atStep }), ...(reason && { reason }) };
}
