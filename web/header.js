/* header.js: which run, where it is, is everybody alive, who am I */

import { h, setText } from "./dom.js";
import { count, duration, known, number, time } from "./format.js";
import { makeThemeSwitch } from "./theme.js";

/* The shape tells the state too, for those who do not see the colour. */
const STATES = {
    waiting: { mark: "◌", tone: "muted", say: "waiting" },
    running: { mark: "▶", tone: "ok", say: "running" },
    paused: { mark: "❚❚", tone: "warn", say: "paused" },
    stopping: { mark: "◼", tone: "warn", say: "stopping" },
    finished: { mark: "✓", tone: "ok", say: "finished" },
    lost: { mark: "✕", tone: "bad", say: "trainer lost" },
};

function makeParts() {
    const bar = h("div", { class: "header-bar-fill" });
    const field = (name, label) => h("div", { class: `header-field header-${name}` }, h("span", { class: "header-label" }, label), h("span", { class: "header-value" }));
    return {
        name: h("h1", { class: "header-name" }, "trimtab"),
        mark: h("span", { class: "header-mark", "aria-hidden": "true" }),
        word: h("span", {}),
        frozen: h("span", { class: "header-frozen", hidden: true, title: "No changes are accepted but stop and abort" }, "❄ frozen"),
        step: h("span", { class: "header-step-now" }),
        total: h("span", { class: "muted" }),
        fill: bar,
        bar: h("div", { class: "header-bar", role: "progressbar", "aria-label": "Steps done", "aria-valuemin": "0", "aria-valuemax": "100" }, bar),
        rate: field("rate", "steps/s"),
        eta: field("eta", "left"),
        elapsed: field("elapsed", "elapsed"),
        trainer: h("span", { class: "header-live" }),
        server: h("span", { class: "header-live" }),
        me: h("span", { class: "header-me" }),
        reconnecting: h("div", { class: "header-reconnecting", role: "status", hidden: true }),
        history: h("div", { class: "header-history", role: "status", hidden: true }),
    };
}

function showValue(field, text, title) {
    const [, valueOf] = field.children;
    setText(valueOf, text);
    field.title = title ?? "";
}

function showState(parts, { run, connection }) {
    const { mark, tone, say } = STATES[run.state] ?? { mark: "·", tone: "muted", say: run.state || "…" };
    setText(parts.mark, mark);
    setText(parts.word, say);
    parts.word.parentElement.hidden = !run.state;
    parts.word.parentElement.dataset.tone = connection === "lost" ? "muted" : tone;
    parts.word.parentElement.title = run.since ? `since ${time(run.since)}` : "";
    parts.frozen.hidden = !run.frozen;
}

function showStep(parts, { step, total }) {
    const known = step !== null && total > 0;
    const part = known ? Math.min(1, Math.max(0, step / total)) : 0;
    setText(parts.step, count(step));
    setText(parts.total, total ? ` / ${count(total)}` : "");
    parts.fill.style.width = `${100 * part}%`;
    parts.bar.classList.toggle("header-bar-unknown", !known);
    if (known)
        parts.bar.setAttribute("aria-valuenow", String(Math.floor(100 * part)));
    else
        parts.bar.removeAttribute("aria-valuenow");
    parts.bar.setAttribute("aria-valuetext", known ? `step ${count(step)} of ${count(total)}` : `step ${count(step)}`);
    parts.bar.title = known ? `${(100 * part).toFixed(1)} %` : "";
}

function rateText(rate) {
    if (!known(rate))
        return "–";
    return rate >= 100 ? count(Math.round(rate)) : number(Number(rate.toPrecision(3)));
}

function endOf(state, eta) {
    return known(eta) ? `until about ${time(state.now() + eta, state.now())}` : "";
}

const ended = (run) => ["finished", "lost"].includes(run.state);

function showSpeed(parts, state) {
    const { rate, eta, since } = state.run;
    const started = state.trainer?.started;
    showValue(parts.rate, rateText(rate), "steps a second");
    showValue(parts.eta, duration(eta), endOf(state, eta));
    showValue(parts.elapsed, started ? duration(Math.max(0, Math.round((ended(state.run) ? since : state.now()) - started))) : "–", started ? `since ${time(started)}` : "");
}

