/* curve_marks.js: what happened to the run, as thin lines over the curves: the log's entries, found by place */

const LEVELS = { warning: "warn", error: "bad" };
const TOLD = 4; /* of the marks of one place */

function colorOf(entry) {
    if (entry.kind === "checkpoint")
        return "ok";
    return entry.kind === "message" ? LEVELS[entry.level] ?? "ink-2" : "accent";
}

/* Only what took effect moves a curve. */
export function isMark(entry) {
    if (entry.kind === "outcome")
        return entry.outcome === undefined || entry.outcome === "applied";
    return entry.kind === "message" || entry.kind === "checkpoint";
}

export function marksOf(log) {
    return log.filter((entry) => isMark(entry) && Number.isFinite(entry.time)).map((entry) => ({
        kind: entry.kind, step: Number.isFinite(entry.step) ? entry.step : NaN, time: entry.time, color: colorOf(entry), text: textOf(entry), entry,
    }));
}

function textOf(entry) {
    return entry.by ? `${entry.text} (${entry.by})` : entry.text;
}

/* Those in the range: [{x, marks}], the marks of a place being so near to each other that one line stands for all. `toX` tells
 * the pixel. */
export function spread(marks, by, range, toX, gap) {
    const found = marks.filter((one) => one[by] >= range.from && one[by] <= range.to).map((mark) => ({ mark, x: toX(mark[by]) }));
    found.sort((a, b) => a.x - b.x);
    const places = [];
    for (const { mark, x } of found) {
        const before = places[places.length - 1];
        if (before && x - before.x < gap)
            before.marks.push(mark);
        else
            places.push({ x, marks: [mark] });
    }
    return places;
}

/* A line for each mark, the newest first. */
export function marksText({ marks }) {
    const told = marks.slice(-TOLD).reverse().map((mark) => mark.text);
    const more = marks.length - told.length;
    return [...told, ...(more > 0 ? [`and ${more} more here`] : [])].join("\n");
}

function symbol(ctx, kind, x, y, size) {
    ctx.beginPath();
    if (kind === "message") {
        ctx.arc(x, y + size / 2, size / 2, 0, 2 * Math.PI);
    } else if (kind === "checkpoint") {
        ctx.rect(x - size / 2, y, size, size);
    } else {
        ctx.moveTo(x - size * 0.6, y);
        ctx.lineTo(x + size * 0.6, y);
        ctx.lineTo(x, y + size);
    }
    ctx.fill();
}

/* One of each kind, side by side. */
function drawSymbols(ctx, marks, x, y, size, colors) {
    const kinds = new Map(marks.map((mark) => [mark.kind, mark]));
    const left = x - (kinds.size - 1) * size * 0.6;
    [...kinds.values()].forEach((mark, i) => {
        ctx.fillStyle = colors[mark.color];
        symbol(ctx, mark.kind, left + i * size * 1.2, y, size);
    });
}

export function drawTimeline(ctx, plot, places, colors) {
    for (const { marks, x } of places) {
        const at = Math.round(x) + 0.5;
        const newest = marks[marks.length - 1];
        ctx.strokeStyle = colors[newest.color];
        ctx.globalAlpha = newest.kind === "checkpoint" ? 0.25 : 0.5;
        ctx.lineWidth = plot.ratio;
        ctx.beginPath();
        ctx.moveTo(at, plot.top);
        ctx.lineTo(at, plot.top + plot.height);
        ctx.stroke();
        ctx.globalAlpha = 1;
        drawSymbols(ctx, marks, at, plot.top, 6 * plot.ratio, colors);
    }
}

export function drawSelected(ctx, plot, x, colors) {
    if (!(x >= plot.left && x <= plot.left + plot.width))
        return;
    ctx.strokeStyle = colors.accent;
    ctx.globalAlpha = 0.25;
    ctx.lineWidth = 7 * plot.ratio;
    ctx.beginPath();
    ctx.moveTo(x, plot.top);
    ctx.lineTo(x, plot.top + plot.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1.5 * plot.ratio;
    ctx.stroke();
}
