/* curve_draw.js: the lines of a panel, on the canvas of uPlot. `plot` tells where: {left, top, width, height, ratio} in pixels of
 * the canvas, {axis, log, range, scaleX, shiftX}, and y(value) -> pixel. */

import { BAND, BREAK, LINE, Vertices, decimate } from "./curve_decimate.js";
import { smooth, smoothingUnit } from "./curve_math.js";
import { lowerBound, within } from "./curve_rows.js";

const SMOOTH_BEFORE = 1000; /* rows before the view that the smoothing starts with */
const DENSE = 200;
const APART = 8;            /* pixels between points that are marked */
const scratch = new Vertices();

function tracePath(ctx, out, column, y) {
    let open = false;
    ctx.beginPath();
    for (let i = 0; i < out.size; i++) {
        if (out.kind[i] & BREAK) {
            open = false;
        } else if (out.kind[i] & LINE) {
            const value = column[i];
            if (value !== value)
                open = false;
            else if (open)
                ctx.lineTo(out.x[i], y(value));
            else
                ctx.moveTo(out.x[i], y(value));
            open = value === value;
        }
    }
}

function traceBand(ctx, out, start, end, y) {
    ctx.moveTo(out.x[start], y(out.hi[start]));
    for (let i = start + 1; i < end; i++)
        ctx.lineTo(out.x[i], y(out.hi[i]));
    for (let i = end - 1; i >= start; i--)
        ctx.lineTo(out.x[i], y(out.lo[i]));
    ctx.closePath();
}

/* Where each vertex is one point there is no band. */
function hasBand(out) {
    for (let i = 0; i < out.size; i++)
        if (out.hi[i] > out.lo[i])
            return true;
    return false;
}

function drawBand(ctx, out, y, style) {
    if (!hasBand(out))
        return;
    ctx.beginPath();
    for (let i = 0; i < out.size;) {
        let end = i;
        while (end < out.size && out.kind[end] & BAND)
            end++;
        if (end > i + 1 || (end > i && out.hi[i] > out.lo[i]))
            traceBand(ctx, out, i, end, y);
        i = Math.max(end, i) + 1;
    }
    ctx.globalAlpha = style.faint ? 0.1 : 0.22;
    ctx.fill();
    ctx.globalAlpha = style.faint ? 0.15 : 0.4;
    ctx.lineJoin = "bevel";
    ctx.lineWidth = style.ratio;
    ctx.stroke();
}

/* Wide strokes of many vertices are what drawing costs; so near to each other nobody sees the difference. */
function drawLine(ctx, out, column, y, style, alpha, width) {
    const dense = out.size > DENSE && column !== out.smooth;
    ctx.globalAlpha = alpha;
    ctx.lineJoin = dense ? "bevel" : "round";
    ctx.lineWidth = (dense ? 1 : width) * style.ratio;
    ctx.setLineDash(style.dash.map((one) => one * style.ratio));
    tracePath(ctx, out, column, y);
    ctx.stroke();
    ctx.setLineDash([]);
}

/* A point that stands alone would not be seen otherwise. */
function drawPoints(ctx, out, y, style, all) {
    const radius = 2.25 * style.ratio;
    ctx.globalAlpha = style.faint ? 0.4 : 1;
    ctx.beginPath();
    for (let i = 0; i < out.size; i++) {
        if (!(out.kind[i] & LINE) || !(all || isAlone(out, i)))
            continue;
        ctx.moveTo(out.x[i] + radius, y(out.mid[i]));
        ctx.arc(out.x[i], y(out.mid[i]), radius, 0, 2 * Math.PI);
    }
    ctx.fill();
}

/* So far apart that each point can be told from the next. */
function isSparse(out, plot) {
    return out.size < 3 || Math.abs(out.x[out.size - 1] - out.x[0]) > (out.size - 1) * APART * plot.ratio;
}

function isAlone(out, i) {
    const joined = (k) => k >= 0 && k < out.size && !(out.kind[k] & BREAK);
    return !joined(i - 1) && !joined(i + 1);
}

