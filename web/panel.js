/* panel.js: one chart with its title, legend and buttons. Far from the view it is an empty box of the same height. */

import { h, replace, setText, toast } from "./dom.js";
import { number, toNumber } from "./format.js";
import { Legend } from "./curve_legend.js";
import { marksText } from "./curve_marks.js";
import { Plot } from "./curve_plot.js";
import { drawPicture, fileName, saveCsv, savePng } from "./save.js";

const AXIS_NAMES = { step: "step", time: "time since the start", clock: "time" };
const TOLD_EVERY_MS = 5000; /* to screen readers */

function button(text, label, act, pressed) {
    const props = { type: "button", class: "panel-button", title: label, "aria-label": label, "aria-pressed": pressed, on: { click: act } };
    return h("button", props, text);
}

export class Panel {
    /* `shared`: the Curves; `names`: of the series in it */
    constructor(shared, key, title, names) {
        this.shared = shared;
        this.key = key;
        this.title = title;
        this.names = names;
        this.ownLog = null; /* else as all */
        this.plot = null;
        this.lines = [];
        this.toldAt = 0;
        this.drawn = false;
        this.element = h("article", { class: "panel", "aria-label": title }, this.makeTitle());
        this.element.panel = this;
    }

    makeTitle() {
        return h("h3", { class: "panel-title", title: this.title }, this.title);
    }

    get log() {
        return this.ownLog ?? this.shared.view.log;
    }

    make() {
        this.made = true;
        this.last = h("span", { class: "panel-last" });
        this.unit = h("span", { class: "panel-unit" });
        this.legend = new Legend();
        this.host = h("div", { class: "panel-plot" });
        this.note = h("div", { class: "panel-note", hidden: true });
        this.tip = h("div", { class: "panel-tip", hidden: true });
        replace(this.element, h("header", { class: "panel-head" }, this.makeTitle(), this.last, this.unit, this.makeTools()),
            this.legend.element, h("div", { class: "panel-stage" }, this.host, this.note, this.tip));
        this.host.addEventListener("pointermove", (event) => this.showTip(event));
        this.host.addEventListener("pointerleave", () => (this.tip.hidden = true));
    }

    makeTools() {
        const of = `of ${this.title}`;
        this.logButton = button("log", `Logarithmic y axis ${of}`, () => this.toggleLog(), String(this.log));
        this.wideButton = button("⤢", `Enlarge ${this.title}`, () => this.toggleWide(), "false");
        return h("span", { class: "panel-tools" }, this.logButton, button("CSV", `Save the points ${of} in view as CSV`, () => this.saveCsv()),
            button("PNG", `Save the picture ${of} as PNG`, () => this.savePng()), this.wideButton);
    }

    /* Comes near the view. */
    wake() {
        if (!this.made)
            this.make();
        if (this.plot)
            return;
        this.plot = new Plot(this.host, this.shared, {
            lines: () => this.lines, log: () => this.log,
            onCursor: () => this.shared.pointed(this), onMark: (mark) => this.shared.selectMark(mark),
        });
        this.plot.u.over.setAttribute("role", "img");
        this.plot.u.over.addEventListener("focus", () => this.tell(true));
        this.toldAt = 0;
    }

    /* Many others are nearer. */
    sleep() {
        this.plot?.destroy();
        this.plot = null;
        this.drawn = false;
    }

    /* What of it must be fetched: [{track, view}] */
    wants() {
        const { view } = this.shared;
        const range = view.range();
        const pixels = Math.max(200, this.host?.clientWidth ?? 400);
        return this.shared.linesOf(this).map(({ track }) => ({ track, view: { axis: view.by, ...range, whole: view.whole, pixels } }));
    }

    draw() {
        if (!this.plot)
            return;
        this.drawn = true;
        this.lines = this.shared.linesOf(this);
        this.legend.setLines(this.lines);
        this.plot.draw();
        this.logButton.setAttribute("aria-pressed", String(this.log));
        this.showLast();
        this.showNote();
        this.point();
        this.tell(false);
    }

