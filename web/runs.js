/* runs.js: the runs beside this one: which are laid over the curves, and in what they differ */

import { h, replace, setText, toast } from "./dom.js";
import { ago, count, exact, known, number, time, value as valueText } from "./format.js";
import { differences } from "./curve_diff.js";

const CHOSEN_AT_MOST = 5;
const BEAT_MS = 5000;  /* so often the curves of a run that lives are asked for again */
const LIST_BEATS = 6;  /* and so many beats later whether it still does */

const baseName = (path) => path.replace(/\/+$/, "").split("/").pop();

function stepText(run) {
    if (!known(run.step))
        return "";
    return run.total ? `step ${count(run.step)} of ${count(run.total)}` : `step ${count(run.step)}`;
}

function factsOf(run) {
    return [run.state, stepText(run), run.started ? ago(run.started) : ""].filter((one) => one).join(", ");
}

/* What differs must look different, so numbers have all their digits. */
function configText(value, name) {
    if (typeof value !== "number")
        return valueText(value);
    return name === "started" ? time(value) : exact(value);
}

function showItem({ element, box, facts }, run) {
    setText(facts, run.error ?? factsOf(run));
    element.title = `${run.folder}: ${facts.textContent}`;
    element.classList.toggle("runs-item-bad", Boolean(run.error));
    box.disabled = Boolean(run.error);
}

class Runs {
    constructor(app, onChange, onLive) {
        this.app = app;
        this.onChange = onChange;
        this.onLive = onLive;
        this.known = [];
        this.items = [];  /* of the list: {element, box, facts}, in the order of `known` */
        this.listed = null;
        this.chosen = []; /* [{folder, ...what code 13 tells}], at most five */
        this.list = h("div", { class: "runs-list" });
        this.table = h("div", { class: "runs-table", hidden: true });
        this.count = h("span", { class: "runs-count" });
        this.refresh = h("button", { type: "button", class: "runs-refresh", on: { click: () => this.ask() } }, "Look again");
        this.element = h("details", { class: "runs", on: { toggle: () => this.element.open && this.known.length === 0 && this.ask() } },
            h("summary", { class: "runs-head" }, "Compare with runs beside this one", this.count),
            h("div", { class: "runs-body" }, this.list, this.table, this.refresh));
        this.beats = 0;
        setInterval(() => this.beat(), BEAT_MS);
    }

    async ask() {
        this.refresh.disabled = true;
        try {
            const { runs, total } = await this.app.link.ask("runs", {});
            this.known = runs.map((run) => ({ ...run, folder: baseName(run.folder) }));
            this.total = total;
            this.chosen = this.chosen.map((one) => this.known.find((run) => run.folder === one.folder) ?? one);
            this.showList();
            this.showTable();
        } catch (refusal) {
            this.listed = null;
            replace(this.list, h("p", { class: "runs-note" }, `The runs could not be listed: ${refusal.message}`));
        }
        this.refresh.disabled = false;
    }

    /* No event tells of another run. Once more after its end, for its last points. */
    async beat() {
        const live = new Set(this.chosen.filter((run) => run.live).map((run) => run.folder));
        if (live.size === 0 || document.hidden || this.app.state.connection !== "open")
            return;
        this.beats++;
        if (this.beats % LIST_BEATS === 0)
            await this.ask();
        this.onLive(live);
    }

    /* While the same runs are listed each keeps its line: somebody may stand on it. */
    showList() {
        const unlisted = this.total - this.known.length;
        const listed = JSON.stringify([this.known.map((run) => run.folder), unlisted]);
        if (listed !== this.listed) {
            const more = unlisted > 0 ? h("p", { class: "runs-note" }, `${count(unlisted)} more are not listed.`) : null;
            this.items = this.known.map((run) => this.makeItem(run.folder));
            replace(this.list, this.items.length ? this.items.map(({ element }) => element)
                : h("p", { class: "runs-note" }, "There is no other run in the folder of this one."), more);
        }
        this.listed = listed;
        this.known.forEach((run, i) => showItem(this.items[i], run));
    }

    makeItem(folder) {
        const facts = h("span", { class: "runs-facts" });
        const box = h("input", { type: "checkbox", checked: this.chosen.some((one) => one.folder === folder),
            on: { change: () => this.choose(folder, box) } });
        return { box, facts, element: h("label", { class: "runs-item" }, box, h("span", { class: "runs-name" }, folder), facts) };
    }

    choose(folder, box) {
        const run = this.known.find((one) => one.folder === folder);
        if (box.checked && this.chosen.length >= CHOSEN_AT_MOST) {
            box.checked = false;
            toast(`At most ${CHOSEN_AT_MOST} runs can be laid over this one`, "warning");
            return;
        }
        this.chosen = box.checked ? [...this.chosen, run] : this.chosen.filter((one) => one.folder !== folder);
        setText(this.count, this.chosen.length ? `${this.chosen.length} laid over` : "");
        this.showTable();
        this.onChange();
    }

    /* What this run has, in the form in which code 13 tells of the others. */
    mine() {
        const { state } = this.app;
        const settings = Object.fromEntries([...state.settings.values()].map((one) => [one.name, one.value]));
        const series = [...state.series.values()].filter((one) => one.last !== undefined).map((one) => [one.name, one.last]);
        return { config: state.config ?? {}, settings, last: Object.fromEntries(series) };
    }

    showTable() {
        this.table.hidden = this.chosen.length === 0;
        if (this.chosen.length === 0)
            return;
        const runs = [this.mine(), ...this.chosen];
        const told = new Set(this.chosen.flatMap((run) => Object.keys(run.last ?? {})));
        const last = runs.map((run) => Object.fromEntries(Object.entries(run.last ?? {}).filter(([name]) => told.has(name))));
        const names = ["this run", ...this.chosen.map((run) => run.folder)];
        const heads = names.map((name) => h("th", { scope: "col", title: name }, name));
        replace(this.table, h("table", {}, h("thead", {}, h("tr", {}, h("td", {}), heads)),
            sectionOf("config", runs.map((run) => run.config ?? {}), configText),
            sectionOf("settings", runs.map((run) => run.settings ?? {}), configText),
            sectionOf("last value", last, number)));
    }
}

function sectionOf(title, members, textOf) {
    const { rows, same } = differences(members);
    const heads = h("tr", { class: "runs-section" }, h("th", { scope: "rowgroup", colSpan: members.length + 1 },
        title, h("span", { class: "runs-same" }, same ? `${same} the same` : rows.length ? "" : "none")));
    return h("tbody", {}, heads, rows.map(({ name, values }) => h("tr", {}, h("th", { scope: "row", title: name }, name),
        values.map((value) => h("td", {}, value === undefined ? "–" : textOf(value, name))))));
}

/* `onChange()`: other runs are laid over; `onLive(folders)`: of those that are, these have more points now. */
export function makeRuns(app, onChange, onLive) {
    return new Runs(app, onChange, onLive);
}
