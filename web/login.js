/* login.js: the token: where it comes from, and a form that asks for it */

import { h, setText } from "./dom.js";
import { readKept, writeKept } from "./kept.js";

const TOKEN = "trimtab-token";
const NAME = "trimtab-name";
const FRAGMENT = /(?:^#|&)token=([^&]*)/;

/* For this tab only: another tab asks again, and closing it forgets the token. */
const kept = () => readKept(TOKEN, "sessionStorage");
const keep = (token) => writeKept(TOKEN, token, "sessionStorage");

/* The name that somebody goes by where no tokens are needed. */
export const keptName = () => readKept(NAME);
export const keepName = (name) => writeKept(NAME, name);

function fromFragment() {
    const found = FRAGMENT.exec(location.hash);
    if (!found)
        return null;
    history.replaceState(null, "", location.pathname + location.search);
    return decodeURIComponent(found[1]).trim() || null;
}

/* From the link (and out of the address bar), else from the tab's memory; null: none. */
export function takeToken() {
    const token = fromFragment();
    if (token)
        keep(token);
    return token ?? kept();
}

function makeForm(tried) {
    const token = h("input", { class: "login-token", id: "login-token", type: "password", autocomplete: "off", spellcheck: false, required: true,
        placeholder: "tt_…", "aria-describedby": "login-problem" });
    const problem = h("p", { class: "login-problem error-text", id: "login-problem", role: "alert" });
    const form = h("form", { class: "login-form", method: "dialog" },
        h("h2", {}, "A token, please"),
        h("p", {}, "This run lets in only those who have a token. Where the server runs, ", h("code", {}, "trimtab link"),
            " prints a link that opens this page with one; paste that link or its token here."),
        h("label", { for: "login-token" }, "Token or link"), token, problem,
        h("div", { class: "dialog-row" }, h("button", { class: "primary", type: "submit" }, "Continue")));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        tried(token.value.trim());
        token.value = "";
    });
    return { form, token, problem };
}

/* People paste the whole link. */
function tokenIn(text) {
    const found = /token=([^&\s]+)/.exec(text);
    return found ? decodeURIComponent(found[1]) : text;
}

export function makeLogin(app) {
    const { form, token, problem } = makeForm((text) => enter(tokenIn(text)));
    const dialog = h("dialog", { class: "login", "aria-label": "A token, please" }, form);
    /* Browsers close a dialog at the second Escape, whatever the page says. */
    dialog.addEventListener("close", () => show(app.state.connection));
    document.body.append(dialog);

    function enter(text) {
        if (!text)
            return;
        keep(text);
        app.link.start(text);
    }

    function show(connection) {
        if (connection === "open" && dialog.open)
            dialog.close();
        if (connection !== "refused")
            return;
        keep(null);
        setText(problem, app.link.token ? app.state.problem ?? "" : "");
        if (!dialog.open)
            dialog.showModal();
        token.focus();
    }

    app.state.on("connection", show);
    /* A second link opened in the same tab. */
    addEventListener("hashchange", () => enter(fromFragment()));
}