    main() {
        return this.shared.seriesOf(this.names[0]);
    }

    showLast() {
        const series = this.main();
        const value = series?.last === undefined ? NaN : toNumber(series.last);
        setText(this.last, series?.last === undefined ? "" : number(value));
        setText(this.unit, series?.unit ?? "");
        this.unit.title = series?.unit ?? "";
        this.last.classList.toggle("panel-bad", series?.last !== undefined && !Number.isFinite(value));
    }

    showNote() {
        const text = this.noteText();
        setText(this.note, text);
        this.note.hidden = text === "";
    }

    noteText() {
        if (this.plot.shown.some(({ extent }) => extent.rows > 0))
            return "";
        const trouble = this.lines.find((line) => line.track.trouble !== null);
        if (trouble)
            return `The points could not be fetched: ${trouble.track.trouble}`;
        if (this.names.every((name) => this.shared.seriesOf(name)?.last === undefined))
            return "No point yet";
        return this.plot.shown.length === 0 ? "Loading" : "No point in view";
    }

    /* The legend at the cursor. */
    point() {
        if (this.plot)
            this.legend.update(this.lines, this.plot.shown, this.shared.view, this.plot.cursorX());
    }

    /* In words, for who cannot see it. */
    tell(now) {
        if (!now && performance.now() - this.toldAt < TOLD_EVERY_MS)
            return;
        this.toldAt = performance.now();
        const series = this.main();
        const texts = [this.title];
        if (series?.last !== undefined)
            texts.push(`last ${number(series.last)}${series.unit ? " " + series.unit : ""} at step ${series.step}`);
        for (const { line, extent } of this.plot.shown)
            if (extent.lo <= extent.hi)
                texts.push(`${this.plot.shown.length > 1 ? line.label + " " : ""}least ${number(extent.lo)}, greatest ${number(extent.hi)} in view`);
        this.plot.u.over.setAttribute("aria-label", `${texts.join(", ")}. Arrow keys pan, plus and minus zoom, 0 shows all.`);
    }

    showTip(event) {
        const place = this.plot?.markAt(event.clientX - this.plot.u.rect.left);
        this.tip.hidden = !place;
        this.host.classList.toggle("panel-plot-mark", Boolean(place));
        if (!place)
            return;
        setText(this.tip, marksText(place));
        const left = place.left + this.plot.u.over.offsetLeft;
        const right = left > this.host.clientWidth / 2;
        this.tip.style.left = right ? "auto" : `${left + 8}px`;
        this.tip.style.right = right ? `${this.host.clientWidth - left + 8}px` : "auto";
    }

    toggleLog() {
        this.ownLog = !this.log;
        this.shared.redraw(this);
    }

    toggleWide() {
        const wide = this.element.classList.toggle("panel-wide");
        this.wideButton.setAttribute("aria-pressed", String(wide));
        this.element.scrollIntoView({ block: "nearest" });
    }

    fileName(ending) {
        return fileName(this.shared.app.state.run?.name, this.title, ending);
    }

    saveCsv() {
        const { view } = this.shared;
        if (!this.plot || this.plot.shown.length === 0) {
            toast("There is nothing to save yet", "warning");
            return;
        }
        saveCsv(this.fileName("csv"), this.plot.shown, view.by, view.range());
    }

    savePng() {
        const { view, colors } = this.shared;
        if (!this.plot)
            return;
        const legend = this.plot.shown.map(({ line }) => ({ color: line.color, dash: line.dash, text: line.label }));
        const unit = this.main()?.unit;
        const title = unit ? `${this.title} (${unit})` : this.title;
        savePng(this.fileName("png"), drawPicture(this.plot.u.ctx.canvas, title, AXIS_NAMES[view.axis], legend, colors));
    }
}
