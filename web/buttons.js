/* buttons.js: pause and resume, advance, stop; freeze and abort for who may */
import { h, replace, setText, toast } from "./dom.js";
import { confirmIn, LEAVE_IT } from "./controls_confirm.js";
import { askControl } from "./controls_ask.js";
import { allowedOf, blocked } from "./controls_rights.js";
import { parseNumber } from "./controls_number.js";

const STEPS = { type: "int", min: 1 };

/* ---- asking ---- */

/* `code` is under way until its outcome is told; a failure is said where it was asked for. */
async function ask(bar, code, members = {}) {
    bar.asked.add(code);
    setText(bar.error, "");
    show(bar);
    try {
        return await askControl(bar.app, code, members);
    } catch (error) {
        setText(bar.error, `${code}: ${error.message}`);
        return null;
    } finally {
        bar.asked.delete(code);
        show(bar);
    }
}

const isPaused = (bar) => bar.app.state.run.state === "paused";
const pauseCode = (bar) => (isPaused(bar) ? "resume" : "pause");

function advance(bar, steps) {
    return ask(bar, "advance", { steps });
}

function advanceTyped(bar) {
    const typed = parseNumber(bar.steps.value, STEPS);
    setText(bar.error, typed.error ? `advance: ${typed.error}` : "");
    if (!typed.error)
        advance(bar, typed.value);
}

function hasCheckpoint(bar) {
    const { state } = bar.app;
    return state.actions.get("checkpoint")?.attached !== false && state.actions.has("checkpoint") && !state.run.frozen &&
        state.can("act") && allowedOf(state.me.allow, "checkpoint") !== null;
}

/* The stop is asked for once the checkpoint is there: without it the run goes on. */
async function stopAfterCheckpoint(bar) {
    const saved = await ask(bar, "act", { action: "checkpoint", reason: "before the stop" });
    if (saved)
        await ask(bar, "stop", {});
    else
        toast("The checkpoint failed, so the run was not stopped.", "warning");
}

async function stop(bar) {
    const after = hasCheckpoint(bar) ? [{ text: "Checkpoint, then stop", value: "checkpoint", main: true }] : [];
    const said = "The trainer leaves its loop in good order, and ends. It cannot be resumed from this page.";
    const answer = await confirmIn("Stop the training?", said, [LEAVE_IT, ...after, { text: "Stop", value: "stop", danger: true }]);
    if (answer === "checkpoint")
        await stopAfterCheckpoint(bar);
    else if (answer === "stop")
        await ask(bar, "stop");
}

async function abort(bar) {
    const said = "The command that this server started is sent SIGTERM, and SIGKILL ten seconds later. Nothing is saved first.";
    const answer = await confirmIn("Abort the training?", said, [LEAVE_IT, { text: "Abort", value: "abort", danger: true }]);
    if (answer === "abort")
        await ask(bar, "abort", { reason: "from the page" });
}

function freeze(bar) {
    return ask(bar, "freeze", { on: !bar.app.state.run.frozen });
}

/* ---- what is shown ---- */

function pendingOf(bar, code) {
    return bar.asked.has(code) || [...bar.app.state.tickets.values()].some((one) => one.name === code);
}

function wordOf(bar, code) {
    const { state } = bar.app.state.run;
    const waits = { pause: "pausing … waits for the control point", resume: "resuming …", advance: "advancing …",
        freeze: bar.app.state.run.frozen ? "ending the freeze …" : "freezing …", abort: "aborting …" };
    if (code === "stop")
        return pendingOf(bar, code) || state === "stopping" ? "stopping … waits for the control point" : "";
    return pendingOf(bar, code) ? waits[code] : "";
}

function showButton(bar, { button, code, text }) {
    const now = code === "pause" ? pauseCode(bar) : code;
    const reason = blocked(bar.app.state, now);
    const allowed = allowedOf(bar.app.state.me.allow, now) !== null || now === "freeze" || now === "abort";
    const why = reason ?? (allowed ? null : `this token does not allow ${now}`);
    const label = text(bar);
    setText(button.firstChild, label);
    button.setAttribute("aria-disabled", String(why !== null));
    button.title = why ? `${label}: ${why}` : button.dataset.title;
    setText(button.lastChild, why ? ` (${why})` : "");
    button.dataset.why = why ?? "";
}

