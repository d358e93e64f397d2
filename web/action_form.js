/* action_form.js: one action: its parameters, the button that runs it, and what it has answered */
import { h, replace, setText } from "./dom.js";
import { known } from "./format.js";
import { rangeText } from "./controls_number.js";
import { blocked } from "./controls_rights.js";
import { makeWhen, readWhen, whenMembers } from "./controls_when.js";
import { askControl } from "./controls_ask.js";
import { collectParams, offersCheckpoints } from "./action_params.js";
import { makeParam } from "./action_inputs.js";
import { makeFailure, makeResult } from "./action_result.js";

const KEPT = 20;
let forms = 0;

/* ---- checkpoints to restore ---- */

function checkpointOptions(form, byStep) {
    return form.app.state.checkpoints.map((one) => h("option", { value: String(byStep ? one.step : one.id), label: `step ${one.step}` }));
}

function offerCheckpoints(form) {
    for (const { list, byStep } of form.offers) {
        const key = form.app.state.checkpoints.map((one) => one.id).join("\n");
        if (list.dataset.key === key)
            continue;
        list.dataset.key = key;
        replace(list, checkpointOptions(form, byStep));
    }
}

function addOffer(form, param, input, id) {
    const list = h("datalist", { id: `${id}-list` });
    input.main.setAttribute("list", list.id);
    form.offers.push({ list, byStep: param.type === "int" });
    return list;
}

/* ---- running ---- */

function read(form) {
    const params = collectParams(form.action.params, (name) => form.inputs.get(name).read());
    const when = readWhen(form.when);
    const reason = blocked(form.app.state, "act");
    const error = params.error ?? when.error ?? (reason && `It cannot run now: ${reason}.`);
    return error ? { error, name: params.name } : { params: params.params, ...when };
}

function membersOf(form, asked) {
    const params = Object.keys(asked.params).length > 0 ? { params: asked.params } : {};
    return { action: form.action.name, ...params, ...whenMembers(asked) };
}

async function run(form) {
    const asked = read(form);
    setText(form.error, asked.error ?? "");
    if (asked.error) {
        form.inputs.get(asked.name)?.main.focus();
        return;
    }
    form.sending = true;
    show(form);
    const taken = () => {
        form.sending = false;
        show(form);
    };
    try {
        await askControl(form.app, "act", membersOf(form, asked), taken);
    } catch (error) {
        setText(form.error, error.outcome ? "" : error.message); /* an outcome stands among the results */
    }
    taken();
}

/* ---- what is shown ---- */

function pendingOf(form) {
    const { state } = form.app;
    return [...state.tickets.values()].filter((one) => one.name === "act" &&
        (state.requests.get(one.ticket)?.request.action ?? one.action) === form.action.name);
}

function stateText(form, pending) {
    const running = pending.find((one) => one.phase === "started");
    if (running)
        return `runs (ticket ${running.ticket}) …`;
    const waiting = pending[0];
    if (!waiting)
        return form.sending ? "is sent …" : "";
    const step = known(waiting.at_step) ? `step ${waiting.at_step}` : "the control point";
    return `waits for ${step} (ticket ${waiting.ticket}) …`;
}

function show(form) {
    const reason = blocked(form.app.state, "act") ?? (form.action.attached === false ? "this trainer has not declared it" : null);
    const text = stateText(form, pendingOf(form));
    setText(form.running, text);
    setText(form.mark, text);
    setText(form.blocked, reason ? `It cannot run now: ${reason}.` : "");
    form.button.disabled = reason !== null || form.sending;
    form.button.title = reason ?? "";
    offerCheckpoints(form);
}

/* Its newest outcomes, whoever asked for them. */
function showResults(form) {
    const found = [];
    const { log } = form.app.state;
    for (let i = log.length - 1; i >= 0 && found.length < KEPT; i--)
        if (log[i].kind === "outcome" && log[i].name === "act" && log[i].request?.action === form.action.name)
            found.push(log[i]);
    const key = found.map((one) => one.ticket).join();
    if (key === form.resultsShown)
        return;
    form.resultsShown = key;
    const made = found.map((one) => (one.outcome === "applied" ? makeResult(one) : makeFailure(one)));
    const older = made.length > 1
        ? h("details", { class: "actions-older" }, h("summary", {}, `${made.length - 1} before`), made.slice(1)) : null;
    replace(form.results, made[0], older);
}

/* ---- making ---- */

function makeField(form, param, id) {
    const input = makeParam(param, form.action, id);
    form.inputs.set(param.name, input);
    const range = rangeText(param);
    const said = [param.doc, range, param.unit].filter(Boolean).join(" · ");
    input.main.setAttribute("aria-describedby", `${id}-doc ${form.id}-error`);
    const isCanvas = input.main.tagName === "CANVAS";
    const hidden = input.main.nextElementSibling || input.main.previousElementSibling ? " visually-hidden" : "";
    return h("div", { class: `actions-field${isCanvas ? " actions-field-picture" : ""}` },
        h(isCanvas ? "span" : "label", { class: "actions-label", title: said, ...(isCanvas ? {} : { htmlFor: id }) }, param.name),
        input.element, offersCheckpoints(form.action, param) && addOffer(form, param, input, id),
        h("span", { class: `controls-small actions-range${param.doc ? "" : hidden}`, id: `${id}-doc` }, said));
}

function makeWhenFields(form) {
    const id = form.id;
    form.when = makeWhen(id);
    return h("details", { class: "actions-when" }, h("summary", {}, "At step, reason"),
        h("div", { class: "actions-field" }, h("label", { htmlFor: `${id}-step`, class: "actions-label" }, "At step"), form.when.atStep),
        h("div", { class: "actions-field" }, h("label", { htmlFor: `${id}-reason`, class: "actions-label" }, "Reason"), form.when.reason));
}

function makeBody(form) {
    const { action, id } = form;
    const fields = action.params.map((param, i) => makeField(form, param, `${id}-${i}`));
    form.error = h("p", { class: "controls-error", role: "alert", id: `${id}-error` });
    form.running = h("span", { class: "actions-running", role: "status" });
    form.blocked = h("p", { class: "controls-small", id: `${id}-blocked` });
    form.results = h("div", { class: "actions-results", "aria-live": "polite" });
    form.button = h("button", { type: "submit", class: "primary", "aria-describedby": `${id}-blocked` }, `Run ${action.name}`);
    const element = h("form", { class: "actions-form", noValidate: true }, action.doc && h("p", { class: "controls-small" }, action.doc),
        fields, makeWhenFields(form), h("div", { class: "actions-run" }, form.button, form.running), form.blocked, form.error, form.results);
    element.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!form.button.disabled)
            run(form);
    });
    return element;
}

export function makeForm(app, action) {
    const form = { app, action, id: `action-${++forms}`, inputs: new Map(), offers: [], sending: false };
    form.mark = h("span", { class: "actions-mark" });
    const body = makeBody(form);
    const element = h("details", { class: "actions-action" },
        h("summary", {}, h("span", { class: "actions-name", title: action.doc || action.name }, action.name), form.mark), body);
    show(form);
    showResults(form);
    return { element, show: () => show(form), showResults: () => showResults(form) };
}
