/* curves.js: the curves of the run: groups of panels, and what joins them to the state, the view and the feed */

import { h, setText } from "./dom.js";
import { Colors } from "./curve_colors.js";
import { Feed } from "./curve_feed.js";
import { Frames } from "./curve_frames.js";
import { Group } from "./curve_group.js";
import { convertBy, extendBounds } from "./curve_bounds.js";
import { makeLines } from "./curve_lines.js";
import { makeFilter, planPanels } from "./curve_plan.js";
import { makeToolbar } from "./curve_toolbar.js";
import { marksOf } from "./curve_marks.js";
import { Panel } from "./panel.js";
import { makeRuns } from "./runs.js";
import { View } from "./view.js";

const LIVE_PLOTS = 40;
const REFINE_MS = 100;
const NEAR = "300px";

class Curves {
    constructor(app) {
        this.app = app;
        this.view = new View();
        this.colors = new Colors(() => this.redrawAll());
        this.marks = { list: marksOf(app.state.log) };
        this.groups = new Map();
        this.panels = new Map();
        this.near = new Set();   /* panels with a plot and fresh points */
        this.inView = new Set(); /* those of them that can be seen: only they are drawn all the time */
        this.idle = new Set();  /* panels with a plot, out of view, the longest first */
        this.pointedPanels = new Set();
        this.byName = new Map();
        this.matches = () => true;
        this.feed = new Feed(app.link, () => this.wants(), (tracks) => this.gotData(tracks),
            (name) => this.byName.get(name)?.time);
        this.frames = new Frames((panel) => this.inView.has(panel) || (this.near.has(panel) && !panel.drawn));
        this.frames.before = () => this.beforeFrame();
        this.makeElement();
        this.makeObservers();
        this.listen();
        this.layOut();
    }

    makeElement() {
        const { view } = this;
        this.toolbar = makeToolbar(view, (x, from, to) => convertBy(this.feed.tracks, x, from, to), (text) => this.filter(text));
        this.runs = makeRuns(this.app, () => this.runsChanged(), (folders) => this.feed.expire((track) => folders.has(track.run)));
        this.empty = h("p", { class: "curves-empty" });
        this.groupsElement = h("div", { class: "curves-groups" });
        this.element = h("section", { class: "curves" }, this.toolbar.element, this.runs.element, this.empty, this.groupsElement);
    }

    makeObservers() {
        this.nearby = new IntersectionObserver((entries) => this.come(entries), { rootMargin: NEAR, scrollMargin: NEAR });
        this.visible = new IntersectionObserver((entries) => this.seen(entries));
        this.sizes = new ResizeObserver((entries) => this.resized(entries));
    }

    listen() {
        const { state } = this.app;
        this.view.on((what) => this.viewChanged(what));
        state.on("series", () => this.layOut());
        state.on("points", (points) => this.live(points));
        state.on("log", () => this.logChanged());
        state.on("run", () => this.showEmpty());
        state.on("gap", () => this.feed.breakOff());
        state.on("resync", () => this.resync());
        state.on("connection", (connection) => connection === "open" && this.feed.soon(0));
        state.on("select", (place) => this.view.select(place));
        document.addEventListener("visibilitychange", () => this.feed.soon(0));
    }

    /* ---- what panels ask of it ---- */

    seriesOf(name) {
        return this.byName.get(name);
    }

    linesOf(panel) {
        return makeLines(panel.names, this.runs.chosen, this.feed, this.colors, this.groupPlaces);
    }

    redraw(panel) {
        this.frames.add([panel], true);
    }

    selectMark(mark) {
        this.app.state.emit("select", { step: Number.isFinite(mark.step) ? mark.step : null, time: mark.time, entry: mark.entry });
    }

    /* The cursor has moved, also where another panel's moves with it. */
    pointed(panel) {
        if (this.pointedPanels.size === 0)
            requestAnimationFrame(() => {
                for (const one of this.pointedPanels)
                    if (this.inView.has(one))
                        one.point();
                this.pointedPanels.clear();
            });
        this.pointedPanels.add(panel);
    }

    /* ---- layout ---- */

    layOut() {
        const names = [...this.app.state.series.values()].map((series) => series.name);
        this.byName = new Map([...this.app.state.series.values()].map((series) => [series.name, series]));
        const key = JSON.stringify([names, this.view.overlay]);
        if (key !== this.laidOut) {
            this.laidOut = key;
            this.groupPlaces = new Map(planPanels(names, false).map(({ group }, i) => [group, i]));
            this.reconcile(planPanels(names, this.view.overlay));
        }
        this.refilter();
        this.frames.add(this.inView);
    }

