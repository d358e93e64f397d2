/* people.js: who follows this run, and a line to say something to all of them */

import { h, replace, setText, toast } from "./dom.js";
import { count, textBytes, time } from "./format.js";
import { keepName } from "./login.js";

const LISTED = 100;
const TEXT_MOST = 1000; /* bytes */
const ASK_AGAIN = 2000; /* ms: those who do not subscribe are told by no event */

const HOW = { tcp: "TCP", unix: "Unix socket", websocket: "page" };

function personRow(client, now) {
    return h("li", { class: "people-row" },
        h("span", { class: "people-name", title: client.address ?? "" }, client.name, client.you ? h("span", { class: "muted" }, " (you)") : null),
        h("span", { class: "people-facts muted" }, `${client.role} · ${HOW[client.transport] ?? client.transport} · since ${time(client.since, now)}`));
}

/* A connection that has not said who it is is nobody: a browser that fetches the page's files, say. */
function showPeople(parts, state) {
    const all = [...state.clients.values()].filter((client) => client.role !== "none").sort((a, b) => Number(b.you ?? false) - Number(a.you ?? false) || a.since - b.since);
    replace(parts.list, all.slice(0, LISTED).map((client) => personRow(client, state.now())));
    const more = Math.max(all.length, state.following ?? 0) - Math.min(all.length, LISTED);
    setText(parts.more, more > 0 ? `and ${count(more)} more` : "");
    if (parts.note)
        setText(parts.note, `${count(Math.max(1, state.following ?? 1))} follow${(state.following ?? 1) > 1 ? "" : "s"}`);
}

async function askWho(app, parts) {
    parts.asked = Date.now();
    try {
        app.state.clientList(await app.link.ask("clients"));
    } catch (error) {
        setText(parts.more, error.message);
    }
}

function changed(app, parts, detail) {
    showPeople(parts, app.state);
    if (detail === "list" || !parts.shown)
        return;
    clearTimeout(parts.timer);
    parts.timer = setTimeout(() => askWho(app, parts), Math.max(0, parts.asked + ASK_AGAIN - Date.now()));
}

/* ---- say ---- */

async function say(app, parts) {
    const text = parts.text.value.trim();
    if (!text || parts.send.disabled)
        return;
    if (textBytes(text) > TEXT_MOST)
        return setText(parts.problem, `This is ${textBytes(text)} bytes long; at most ${TEXT_MOST} can be sent.`);
    parts.send.disabled = true;
    try {
        await app.link.ask("say", { text, level: parts.level.value });
        parts.text.value = "";
        parts.level.value = "info";
        setText(parts.problem, "");
    } catch (error) {
        setText(parts.problem, error.message);
    } finally {
        parts.send.disabled = false;
    }
    return undefined;
}

function makeSay(app, parts) {
    parts.text = h("input", { class: "people-text", type: "text", "aria-label": "Say something to all", placeholder: "Say something to all …", autocomplete: "off" });
    parts.level = h("select", { "aria-label": "Level" }, ["info", "warning", "error"].map((level) => h("option", { value: level }, level)));
    parts.send = h("button", { type: "submit" }, "Send");
    parts.problem = h("p", { class: "people-problem error-text", role: "alert" });
    const form = h("form", { class: "people-say" }, parts.text, parts.level, parts.send, parts.problem);
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        say(app, parts);
    });
    return form;
}

/* ---- without tokens one may give a name ---- */

async function introduce(app, name) {
    try {
        await app.link.introduce(name);
        keepName(name);
    } catch (error) {
        toast(error.message, "error");
    }
}

function makeName(app) {
    const name = h("input", { class: "people-own", type: "text", id: "people-own", maxLength: 64, autocomplete: "nickname", placeholder: "anonymous",
        value: app.link.name ?? "" });
    const form = h("form", { class: "people-me" }, h("label", { for: "people-own" }, "Your name"), name, h("button", { type: "submit" }, "Use"));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        introduce(app, name.value.trim());
    });
    return form;
}

export function makePeople(app) {
    const { state } = app;
    const parts = { list: h("ul", { class: "people-list" }), more: h("p", { class: "muted people-more" }), asked: 0, shown: true, note: null };
    const element = h("div", { class: "people", on: {
        shown: ({ detail }) => { parts.shown = detail; if (detail) askWho(app, parts); },
        placed: ({ detail }) => { parts.note = detail.note; parts.shown = detail.section.open; },
    } }, state.can("say") ? makeSay(app, parts) : null, state.me.auth === "none" ? makeName(app) : null, parts.list, parts.more);
    state.on("clients", (detail) => changed(app, parts, detail));
    return element;
}