/* Without the server nobody knows. */
function trainerText({ trainer, run, connection }) {
    if (!trainer)
        return ["trainer …", "muted"];
    const where = trainer.pid ? `${trainer.pid}@${trainer.host ?? "?"}` : "";
    if (connection !== "open")
        return [`trainer ${where}`, "muted"];
    if (trainer.attached)
        return [`trainer ${where}`, "ok"];
    return run.state === "lost" ? [`trainer lost ${where}`, "bad"] : ["no trainer", "muted"];
}

const CONNECTIONS = {
    connecting: ["server …", "muted"], open: ["server connected", "ok"], lost: ["server not reached", "bad"], refused: ["not let in", "bad"],
};

function showLive(element, [text, tone], title) {
    setText(element, text);
    element.dataset.tone = tone;
    element.title = title;
}

function showParties(parts, state) {
    const { trainer, connection } = state;
    showLive(parts.trainer, trainerText(state), trainer?.command ?? "");
    showLive(parts.server, CONNECTIONS[connection], location.host);
}

function reconnectingText({ run, problem }) {
    const why = problem ?? "the connection was lost";
    if (!run.state)
        return `Connecting: ${why}. Trying again.`;
    return `Reconnecting: ${why}. ${ended(run) ? "What is shown stays." : "The training goes on without us."}`;
}

/* Over the page and not in it, so that nothing jumps: it comes and goes by itself, and no control can be used meanwhile. */
function showReconnecting(parts, state) {
    const lost = state.connection === "lost";
    setText(parts.reconnecting, lost ? reconnectingText(state) : "");
    parts.reconnecting.hidden = !lost;
}

function showHistory(parts, state) {
    const history = state.history?.state ?? "stored";
    const comfort = history.startsWith("waiting") ? ". Nothing is lost: it catches up by itself." : "";
    parts.history.hidden = history === "stored" || state.connection !== "open";
    setText(parts.history, parts.history.hidden ? "" : `History: ${history}${comfort}`);
}

function showWho(parts, { me }) {
    setText(parts.me, me.name ? `${me.name} · ${me.role}` : "");
    parts.me.title = [me.allow && `allowed: ${me.allow.join(", ") || "nothing"}`, me.rate && `at most ${me.rate} changes`,
        me.expires && `until ${time(me.expires)}`].filter(Boolean).join("\n");
}

function showAll(parts, state) {
    const { run } = state;
    setText(parts.name, run.name || "trimtab");
    parts.name.title = run.folder;
    showState(parts, state);
    showStep(parts, run);
    showSpeed(parts, state);
    showParties(parts, state);
    showReconnecting(parts, state);
    showHistory(parts, state);
    showWho(parts, state);
    document.title = titleOf(run);
}

function titleOf(run) {
    const where = known(run.step) ? `${run.state === "running" ? "" : `${run.state} · `}step ${run.step}` : run.state;
    return [where, run.name || "trimtab"].filter(Boolean).join(" · ");
}

function arrange(app, parts) {
    const badge = h("span", { class: "header-state" }, parts.mark, parts.word);
    const keys = h("button", { class: "quiet header-keys", type: "button", title: "Keys (?)", "aria-label": "Show the keys", on: { click: () => app.keys.show() } }, "?");
    const row = h("div", { class: "header-row" },
        h("div", { class: "header-run" }, h("img", { src: "icon.svg", alt: "", width: 22, height: 22 }), parts.name, badge, parts.frozen),
        h("div", { class: "header-progress" }, h("div", { class: "header-step" }, h("span", { class: "header-label" }, "step "), parts.step, parts.total), parts.bar),
        h("div", { class: "header-fields" }, parts.rate, parts.eta, parts.elapsed),
        h("div", { class: "header-parties" }, parts.trainer, parts.server),
        h("div", { class: "header-end" }, parts.me, makeThemeSwitch(), keys));
    return h("header", { id: "header" }, row, parts.history, parts.reconnecting);
}

export function makeHeader(app) {
    const parts = makeParts();
    const header = arrange(app, parts);
    const show = () => showAll(parts, app.state);
    for (const topic of ["connection", "me", "run"])
        app.state.on(topic, show);
    setInterval(() => showSpeed(parts, app.state), 1000);
    show();
    return header;
}
