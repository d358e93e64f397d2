/* output_lines.js: the trainer's lines in order, from pages of the kept output and from events that may overlap them */

const ESCAPES = /\u001b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\^_])/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

/* Colours and cursor movements mean nothing here. */
export const plainText = (text) => text.replace(ESCAPES, "").replace(CONTROLS, "");

const line = ({ at = null, text, skipped = 0 }) => ({ at, text: plainText(text), skipped });

export class Lines {
    constructor() {
        this.clear();
    }

    clear() {
        this.lines = [];
        this.partial = "";
        this.before = null; /* where the next older page ends */
    }

    load(told) {
        this.lines = told.lines.map(line);
        this.partial = plainText(told.partial ?? "");
        this.before = told.before;
    }

    /* The older lines, which now stand before the others. */
    older(told) {
        const older = told.lines.map(line);
        this.lines = [...older, ...this.lines];
        this.before = told.before;
        return older;
    }

    /* How many lines of the event stand here already: a page is read ahead of the events. */
    overlap(at) {
        const last = this.lines.findLast((one) => one.at !== null);
        if (!last || at > last.at)
            return 0;
        const from = this.lines.findIndex((one) => one.at === at);
        return from < 0 ? Infinity : this.lines.length - from;
    }

    /* The lines of the event that are new. */
    add(event) {
        const known = this.overlap(event.at);
        const fresh = event.lines.slice(known).map((text, i) => line({ text, at: known + i === 0 ? event.at : null }));
        if (event.skipped && fresh.length)
            fresh[0].skipped = event.skipped;
        this.lines.push(...fresh);
        if (known === 0 || fresh.length)
            this.partial = plainText(event.partial ?? "");
        return fresh;
    }

    /* At most `most` stay, the newest. What is dropped can be paged in again, so the first one's place must be known. */
    trim(most) {
        let drop = this.lines.length - most;
        if (drop <= 0)
            return 0;
        while (drop < this.lines.length && this.lines[drop].at === null)
            drop++;
        if (drop === this.lines.length)
            return 0;
        this.lines.splice(0, drop);
        this.before = this.lines[0].at;
        return drop;
    }
}
