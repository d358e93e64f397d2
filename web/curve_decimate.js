/* curve_decimate.js: rows -> at most a few vertices a pixel column. In a column min and max are kept whole, so no spike is
 * missed; the mean is that of its points. What is not finite ends the line there, and the next begins anew. */

import { edges } from "./curve_rows.js";

export const BAND = 1;  /* the vertex is one of the band */
export const LINE = 2;  /* and of the line */
export const BREAK = 4; /* nothing is joined over it */

export class Vertices {
    constructor(capacity = 4096) {
        this.size = 0;
        this.allot(capacity);
    }

    allot(capacity) {
        const before = this.x ? this : null;
        this.capacity = capacity;
        for (const name of ["x", "lo", "hi", "mid", "smooth", "kind"]) {
            const column = new Float64Array(capacity);
            if (before)
                column.set(before[name]);
            this[name] = column;
        }
    }

    add(x, lo, hi, mid, smooth, kind) {
        if (this.size === this.capacity)
            this.allot(this.capacity * 2);
        const i = this.size++;
        this.x[i] = x;
        this.lo[i] = lo;
        this.hi[i] = hi;
        this.mid[i] = mid;
        this.smooth[i] = smooth;
        this.kind[i] = kind;
    }
}

class Column {
    constructor() {
        this.reset(NaN);
    }

    reset(at) {
        this.at = at;
        this.x = this.mid = this.smooth = this.weight = 0;
        this.lo = Infinity;
        this.hi = -Infinity;
    }

    put(x, lo, hi, mid, smooth, weight) {
        this.weight += weight;
        const part = weight / this.weight;
        this.x += (x - this.x) * part;
        this.mid += (mid - this.mid) * part;
        this.smooth += (smooth - this.smooth) * part;
        if (lo < this.lo)
            this.lo = lo;
        if (hi > this.hi)
            this.hi = hi;
    }

    flush(out) {
        if (this.weight > 0)
            out.add(this.x, this.lo, this.hi, this.mid, this.smooth, BAND | LINE);
        this.reset(NaN);
    }
}

const WIDE = 2; /* a bucket of more pixels has its own two edges */

function putWide(out, column, x0, x1, row) {
    column.flush(out);
    out.add(x0, row.lo, row.hi, NaN, NaN, BAND);
    out.add((x0 + x1) / 2, row.lo, row.hi, row.mid, row.smooth, BAND | LINE);
    out.add(x1, row.lo, row.hi, NaN, NaN, BAND);
}

/* What a log axis can show of a row; false: nothing. */
function cutRow(row) {
    if (!(row.hi > 0))
        return false;
    if (!(row.mid > 0))
        row.mid = NaN;
    if (!(row.lo > 0))
        row.lo = Number.MIN_VALUE;
    return true;
}

/* Rows [start, end) into `out`, which is emptied. x = step or time * plot.scaleX + plot.shiftX, in pixels. `smoothed`[0] is of row
 * `smoothedFrom`; null: none. Returns the places of what is not shown: {bad: [[x, value], ...], cut: [x, ...]}. */
export function decimate(rows, start, end, plot, smoothed, smoothedFrom, out) {
    const [first, last] = edges(rows, plot.axis);
    const { min, max, mean, count, bad } = rows;
    const marks = { bad: [], cut: [] };
    const column = new Column();
    const row = { lo: 0, hi: 0, mid: 0, smooth: 0 };
    out.size = 0;
    for (let i = start; i < end; i++) {
        const x0 = first[i] * plot.scaleX + plot.shiftX;
        const x1 = last[i] * plot.scaleX + plot.shiftX;
        const x = (x0 + x1) / 2;
        if (bad[i] > 0)
            note(marks.bad, x, rows.last[i]);
        row.lo = min[i];
        row.hi = max[i];
        row.mid = mean[i];
        row.smooth = smoothed ? smoothed[i - smoothedFrom] : row.mid;
        if (plot.log && row.lo <= 0)
            note(marks.cut, x, 0);
        if (row.mid !== row.mid || (plot.log && !cutRow(row))) {
            column.flush(out);
            out.add(x, NaN, NaN, NaN, NaN, BREAK);
        } else if (x1 - x0 > WIDE) {
            putWide(out, column, x0, x1, row);
        } else {
            const at = Math.floor(x);
            if (at !== column.at) {
                column.flush(out);
                column.at = at;
            }
            column.put(x, row.lo, row.hi, row.mid, row.smooth, count[i] - bad[i]);
        }
    }
    column.flush(out);
    return marks;
}

/* One mark a pixel is enough; a value that is not finite and a bucket that holds one may differ. */
function note(marks, x, value) {
    const before = marks[marks.length - 1];
    if (!before || Math.abs(before[0] - x) >= 1 || !Object.is(before[1], value))
        marks.push([x, value]);
}