    reconcile(plan) {
        const kept = new Map();
        for (const { group, panels } of plan) {
            if (!this.groups.has(group)) {
                this.groups.set(group, new Group(group));
                this.groupsElement.append(this.groups.get(group).element);
            }
            this.groups.get(group).setPanels(panels.map((one) => this.keepPanel(one, kept)));
        }
        for (const [name, group] of this.groups)
            if (!plan.some((one) => one.group === name)) {
                group.element.remove();
                this.groups.delete(name);
            }
        for (const [key, panel] of this.panels)
            if (!kept.has(key))
                this.dropPanel(panel);
        this.panels = kept;
    }

    keepPanel({ title, names }, kept) {
        const key = names.join("\n");
        const known = this.panels.get(key);
        const panel = known ?? new Panel(this, key, title, names);
        kept.set(key, panel);
        for (const observer of known ? [] : [this.nearby, this.visible])
            observer.observe(panel.element);
        return panel;
    }

    dropPanel(panel) {
        this.nearby.unobserve(panel.element);
        this.visible.unobserve(panel.element);
        if (panel.host)
            this.sizes.unobserve(panel.host);
        panel.element.remove();
        panel.sleep();
        for (const set of [this.near, this.inView, this.idle])
            set.delete(panel);
    }

    filter(text) {
        this.matches = makeFilter(text);
        this.refilter();
    }

    refilter() {
        let shown = 0;
        for (const group of this.groups.values())
            shown += group.filter(this.matches);
        this.empty.hidden = shown > 0;
        this.showEmpty();
    }

    showEmpty() {
        setText(this.empty, this.empty.hidden ? "" : this.emptyText());
    }

    emptyText() {
        const { run, trainer } = this.app.state;
        if (this.panels.size > 0)
            return "No series has a name like that.";
        if (run.state === "finished")
            return "The trainer has declared no series.";
        return trainer?.attached ? "The trainer has declared no series yet." : "Waiting for a trainer";
    }

    /* ---- which panels live ---- */

    seen(entries) {
        for (const { target, isIntersecting } of entries) {
            if (isIntersecting)
                this.inView.add(target.panel);
            else
                this.inView.delete(target.panel);
        }
        this.frames.add(this.inView, true);
    }

    come(entries) {
        for (const { target, isIntersecting } of entries) {
            const { panel } = target;
            if (isIntersecting && this.panels.get(panel.key) === panel)
                this.wake(panel);
            else
                this.rest(panel);
        }
        this.putToSleep();
        this.feed.soon(20);
    }

    wake(panel) {
        panel.wake();
        this.sizes.observe(panel.host);
        this.idle.delete(panel);
        this.near.add(panel);
        this.frames.add([panel], true);
    }

    rest(panel) {
        if (this.near.delete(panel))
            this.idle.add(panel);
    }

    putToSleep() {
        for (const panel of this.idle) {
            if (this.near.size + this.idle.size <= LIVE_PLOTS)
                break;
            panel.sleep();
            this.idle.delete(panel);
        }
        this.feed.trim(new Set(this.wants().map(({ track }) => track)));
    }

    resized(entries) {
        for (const { target } of entries) {
            const { panel } = target.closest(".panel") ?? {};
            panel?.plot?.resize();
            if (panel)
                this.frames.add([panel], true);
        }
        this.feed.soon(REFINE_MS);
    }

    wants() {
        return document.hidden ? [] : [...this.near].flatMap((panel) => panel.wants());
    }

    /* ---- what changes ---- */

    live(points) {
        const changed = this.feed.live(points, (id) => this.app.state.series.get(id)?.name);
        if (extendBounds(this.view, this.feed.tracks, this.app.state, points))
            this.frames.add(this.inView);
        else if (changed.size > 0)
            this.frames.add([...this.inView].filter((panel) => panel.lines.some(({ track }) => changed.has(track))));
    }

    gotData() {
        extendBounds(this.view, this.feed.tracks, this.app.state, null);
        this.frames.add(this.inView, true);
    }

    viewChanged(what) {
        this.toolbar.update();
        if (what === "overlay")
            this.layOut();
        this.frames.add(this.inView, true);
        this.feed.soon(what === "range" ? REFINE_MS : 0, what === "range");
    }

    beforeFrame() {
        this.toolbar.update();
        if (this.view.follows)
            this.feed.soon(1000);
    }

    logChanged() {
        this.marks.list = marksOf(this.app.state.log);
        this.frames.add(this.inView);
    }

    runsChanged() {
        this.redrawAll();
        this.feed.soon(0);
    }

    resync() {
        this.feed.expire();
        this.layOut();
    }

    redrawAll() {
        this.frames?.add(this.inView, true);
    }
}

export function makeCurves(app) {
    return new Curves(app).element;
}