function drawStretch(ctx, plot, style, smoothing) {
    const { y } = plot;
    const smoothed = smoothing > 0;
    ctx.strokeStyle = ctx.fillStyle = style.color;
    drawBand(ctx, scratch, y, smoothed ? { ...style, faint: true } : style);
    const alpha = style.faint ? 0.45 : 1;
    drawLine(ctx, scratch, scratch.mid, y, style, smoothed ? 0.3 : alpha, smoothed ? 1 : 1.5);
    if (smoothed)
        drawLine(ctx, scratch, scratch.smooth, y, style, alpha, 1.5);
    drawPoints(ctx, scratch, y, style, isSparse(scratch, plot));
}

/* What is not a number: ticks at the bottom, of +infinity at the top, in the colour of what is bad. Hollow ones at the bottom:
 * a log axis cannot show the value. */
function drawMarks(ctx, plot, marks, colors) {
    const length = 7 * plot.ratio;
    ctx.globalAlpha = 1;
    ctx.lineWidth = 2 * plot.ratio;
    ctx.strokeStyle = colors.bad;
    ctx.beginPath();
    for (const [x, value] of marks.bad) {
        const top = value === Infinity ? plot.top : plot.top + plot.height - length;
        ctx.moveTo(x, top);
        ctx.lineTo(x, top + length);
    }
    ctx.stroke();
    ctx.lineWidth = plot.ratio;
    ctx.strokeStyle = colors.warn;
    ctx.beginPath();
    for (const [x] of marks.cut) {
        ctx.moveTo(x - length / 3, plot.top + plot.height - length);
        ctx.lineTo(x, plot.top + plot.height - 1);
        ctx.lineTo(x + length / 3, plot.top + plot.height - length);
    }
    ctx.stroke();
}

/* Rows of a part up to the step at which a later segment replaces it, and behind that. A row on both sides counts as before. */
function splitAt(rows, start, end, until) {
    return lowerBound(rows.step0, start, end, until ?? Infinity);
}

function drawPart(ctx, plot, level, part, line, view) {
    const { rows } = level;
    const [start, end] = within(rows, part, plot.axis, plot.range.from, plot.range.to);
    const from = Math.max(part.start, start - 1);
    const to = Math.min(part.end, end + 1);
    const split = splitAt(rows, from, to, line.untils.get(part.segment));
    const smoothFrom = Math.max(part.start, from - SMOOTH_BEFORE);
    const smoothed = view.smoothing > 0
        ? smooth(rows, smoothFrom, to, plot.axis, view.smoothing, smoothingUnit(plot.range)) : null;
    const stretch = (first, last, faint) => {
        if (last <= first)
            return;
        const marks = decimate(rows, first, last, plot, smoothed, smoothFrom, scratch);
        const dash = faint ? [3, 3] : line.dash;
        drawStretch(ctx, plot, { color: line.color, dash, faint, ratio: plot.ratio }, view.smoothing);
        drawMarks(ctx, plot, marks, line.colors);
    };
    if (split < to)
        stretch(Math.max(from, split - 1), to, true);
    stretch(from, split, false);
}

/* All segments of a line, the newest on top, and where each of them began anew. */
export function drawTrack(ctx, plot, line, level, view) {
    for (const part of level.parts)
        drawPart(ctx, plot, level, part, line, view);
    for (const one of line.track.segments.slice(1))
        drawRestart(ctx, plot, plot.axis === "step" ? one.from_step : one.from_time, line);
}

function drawRestart(ctx, plot, at, line) {
    const x = Math.round(at * plot.scaleX + plot.shiftX) + 0.5;
    if (x < plot.left || x > plot.left + plot.width)
        return;
    ctx.globalAlpha = 0.7;
    ctx.lineWidth = plot.ratio;
    ctx.strokeStyle = line.color;
    ctx.setLineDash([2 * plot.ratio, 2 * plot.ratio]);
    ctx.beginPath();
    ctx.moveTo(x, plot.top);
    ctx.lineTo(x, plot.top + plot.height);
    ctx.stroke();
    ctx.setLineDash([]);
}
