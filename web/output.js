/* output.js: what the trainer printed */

import { h, replace, setText } from "./dom.js";
import { bytes } from "./format.js";
import { Lines, plainText } from "./output_lines.js";

const PAGE = 200;
const LINES_MOST = 5000;
const NEAR = 24; /* px from an end that count as being there */

function lineElement({ text, skipped }) {
    const note = skipped ? h("div", { class: "output-skipped" }, `… ${bytes(skipped)} passed over, faster than it can be shown …`) : null;
    return [note, h("div", { class: "output-line" }, text || "\u200b")];
}

class Output {
    constructor(app) {
        this.app = app;
        this.lines = new Lines();
        this.early = null;    /* events that came while a page was asked for */
        this.shown = false;
        this.busy = false;
        this.makeElements();
        app.state.on("output", (event) => this.event(event));
        app.state.on("resync", () => this.begin());
    }

    makeElements() {
        this.top = h("div", { class: "output-top" });
        this.list = h("div", {});
        this.partial = h("div", { class: "output-line output-partial" });
        this.scroller = h("div", { class: "output-lines", tabIndex: 0, role: "region", "aria-label": "What the trainer printed",
            on: { scroll: () => this.scrolled() } }, this.top, this.list, this.partial);
        this.newest = h("button", { class: "output-newest", type: "button", hidden: true, on: { click: () => this.toEnd() } }, "↓ newest");
        this.element = h("div", { class: "output", on: {
            shown: ({ detail }) => this.setShown(detail),
            placed: ({ detail }) => { this.note = detail.note; this.setShown(detail.section.open); },
        } }, this.scroller, this.newest);
    }

    setShown(shown) {
        this.shown = shown;
        this.begin();
    }

    /* Folded away only the newest line is kept, and shown beside the title. */
    async begin() {
        this.early = [];
        try {
            const told = await this.app.link.ask("output", { lines: this.shown ? PAGE : 1 });
            this.lines.load(told);
            this.early.forEach((event) => this.lines.add(event));
            this.showAll();
        } catch (error) {
            replace(this.top, h("span", { class: "error-text" }, error.message));
        } finally {
            this.early = null;
        }
    }

    showAll() {
        this.noteNewest();
        if (!this.shown)
            return;
        replace(this.list, this.lines.lines.map(lineElement));
        this.showEnds();
        this.toEnd();
    }

    showEnds() {
        setText(this.partial, this.lines.partial);
        const full = this.lines.before !== null && this.lines.lines.length >= LINES_MOST;
        const none = this.lines.lines.length === 0 && !this.lines.partial;
        const folder = this.app.state.run.folder;
        setText(this.top, none ? "Nothing was printed yet, or the trainer was not started by trimtab run."
            : full ? `Older lines are in ${folder}/output` : this.lines.before === null ? "The beginning" : "Older lines come as you scroll up");
    }

    noteNewest() {
        const text = this.lines.partial || this.lines.lines.at(-1)?.text || "";
        if (this.note)
            setText(this.note, this.shown ? "" : text);
    }

    event(event) {
        if (this.early)
            this.early.push(event);
        else if (this.shown)
            this.append(event);
        else if (this.note)
            setText(this.note, plainText(event.partial || event.lines.at(-1) || this.note.textContent));
    }

    append(event) {
        const follow = this.atEnd();
        for (const fresh of this.lines.add(event))
            this.list.append(...lineElement(fresh).filter(Boolean));
        if (follow && this.lines.lines.length > LINES_MOST && this.lines.trim(LINES_MOST - PAGE))
            replace(this.list, this.lines.lines.map(lineElement));
        this.showEnds();
        if (follow)
            this.toEnd();
        this.newest.hidden = follow;
    }

    atEnd() {
        const { scrollHeight, scrollTop, clientHeight } = this.scroller;
        return scrollHeight - scrollTop - clientHeight < NEAR;
    }

    toEnd() {
        this.scroller.scrollTop = this.scroller.scrollHeight;
        this.newest.hidden = true;
    }

    scrolled() {
        if (this.atEnd())
            this.newest.hidden = true;
        if (this.scroller.scrollTop < NEAR)
            this.pageUp();
    }

    /* What is looked at stays where it is while older lines come in above it. */
    async pageUp() {
        if (this.busy || this.early || this.lines.before === null || this.lines.lines.length >= LINES_MOST)
            return;
        this.busy = true;
        try {
            const { before } = this.lines;
            const told = await this.app.link.ask("output", { lines: PAGE, before });
            if (before === this.lines.before)
                this.prepend(this.lines.older(told));
        } catch (error) {
            replace(this.top, h("span", { class: "error-text" }, error.message));
        } finally {
            this.busy = false;
        }
    }

    prepend(older) {
        const { scrollHeight, scrollTop } = this.scroller;
        this.list.prepend(...older.flatMap(lineElement).filter(Boolean));
        this.showEnds();
        this.scroller.scrollTop = scrollTop + this.scroller.scrollHeight - scrollHeight;
    }
}

export function makeOutput(app) {
    return new Output(app).element;
}
