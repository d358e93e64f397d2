/* curve_rows.js: what is known of a series, in the order in which it was logged. A row is a point or a fold of points that
 * follow each other in one segment; a column is a typed array that grows. */

const COLUMNS = ["step0", "step1", "time0", "time1", "count", "min", "max", "mean", "last", "bad", "segment"];

/* NaN is "none": of two extremes the one that is there. */
const least = (a, b) => (b < a || a !== a ? b : a);
const greatest = (a, b) => (b > a || a !== a ? b : a);

export class Rows {
    constructor(capacity = 256) {
        this.size = 0;
        this.capacity = capacity;
        for (const name of COLUMNS)
            this[name] = new Float64Array(capacity);
    }

    reserve(size) {
        if (size <= this.capacity)
            return;
        this.capacity = Math.max(size, this.capacity * 2);
        for (const name of COLUMNS) {
            const grown = new Float64Array(this.capacity);
            grown.set(this[name].subarray(0, this.size));
            this[name] = grown;
        }
    }

    addPoint(step, time, value, segment) {
        this.reserve(this.size + 1);
        const i = this.size++;
        const finite = Number.isFinite(value);
        this.step0[i] = this.step1[i] = step;
        this.time0[i] = this.time1[i] = time;
        this.count[i] = 1;
        this.min[i] = this.max[i] = this.mean[i] = finite ? value : NaN;
        this.last[i] = value;
        this.bad[i] = finite ? 0 : 1;
        this.segment[i] = segment;
    }

    /* As the wire tells it: [first step, last step, first time, last time, count, min, max, mean, last, nonfinite, segment] */
    addBucket(bucket, toNumber) {
        this.reserve(this.size + 1);
        const i = this.size++;
        this.step0[i] = bucket[0];
        this.step1[i] = bucket[1];
        this.time0[i] = bucket[2];
        this.time1[i] = bucket[3];
        this.count[i] = bucket[4];
        this.min[i] = toNumber(bucket[5]);
        this.max[i] = toNumber(bucket[6]);
        this.mean[i] = toNumber(bucket[7]);
        this.last[i] = toNumber(bucket[8]);
        this.bad[i] = bucket[9];
        this.segment[i] = bucket[10];
    }

    move(from, to) {
        for (const name of COLUMNS)
            this[name][to] = this[name][from];
    }

    /* Row `later` goes into row `i`. */
    merge(i, later) {
        const here = this.count[i] - this.bad[i];
        const there = this.count[later] - this.bad[later];
        if (there > 0)
            this.mean[i] = here > 0 ? this.mean[i] + (this.mean[later] - this.mean[i]) * (there / (here + there)) : this.mean[later];
        this.min[i] = least(this.min[i], this.min[later]);
        this.max[i] = greatest(this.max[i], this.max[later]);
        this.step1[i] = this.step1[later];
        this.time1[i] = this.time1[later];
        this.last[i] = this.last[later];
        this.count[i] += this.count[later];
        this.bad[i] += this.bad[later];
    }

    /* Neighbours of one segment become one row while that stands for at most `most` points. */
    fold(most) {
        let kept = 0;
        for (let i = 1; i < this.size; i++) {
            if (this.segment[i] === this.segment[kept] && this.count[kept] + this.count[i] <= most)
                this.merge(kept, i);
            else if (++kept !== i)
                this.move(i, kept);
        }
        this.size = this.size === 0 ? 0 : kept + 1;
    }

    total() {
        let sum = 0;
        for (let i = 0; i < this.size; i++)
            sum += this.count[i];
        return sum;
    }

    /* Stretches of one segment: [{segment, start, end}] */
    parts() {
        const parts = [];
        for (let i = 0; i < this.size; i++) {
            const part = parts[parts.length - 1];
            if (part && part.segment === this.segment[i])
                part.end = i + 1;
            else
                parts.push({ segment: this.segment[i], start: i, end: i + 1 });
        }
        return parts;
    }
}

/* The first i of [start, end) with column[i] >= x, else end. The column must not fall within it. */
export function lowerBound(column, start, end, x) {
    while (start < end) {
        const middle = (start + end) >>> 1;
        if (column[middle] < x)
            start = middle + 1;
        else
            end = middle;
    }
    return start;
}

/* Where rows begin and end on an axis. */
export function edges(rows, axis) {
    return axis === "step" ? [rows.step0, rows.step1] : [rows.time0, rows.time1];
}

/* The rows of a part that touch [from, to], as [start, end). */
export function within(rows, part, axis, from, to) {
    const [first, last] = edges(rows, axis);
    const start = lowerBound(last, part.start, part.end, from);
    let end = lowerBound(first, start, part.end, to);
    while (end < part.end && first[end] <= to)
        end++;
    return [start, end];
}

/* The row of a part whose middle is nearest to x, or -1 where the part is empty. */
export function nearest(rows, part, axis, x) {
    if (part.end <= part.start)
        return -1;
    const [first, last] = edges(rows, axis);
    const i = lowerBound(last, part.start, part.end, x);
    if (i >= part.end)
        return part.end - 1;
    if (i === part.start || first[i] <= x)
        return i;
    return x - last[i - 1] < first[i] - x ? i - 1 : i;
}
