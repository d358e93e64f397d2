/* curve_plot.js: one uPlot: axes, cursor and selection are its own, the lines are drawn by curve_draw.js in its hook. Its y scale
 * runs from 0 to 1, so that neither logarithms nor tiny values need another one. */

import uPlot from "./uplot.js";
import { axisWidth, linearTicks, logTicks, xTicks } from "./curve_axis.js";
import { drawTrack } from "./curve_draw.js";
import { bindInput } from "./curve_input.js";
import { drawSelected, drawTimeline, spread } from "./curve_marks.js";
import { extent, settled } from "./curve_math.js";

const SYNC_KEY = "trimtab-curves";
const X_AXIS_HEIGHT = 24;
const TICK = 4;
const GAP = 5; /* between tick and label */
const MARK_GAP = 7;
const FAR = 1e5; /* pixels outside, where a line may still lead to */

function axisOptions(plot, side, size, splits) {
    const { colors } = plot.shared;
    const line = { stroke: () => colors.line, width: 1 };
    return {
        scale: side === 2 ? "x" : "y", side, size, gap: side === 2 ? 4 : GAP, font: "11px system-ui, sans-serif",
        stroke: () => colors["ink-2"], grid: line, ticks: { ...line, size: TICK }, border: { show: true, ...line },
        incrs: (u, i, min, max) => [Math.max(5, max - min)], /* uPlot looks for a step of its own, and takes any of 5 and more */
        splits: (u, i, min, max) => splits(min, max).map((tick) => tick.at),
        values: () => plot.ticks[side].map((tick) => tick.text), filter: (u, at) => at,
    };
}

function options(plot, width, height) {
    return {
        width, height, legend: { show: false }, padding: [10, 14, 0, 0],
        series: [{}, { show: true, paths: () => null, points: { show: false } }],
        scales: { x: { time: false, auto: false }, y: { auto: false, range: [0, 1] } },
        axes: [axisOptions(plot, 2, X_AXIS_HEIGHT, (min, max) => plot.xTicks(min, max)),
            axisOptions(plot, 3, (u, labels) => plot.fitLabels(u, labels ?? []), () => plot.yTicks())],
        cursor: {
            y: false, points: { show: false }, drag: { x: true, y: false, setScale: false, dist: 5 },
            sync: { key: SYNC_KEY, setSeries: false, scales: ["x", null], filters: { pub: (type) => type === "mousemove", sub: () => true } },
            bind: { mousedown: plainButton, dblclick: () => null },
        },
        hooks: { draw: [(u) => plot.paint(u)], setSelect: [(u) => plot.selected(u)], setCursor: [() => plot.onCursor()] },
    };
}

/* With shift a drag pans (curve_input.js). */
function plainButton(u, target, handler) {
    return (event) => {
        if (event.button === 0 && !event.shiftKey)
            handler(event);
    };
}

export class Plot {
    /* `shared`: {view, colors, marks}; `source`: {lines(), log(), onCursor(), onMark(mark)} */
    constructor(host, shared, source) {
        this.host = host;
        this.shared = shared;
        this.source = source;
        this.ticks = {};
        this.y = null;
        this.valueless = true; /* there is no finite value in view, and so no scale */
        this.yFor = null;
        this.ticksFor = null;
        this.hair = 0;
        this.yWidth = 0;
        this.shown = [];  /* of the last drawing: {line, level, extent} */
        this.places = []; /* the timeline's marks */
        this.size = { width: Math.max(120, host.clientWidth), height: Math.max(80, host.clientHeight) };
        const { from, to } = shared.view.range();
        this.u = new uPlot(options(this, this.size.width, this.size.height), [[from, to], [null, null]], host);
        this.unbind = bindInput(this);
    }

    destroy() {
        this.unbind();
        this.u.destroy();
    }

    resize() {
        const width = Math.max(120, this.host.clientWidth);
        const height = Math.max(80, this.host.clientHeight);
        if (width === this.size.width && height === this.size.height)
            return;
        this.size = { width, height };
        this.u.setSize(this.size);
    }

    fitLabels(u, labels) {
        [u.ctx.font] = u.axes[1].font;
        const widest = Math.max(0, ...labels.map((text) => u.ctx.measureText(text).width)) / uPlot.pxRatio;
        return (this.yWidth = axisWidth(this.yWidth, TICK + GAP + widest));
    }

    xTicks(min, max) {
        const { view } = this.shared;
        const most = Math.max(2, Math.floor((this.size.width - this.yWidth) / 62));
        return (this.ticks[2] = xTicks(view.axis, { from: min, to: max }, view.start, most));
    }

