/* actions.js: what the training can be asked to do, a form each */
import { h, setText } from "./dom.js";
import { allowedOf } from "./controls_rights.js";
import { makeForm } from "./action_form.js";

function mayRun(app, action) {
    return app.state.can("act") && allowedOf(app.state.me.allow, action.name) !== null;
}

function takeAction(section, action) {
    const old = section.forms.get(action.name);
    const shape = JSON.stringify(action);
    if (old?.shape === shape)
        return;
    const form = makeForm(section.app, action);
    if (old) {
        form.element.open = old.form.element.open;
        old.form.element.replaceWith(form.element);
    } else {
        section.list.append(form.element);
    }
    section.forms.set(action.name, { form, shape });
}

function showAll(section) {
    const { state } = section.app;
    for (const action of state.actions.values())
        if (mayRun(section.app, action))
            takeAction(section, action);
    for (const [name, { form }] of section.forms)
        if (!state.actions.has(name) || !mayRun(section.app, state.actions.get(name))) {
            form.element.remove();
            section.forms.delete(name);
        }
    setText(section.none, section.forms.size > 0 ? "" : "This run has declared no action.");
    const away = section.around ?? section.element;
    away.hidden = !state.can("act"); /* who may only look has no section for it */
}

function each(section, name) {
    for (const { form } of section.forms.values())
        form[name]();
}

export function makeActions(app) {
    const section = { app, forms: new Map(), list: h("div", { class: "actions-list" }), none: h("p", { class: "controls-small" }) };
    section.element = h("div", { class: "actions" }, section.list, section.none);
    section.element.addEventListener("placed", (event) => {
        section.around = event.detail.section;
        showAll(section);
    });
    const { state } = app;
    for (const topic of ["actions", "me", "resync"])
        state.on(topic, () => showAll(section));
    for (const topic of ["tickets", "run", "connection"])
        state.on(topic, () => each(section, "show"));
    state.on("log", (entry) => {
        if (!entry || entry.name === "act")
            each(section, "showResults");
    });
    showAll(section);
    return section.element;
}
