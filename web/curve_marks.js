/* curve_marks.js: what happened to the run, as thin lines over the curves: the log's entries, found by place */

const LEVELS = { warning: "warn", error: "bad" };

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

/* Those in the range, one a gap: {mark, x, more}: `more` others lie so near that they are not drawn. `toX` tells the pixel. */
export function spread(marks, by, range, toX, gap) {
    const places = marks.filter((one) => one[by] >= range.from && one[by] <= range.to).map((mark) => ({ mark, x: toX(mark[by]), more: 0 }));
    places.sort((a, b) => a.x - b.x);
    const kept = [];
    for (const place of places) {
        const before = kept[kept.length - 1];
        if (before && place.x - before.x < gap) {
            place.more = before.more + 1;
            place.x = before.x;
            kept[kept.length - 1] = place;
        } else {
            kept.push(place);
        }
    }
    return kept;
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

export function drawTimeline(ctx, plot, places, colors) {
    for (const { mark, x } of places) {
        const at = Math.round(x) + 0.5;
        ctx.strokeStyle = ctx.fillStyle = colors[mark.color];
        ctx.globalAlpha = mark.kind === "checkpoint" ? 0.25 : 0.5;
        ctx.lineWidth = plot.ratio;
        ctx.beginPath();
        ctx.moveTo(at, plot.top);
        ctx.lineTo(at, plot.top + plot.height);
        ctx.stroke();
        ctx.globalAlpha = 1;
        symbol(ctx, mark.kind, at, plot.top, 6 * plot.ratio);
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
