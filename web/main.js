/* main.js: puts the parts of the page together */

import { makeActions } from "./actions.js";
import { makeButtons } from "./buttons.js";
import { makeCurves } from "./curves.js";
import { replace } from "./dom.js";
import { makeHeader } from "./header.js";
import { Keys } from "./keys.js";
import { Link } from "./link.js";
import { keptName, makeLogin, takeToken } from "./login.js";
import { makeOutput } from "./output.js";
import { makePeople } from "./people.js";
import { makeSection } from "./section.js";
import { makeSettings } from "./settings.js";
import { State } from "./state.js";
import { makeTimeline } from "./timeline.js";

const TOPICS = ["me", "run", "series", "settings", "actions", "tickets", "log", "clients"];

const region = (id) => document.getElementById(id);

function build(app) {
    replace(region("buttons"), makeButtons(app));
    replace(region("curves"), makeCurves(app));
    replace(region("side"),
        makeSection("settings", "Settings", makeSettings(app)),
        makeSection("actions", "Actions", makeActions(app)),
        makeSection("timeline", "Timeline", makeTimeline(app)),
        makeSection("people", "People", makePeople(app)));
    replace(region("drawer"), makeSection("output", "Output", makeOutput(app), { open: false, drawer: true }));
    TOPICS.forEach((topic) => app.state.emit(topic));
}

const rights = ({ me }) => JSON.stringify([me.role, [...me.may], me.allow]);

/* The parts are made once it is known who looks and at what: a viewer's page has no controls. */
function buildWhenOpen(app) {
    const { state } = app;
    let built = null;
    state.on("connection", (connection) => {
        if (connection !== "open")
            return;
        if (built !== null && built !== rights(state))
            location.reload();
        if (built === null)
            build(app);
        built = rights(state);
    });
}

function begin() {
    const state = new State();
    const app = { state, link: new Link(state), keys: new Keys() };
    region("header").replaceWith(makeHeader(app));
    makeLogin(app);
    buildWhenOpen(app);
    state.on("other_run", () => location.reload());
    app.link.start(takeToken(), keptName());
}

begin();