function show(bar) {
    for (const one of bar.buttons)
        showButton(bar, one);
    const words = ["pause", "resume", "advance", "stop", "freeze", "abort"].map((code) => wordOf(bar, code)).filter(Boolean);
    setText(bar.pending, bar.asked.has("act") ? "saving a checkpoint first …" : words.join(" · "));
}

/* ---- making ---- */

/* A button that cannot be used can still be reached, and says why. */
function press(bar, button, act) {
    if (button.dataset.why)
        toast(`${button.firstChild.textContent}: ${button.dataset.why}.`, "warning");
    else
        act(bar);
}

function addButton(bar, code, { text, title, act, kind }) {
    const button = h("button", { type: "button", class: `buttons-button buttons-${code} ${kind ?? ""}`, "data-title": title, title },
        h("span", {}), h("span", { class: "visually-hidden" }));
    button.addEventListener("click", () => press(bar, button, act));
    bar.buttons.push({ button, code, text });
    return button;
}

function makePause(bar) {
    return addButton(bar, "pause", { text: (one) => (isPaused(one) ? "Resume" : "Pause"), title: "Pause or resume at the next control point (Space)",
        act: (one) => ask(one, pauseCode(one)), kind: "primary" });
}

function makeAdvance(bar) {
    bar.steps = h("input", { type: "text", class: "buttons-steps", inputMode: "numeric", autocomplete: "off", value: "1",
        "aria-label": "Steps to advance" });
    const button = addButton(bar, "advance", { text: () => "Advance", title: "Run so many steps, then pause (. for one)", act: advanceTyped });
    bar.steps.addEventListener("keydown", (event) => {
        if (event.key === "Enter")
            press(bar, button, advanceTyped);
    });
    return h("span", { class: "buttons-advance" }, button, bar.steps, h("span", { class: "controls-small" }, "steps"));
}

/* A key does what its button does; who has no such button has no such key. */
function addKey(bar, key, code, text, act) {
    bar.keysOff.get(key)?.();
    const one = bar.buttons.find((button) => button.code === code);
    bar.keysOff.set(key, one && bar.app.keys?.on(key, text, () => press(bar, one.button, act)));
}

function makeBar(bar) {
    const { state } = bar.app;
    bar.buttons = [];
    const frozen = (one) => (one.app.state.run.frozen ? "Unfreeze" : "Freeze");
    replace(bar.row,
        (state.can("pause") || state.can("resume")) && makePause(bar),
        state.can("advance") && makeAdvance(bar),
        state.can("stop") && addButton(bar, "stop", { text: () => "Stop …", title: "End the training in good order", act: stop }),
        state.can("freeze") && addButton(bar, "freeze", { text: frozen, title: "Accept no changes, but stop and abort", act: freeze }),
        state.can("abort") && addButton(bar, "abort", { text: () => "Abort …", title: "End the training by force", act: abort, kind: "danger" }));
    addKey(bar, " ", "pause", "pause or resume", (one) => ask(one, pauseCode(one)));
    addKey(bar, ".", "advance", "advance one step", (one) => advance(one, 1));
    bar.element.hidden = bar.buttons.length === 0;
    show(bar);
}

export function makeButtons(app) {
    const bar = { app, asked: new Set(), buttons: [], keysOff: new Map(), row: h("div", { class: "buttons-row" }) };
    bar.pending = h("span", { class: "buttons-pending", role: "status" });
    bar.error = h("span", { class: "controls-error", role: "alert" });
    bar.element = h("div", { class: "buttons" }, bar.row, bar.pending, bar.error);
    const { state } = app;
    let may = "";
    state.on("me", () => {
        const now = [...state.me.may].join();
        if (now !== may)
            makeBar(bar);
        may = now;
    });
    for (const topic of ["run", "tickets", "connection", "actions"])
        state.on(topic, () => show(bar));
    makeBar(bar);
    return bar.element;
}
