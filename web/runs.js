/* runs.js: the runs beside this one: which are laid over the curves, and in what they differ */

import { h, replace, setText, toast } from "./dom.js";
import { ago, count, exact, number, time, value as valueText } from "./format.js";
import { differences } from "./curve_diff.js";

const CHOSEN_AT_MOST = 5;

const baseName = (path) => path.replace(/\/+$/, "").split("/").pop();

function stepText(run) {
    if (run.step === null || run.step === undefined)
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

class Runs {
    constructor(app, onChange) {
        this.app = app;
        this.onChange = onChange;
        this.known = [];
        this.chosen = []; /* [{folder, ...what code 13 tells}], at most five */
        this.list = h("div", { class: "runs-list" });
        this.table = h("div", { class: "runs-table", hidden: true });
        this.count = h("span", { class: "runs-count" });
        this.refresh = h("button", { type: "button", class: "runs-refresh", on: { click: () => this.ask() } }, "Look again");
        this.element = h("details", { class: "runs", on: { toggle: () => this.element.open && this.known.length === 0 && this.ask() } },
            h("summary", { class: "runs-head" }, "Compare with runs beside this one", this.count),
            h("div", { class: "runs-body" }, this.list, this.table, this.refresh));
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
            replace(this.list, h("p", { class: "runs-note" }, `The runs could not be listed: ${refusal.message}`));
        }
        this.refresh.disabled = false;
    }

    showList() {
        const items = this.known.map((run) => this.makeItem(run));
        const unlisted = this.total - this.known.length;
        const more = unlisted > 0 ? h("p", { class: "runs-note" }, `${count(unlisted)} more are not listed.`) : null;
        replace(this.list, items.length ? items : h("p", { class: "runs-note" }, "There is no other run in the folder of this one."), more);
    }

    makeItem(run) {
        const box = h("input", { type: "checkbox", checked: this.chosen.some((one) => one.folder === run.folder), disabled: Boolean(run.error),
            on: { change: () => this.choose(run, box) } });
        const facts = run.error ?? factsOf(run);
        return h("label", { class: run.error ? "runs-item runs-item-bad" : "runs-item", title: `${run.folder}: ${facts}` },
            box, h("span", { class: "runs-name" }, run.folder), h("span", { class: "runs-facts" }, facts));
    }

    choose(run, box) {
        if (box.checked && this.chosen.length >= CHOSEN_AT_MOST) {
            box.checked = false;
            toast(`At most ${CHOSEN_AT_MOST} runs can be laid over this one`, "warning");
            return;
        }
        this.chosen = box.checked ? [...this.chosen, run] : this.chosen.filter((one) => one.folder !== run.folder);
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

export function makeRuns(app, onChange) {
    return new Runs(app, onChange);
}
