/* view.js: what all panels share: the x axis and its range, smoothing, what is marked. Ranges are in steps or in seconds since
 * the epoch. Without `fixed` the view follows: the whole run, or the newest `span` of it. */

import { readKept, writeKept } from "./kept.js";

const KEPT = "trimtab.curves";
const AXES = ["step", "time", "clock"];
const LEAST_SPAN = { step: 1, time: 1e-4 };

/* All of these answer a range {from, to}. */
export function panned(range, part) {
    const move = (range.to - range.from) * part;
    return { from: range.from + move, to: range.to + move };
}

export function zoomed(range, factor, around) {
    const centre = around ?? (range.from + range.to) / 2;
    return { from: centre - (centre - range.from) * factor, to: centre + (range.to - centre) * factor };
}

/* At least `span` long, and never wholly outside the bounds. */
export function bounded(range, bounds, least) {
    let { from, to } = range;
    if (to < from)
        [from, to] = [to, from];
    const length = Math.min(Math.max(to - from, least), Math.max(3 * (bounds.to - bounds.from), least));
    const centre = Math.min(Math.max((from + to) / 2, bounds.from), bounds.to);
    return { from: centre - length / 2, to: centre + length / 2 };
}

/* A range has a length also where there is one point or none. */
export function widened(from, to, least) {
    if (!Number.isFinite(from) || !Number.isFinite(to))
        return { from: 0, to: least };
    return to - from >= least ? { from, to } : { from: (from + to - least) / 2, to: (from + to + least) / 2 };
}

/* Another version of the page may have kept something else. */
function keptLook() {
    try {
        return JSON.parse(readKept(KEPT)) ?? {};
    } catch {
        return {};
    }
}

export class View {
    constructor() {
        this.axis = "step";     /* as chosen: step, time (since the start) or clock */
        this.fixed = null;
        this.span = null;
        this.smoothing = 0;
        this.log = false;
        this.overlay = false;
        this.selected = null;   /* {step, time} that the timeline points at */
        this.bounds = { step: widened(NaN, NaN, 1), time: widened(NaN, NaN, 1) };
        this.start = 0;         /* when the run began, seconds since the epoch */
        this.listeners = new Set();
        this.recall();
    }

    on(fn) {
        this.listeners.add(fn);
        return () => this.listeners.delete(fn);
    }

    /* `what`: range, axis, look (how it is drawn), overlay (which panels there are) */
    changed(what) {
        if (what !== "range")
            this.remember();
        for (const fn of this.listeners)
            fn(what);
    }

    remember() {
        const { axis, smoothing, log, overlay } = this;
        writeKept(KEPT, JSON.stringify({ axis, smoothing, log, overlay }));
    }

    recall() {
        const kept = keptLook();
        this.axis = AXES.includes(kept.axis) ? kept.axis : "step";
        this.smoothing = kept.smoothing >= 0 && kept.smoothing <= 0.99 ? kept.smoothing : 0;
        this.log = kept.log === true;
        this.overlay = kept.overlay === true;
    }

    /* The column by which rows are found: step or time. */
    get by() {
        return this.axis === "step" ? "step" : "time";
    }

    get whole() {
        return this.fixed === null && this.span === null;
    }

    get follows() {
        return this.fixed === null;
    }

    range() {
        if (this.fixed)
            return this.fixed;
        const { from, to } = this.bounds[this.by];
        return this.span === null ? { from, to } : { from: to - this.span, to };
    }

    setBounds(step, time) {
        const bounds = { step: widened(step.from, step.to, 1), time: widened(time.from, time.to, 0.1) };
        const same = (a, b) => a.from === b.from && a.to === b.to;
        if (same(bounds.step, this.bounds.step) && same(bounds.time, this.bounds.time))
            return false;
        this.bounds = bounds;
        return true;
    }

    show(range) {
        this.fixed = bounded(range, this.bounds[this.by], LEAST_SPAN[this.by]);
        this.span = null;
        this.changed("range");
    }

    zoom(factor, around = null) {
        this.show(zoomed(this.range(), factor, around));
    }

    pan(part) {
        this.show(panned(this.range(), part));
    }

    reset() {
        this.fixed = this.span = null;
        this.changed("range");
    }

    /* On: the present length slides along with the newest point. Off: the view stays where it is. */
    follow(on) {
        const range = this.range();
        this.span = on && this.fixed ? range.to - range.from : null;
        this.fixed = on ? null : { ...range };
        this.changed("range");
    }

    /* `convert(x, from, to)` tells a place on one axis by the other, or NaN. */
    setAxis(axis, convert) {
        const before = this.by;
        this.axis = axis;
        if (before !== this.by && !this.whole)
            this.convertRange(before, convert);
        this.changed("axis");
    }

    convertRange(before, convert) {
        const range = this.fixed ?? { from: this.bounds[before].to - this.span, to: this.bounds[before].to };
        const follows = this.follows;
        const from = convert(range.from, before, this.by);
        const to = convert(range.to, before, this.by);
        this.fixed = this.span = null;
        if (!(to > from))
            return;
        if (follows)
            this.span = to - from;
        else
            this.fixed = { from, to };
    }

    select(place) {
        this.selected = place;
        const x = place?.[this.by];
        const range = this.range();
        if (Number.isFinite(x) && (x < range.from || x > range.to)) {
            const half = (range.to - range.from) / 2;
            this.show({ from: x - half, to: x + half });
        } else {
            this.changed("select");
        }
    }

    set(name, value) {
        this[name] = value;
        this.changed(name === "overlay" ? "overlay" : "look");
    }
}