    yTicks() {
        if (!this.y || this.valueless)
            return (this.ticks[3] = []);
        const { from, to } = this.y;
        const most = Math.max(2, Math.floor((this.size.height - X_AXIS_HEIGHT) / 27));
        const ticks = this.source.log() ? logTicks(from, to, most) : linearTicks(from, to, most);
        return (this.ticks[3] = ticks.map(({ at, text }) => ({ at: (at - from) / (to - from), text })));
    }

    draw() {
        const { view } = this.shared;
        this.range = view.range();
        this.look(view.by, this.range);
        this.u.batch(() => {
            this.u.setData([[this.range.from, this.range.to], [null, null]], false);
            this.u.setScale("x", { min: this.range.from, max: this.range.to });
            this.u.setScale("y", { min: 0, max: this.yMax() });
        });
    }

    /* uPlot finds its ticks anew only where a scale has changed: a hair does. */
    yMax() {
        const { view } = this.shared;
        const ticksFor = [this.y.from, this.y.to, this.valueless, this.source.log(), view.axis, view.start].join();
        if (ticksFor !== this.ticksFor)
            this.hair = this.hair ? 0 : 1e-9;
        this.ticksFor = ticksFor;
        return 1 + this.hair;
    }

    /* Which level of each line is shown, and on what y axis all of them find room. */
    look(by, range) {
        const log = this.source.log();
        this.shown = [];
        let lo = Infinity;
        let hi = -Infinity;
        for (const line of this.source.lines()) {
            const level = line.track.pick(by, range.from, range.to);
            if (!level)
                continue;
            const seen = extent(level, by, range, log);
            this.shown.push({ line, level, extent: seen });
            lo = Math.min(lo, seen.lo);
            hi = Math.max(hi, seen.hi);
        }
        this.valueless = !(lo <= hi);
        const key = `${by} ${log} ${this.shared.view.follows}`;
        const before = this.yFor === key && this.shared.view.follows ? this.y : null;
        this.yFor = key;
        this.y = log ? settled(before, Math.log10(lo), Math.log10(hi)) : settled(before, lo, hi);
    }

    /* Where things are on the canvas. */
    geometry(u) {
        const { left, top, width, height } = u.bbox;
        const { from, to } = this.range;
        const scaleX = width / (to - from);
        const y = this.y;
        const log = this.source.log();
        const low = top - FAR;
        const high = top + height + FAR;
        const toPixel = height / (y.to - y.from);
        return {
            left, top, width, height, ratio: uPlot.pxRatio, axis: this.shared.view.by, log, range: this.range,
            scaleX, shiftX: left - from * scaleX,
            y: (value) => Math.min(high, Math.max(low, top + height - ((log ? Math.log10(value) : value) - y.from) * toPixel)),
        };
    }

    paint(u) {
        if (!this.y)
            return;
        const { view, colors, marks } = this.shared;
        const plot = this.geometry(u);
        const toX = (x) => x * plot.scaleX + plot.shiftX;
        const { ctx } = u;
        ctx.save();
        ctx.beginPath();
        ctx.rect(plot.left, plot.top - 6 * plot.ratio, plot.width, plot.height + 6 * plot.ratio);
        ctx.clip();
        this.places = spread(marks.list, view.by, this.range, toX, MARK_GAP * plot.ratio);
        drawTimeline(ctx, { ...plot, top: plot.top - 6 * plot.ratio, height: plot.height + 6 * plot.ratio }, this.places, colors);
        ctx.beginPath();
        ctx.rect(plot.left, plot.top, plot.width, plot.height);
        ctx.clip();
        if (Number.isFinite(view.selected?.[view.by]))
            drawSelected(ctx, plot, toX(view.selected[view.by]), colors);
        for (let i = this.shown.length - 1; i >= 0; i--) {
            const { line, level } = this.shown[i];
            const untils = new Map(line.track.segments.map((one) => [one.segment, one.until]));
            drawTrack(ctx, plot, { ...line, untils, colors }, level, view);
        }
        ctx.restore();
    }

    selected(u) {
        const { left, width } = u.select;
        if (width < 4)
            return;
        const range = { from: u.posToVal(left, "x"), to: u.posToVal(left + width, "x") };
        u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        this.shared.view.show(range);
    }

    onCursor() {
        this.source.onCursor();
    }

    /* The place under the cursor on the x axis, or null. */
    cursorX() {
        const { left } = this.u.cursor;
        return left === undefined || left === null || left < 0 ? null : this.u.posToVal(left, "x");
    }

    /* The timeline's marks at so many CSS pixels from the left of the plot, or null. */
    markAt(left) {
        const x = left * uPlot.pxRatio + this.u.bbox.left;
        let best = null;
        for (const place of this.places) {
            const distance = Math.abs(place.x - x);
            if (distance <= 5 * uPlot.pxRatio && (!best || distance < best.distance))
                best = { ...place, distance, left: (place.x - this.u.bbox.left) / uPlot.pxRatio };
        }
        return best;
    }
}
