// page.mjs: what the page's live curves cost: a trainer logs 12 series, all in view, until each has 8,400 points (100,800 together), and goes on.
//
// For each of ROUNDS stretches of SECONDS: redraws a second of a panel (uPlot clears its canvas once a redraw), frames a second of the browser, and
// the CPU time of the browser's processes (all of them: page, raster, compositor, in software), as parts of a core. Median (least .. greatest).
// Usage: script/bench page      TRIMTAB_BUILD, CHROMIUM as in test/page/harness.mjs
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Scene, trimtab, waitFor } from "../test/page/harness.mjs";

const SERIES = 12, STEPS = 8400, PACE = 280, ROUNDS = 5, SECONDS = 10;
const TICKS = 100; // of the kernel's clock a second

function median(values, unit, digits = 1) {
    const sorted = [...values].sort((a, b) => a - b);
    const show = (value) => value.toFixed(digits);
    return `${show(sorted[sorted.length >> 1])} ${unit} (${show(sorted[0])} .. ${show(sorted.at(-1))})`;
}

/** CPU seconds so far of the browser's processes: those that this one has started, and theirs. */
function browserCpu() {
    const parents = new Map(), ticks = new Map();
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
        try {
            const [, name, rest] = /^\d+ \((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1"));
            const fields = rest.split(" ");
            parents.set(pid, fields[1]);
            if (/chrom/.test(name)) ticks.set(pid, Number(fields[11]) + Number(fields[12]));
        } catch { /* it has ended meanwhile */ }
    const isOurs = (pid) => pid === String(process.pid) || (parents.has(pid) && isOurs(parents.get(pid)));
    return [...ticks].reduce((sum, [pid, spent]) => sum + (isOurs(pid) ? spent : 0), 0) / TICKS;
}

function countRedraws() {
    window.redraws = new Map();
    window.frames_seen = 0;
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...args) {
        window.redraws.set(this.canvas, (window.redraws.get(this.canvas) ?? 0) + 1);
        return clear.apply(this, args);
    };
    const frame = () => (window.frames_seen++, requestAnimationFrame(frame));
    requestAnimationFrame(frame);
}

const seen = (page) => page.evaluate(() => ({ frames: window.frames_seen, redraws: [...window.redraws.values()], now: performance.now() }));

async function measure(page) {
    const redraws = [], frames = [], cpu = [];
    for (let round = 0; round < ROUNDS; round++) {
        const before = await seen(page), spent = browserCpu();
        await new Promise((go) => setTimeout(go, 1000 * SECONDS));
        const after = await seen(page), seconds = (after.now - before.now) / 1000;
        cpu.push(100 * (browserCpu() - spent) / seconds);
        frames.push((after.frames - before.frames) / seconds);
        redraws.push(after.redraws.reduce((sum, n, i) => sum + n - (before.redraws[i] ?? 0), 0) / after.redraws.length / seconds);
    }
    console.log(`redraws a second of each of ${SERIES} panels: ${median(redraws, "/s")}`);
    console.log(`frames a second: ${median(frames, "/s")}`);
    console.log(`CPU of the browser: ${median(cpu, "% of a core", 0)}`);
}

const scene = new Scene();
try {
    await scene.serve(0, "--auth", "none");
    const feed = spawn(join(dirname(trimtab), "bench", "feed"), [SERIES, PACE, 0].map(String), { env: { ...scene.env, TRIMTAB_RUN: scene.run }, stdio: ["pipe", "ignore", "ignore"] });
    feed.ended = new Promise((tell) => feed.once("exit", tell));
    scene.processes.push(feed);
    await waitFor("the trainer", async () => (await scene.status()).trainer.attached);
    const page = await scene.open("about:blank", { viewport: { width: 1900, height: 2000 } });
    await page.addInitScript(countRedraws);
    await page.goto(`http://${scene.address}/`);
    feed.stdin.write("go\n");
    while (((await scene.status()).run.step ?? 0) < STEPS) await new Promise((go) => setTimeout(go, 500));
    await measure(page);
    const panels = await page.evaluate(() => window.redraws.size);
    console.log(`panels that were drawn: ${panels}; steps at the end: ${(await scene.status()).run.step}; points in view: ${SERIES} x those`);
} finally {
    await scene.end();
}
