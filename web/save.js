/* save.js: what a panel shows, as CSV or PNG */

import { exact } from "./format.js";
import { within } from "./curve_rows.js";

const BUCKETS = "first_step,last_step,first_time,last_time,count,min,max,mean,last,nonfinite";

/* A spreadsheet takes a text that begins so for a formula, and carries it out. */
function defused(text) {
    return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function quote(text) {
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/* The rows of a level in a range, as [start, end) of each part. */
function stretches(level, by, range) {
    return level.parts.map((part) => ({ segment: part.segment, at: within(level.rows, part, by, range.from, range.to) }));
}

function isPoints(shown, by, range) {
    return shown.every(({ level }) => stretches(level, by, range).every(({ at: [start, end] }) => {
        for (let i = start; i < end; i++)
            if (level.rows.count[i] !== 1)
                return false;
        return true;
    }));
}

const orNothing = (x) => (Number.isNaN(x) ? "" : exact(x));

function pointCells(rows, i) {
    return [exact(rows.step0[i]), exact(rows.time0[i]), exact(rows.last[i])];
}

function bucketCells(rows, i) {
    return [exact(rows.step0[i]), exact(rows.step1[i]), exact(rows.time0[i]), exact(rows.time1[i]), exact(rows.count[i]),
        orNothing(rows.min[i]), orNothing(rows.max[i]), orNothing(rows.mean[i]), exact(rows.last[i]), exact(rows.bad[i])];
}

/* `shown`: [{line: {name}, level}]. With several curves, or segments, each row names its own. */
export function csvOf(shown, by, range) {
    const points = isPoints(shown, by, range);
    const several = shown.length > 1;
    const segments = shown.some(({ level }) => level.parts.length > 1);
    const cells = points ? pointCells : bucketCells;
    const lines = [(several ? "series," : "") + (points ? "step,time,value" : BUCKETS) + (segments ? ",segment" : "")];
    for (const { line, level } of shown) {
        for (const { segment, at: [start, end] } of stretches(level, by, range)) {
            for (let i = start; i < end; i++) {
                const row = cells(level.rows, i);
                lines.push([...(several ? [quote(defused(line.name))] : []), ...row, ...(segments ? [segment] : [])].join(","));
            }
        }
    }
    return lines.join("\n") + "\n";
}

/* Letters that every file system takes. */
export function fileName(run, series, ending) {
    const tidy = (text) => text.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|-+$/g, "").slice(0, 80);
    return `${[tidy(run ?? ""), tidy(series)].filter((one) => one).join("-") || "curve"}.${ending}`;
}

function download(name, blob) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export function saveCsv(name, shown, by, range) {
    download(name, new Blob([csvOf(shown, by, range)], { type: "text/csv" }));
}

function fitted(ctx, text, width) {
    if (ctx.measureText(text).width <= width)
        return text;
    let most = text.length;
    while (most > 1 && ctx.measureText(text.slice(0, most) + "…").width > width)
        most = Math.floor(most * 0.9);
    return text.slice(0, most) + "…";
}

function drawLegend(ctx, legend, top, width, colors) {
    ctx.font = `11px ${colors.font}`;
    legend.forEach(({ color, dash, text }, i) => {
        const y = top + i * 16;
        ctx.strokeStyle = color;
        ctx.lineWidth = 2;
        ctx.setLineDash(dash);
        ctx.beginPath();
        ctx.moveTo(12, y + 7);
        ctx.lineTo(30, y + 7);
        ctx.stroke();
        ctx.setLineDash([]);
        ctx.fillStyle = colors["ink-2"];
        ctx.fillText(fitted(ctx, text, width - 48), 36, y + 11);
    });
}

/* The plot's canvas under its title, the x axis' name and a line for each curve, on the colour of the paper. */
export function drawPicture(plot, title, axis, legend, colors) {
    const ratio = plot.width / parseFloat(plot.style.width || getComputedStyle(plot).width);
    const width = plot.width / ratio;
    const height = plot.height / ratio;
    const top = 34 + legend.length * 16;
    const canvas = document.createElement("canvas");
    canvas.width = plot.width;
    canvas.height = Math.round((top + height + 22) * ratio);
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    ctx.fillStyle = colors.paper;
    ctx.fillRect(0, 0, width, top + height + 22);
    ctx.fillStyle = colors.ink;
    ctx.font = `600 14px ${colors.font}`;
    ctx.fillText(fitted(ctx, title, width - 24), 12, 22);
    drawLegend(ctx, legend, 30, width, colors);
    ctx.textAlign = "center";
    ctx.fillText(axis, width / 2, top + height + 12);
    ctx.drawImage(plot, 0, top, width, height);
    return canvas;
}

export function savePng(name, canvas) {
    return new Promise((done) => canvas.toBlob((blob) => {
        download(name, blob);
        done();
    }, "image/png"));
}
