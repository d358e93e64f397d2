// What the page's tests stand on: the real program, a real trainer, a real browser; a folder that is removed afterwards.
// Environment: TRIMTAB_BUILD is the build folder (default: build beside the sources), CHROMIUM the browser (default: chromium on PATH).
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(join(root, "web", "package.json"))("playwright-core");
const build = resolve(process.env.TRIMTAB_BUILD ?? join(root, "build"));
export const trimtab = join(build, "trimtab");
export const toy = join(build, "test", "toy");
export const hostile = join(build, "test", "hostile");
export const gpt = join(build, "examples", "gpt", "gpt");
export const sources = join(root, "src"); // a text to learn from that is there everywhere
export const patience = 1000 * Number(process.env.TRIMTAB_PATIENCE ?? 30); // ms until a wait counts as failed

function onPath(name) {
    for (const folder of (process.env.PATH ?? "").split(delimiter))
        if (existsSync(join(folder, name))) return join(folder, name);
    throw new Error(`${name} is not on PATH (Debian package ${name})`);
}

export async function waitFor(what, condition) {
    const until = Date.now() + patience;
    for (;;) {
        const got = await condition();
        if (got) return got;
        if (Date.now() > until) throw new Error(`waited in vain for: ${what}`);
        await new Promise((go) => setTimeout(go, 20));
    }
}

function watch(page) {
    page.complaints = [];
    page.sent = [];
    page.on("pageerror", (error) => page.complaints.push(String(error.stack ?? error)));
    page.on("console", (message) => message.type() === "error" && page.complaints.push(message.text()));
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => page.sent.push(...[JSON.parse(payload)].flat())));
}

/** One run with its server, its trainer and the browsers that look at it; `end` leaves nothing behind. */
export class Scene {
    constructor() {
        this.folder = mkdtempSync(join(tmpdir(), "trimtab-page-"));
        this.run = join(this.folder, "runs", "toy", "one");
        this.processes = [];
        this.pages = [];
        this.env = { ...process.env, HOME: this.folder, XDG_STATE_HOME: join(this.folder, "state"),
            TRIMTAB_HOME: join(this.folder, "runs"), TRIMTAB_SERVER: "off" };
        for (const name of ["TRIMTAB", "TRIMTAB_RUN", "TRIMTAB_RESUME", "TRIMTAB_TOKEN"]) delete this.env[name];
    }

    start(program, ...args) {
        const log = openSync(join(this.folder, "log"), "a");
        const started = spawn(program, args.map(String), { env: { ...this.env, TRIMTAB_RUN: this.run }, stdio: ["ignore", log, log] });
        closeSync(log);
        started.ended = new Promise((tell) => started.once("exit", tell));
        this.processes.push(started);
        return started;
    }

    log() {
        const path = join(this.folder, "log");
        return existsSync(path) ? readFileSync(path, "utf8") : "";
    }

    /** `trimtab serve`; with a port that is to be the same as before where one is given. */
    async serve(port = 0, ...more) {
        const server = this.start(trimtab, "serve", "--run", this.run, "--listen", `127.0.0.1:${port}`, ...more);
        await this.served(server);
        return server;
    }

    async served(server, run = this.run) {
        await waitFor("the server's address", () => {
            if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}: ${this.log()}`);
            return existsSync(join(run, "lock")) && readFileSync(join(run, "lock"), "utf8").split(/\s+/).includes(String(server.pid)) &&
                existsSync(join(run, "address"));
        });
        this.address = readFileSync(join(run, "address"), "utf8").trim();
    }

    get port() {
        return Number(this.address.split(":").pop());
    }

    /** The standard output of one verb. */
    async tool(...args) {
        const done = await promisify(execFile)(trimtab, args.map(String), { env: { ...this.env, TRIMTAB_RUN: this.run } });
        return done.stdout;
    }

    async status() {
        return JSON.parse(await this.tool("status")).result;
    }

    async link(role = "controller", name = "anna") {
        return JSON.parse(await this.tool("link", "--role", role, "--name", name, "--json")).link;
    }

    /** What the audit has told so far, oldest first. */
    async audit() {
        return JSON.parse(await this.tool("audit", "--json")).result.records;
    }

    /** A page at the link. What it complains of (console errors, exceptions, violations of the policy) is kept in
     *  page.complaints, what it has sent over its WebSocket in page.sent. */
    async open(link, options = {}) {
        this.browser ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? onPath("chromium"), args: ["--no-sandbox"],
            env: { ...process.env, HOME: this.folder } });
        const context = await this.browser.newContext({ viewport: { width: 1280, height: 900 }, acceptDownloads: true, ...options });
        const page = await context.newPage();
        this.pages.push(page);
        watch(page);
        page.setDefaultTimeout(patience);
        await page.addInitScript(() => addEventListener("securitypolicyviolation",
            (event) => console.error("policy", event.violatedDirective, event.blockedURI, event.sourceFile, event.lineNumber)));
        await page.goto(link);
        return page;
    }

    /** What the pages have complained of, but that they cannot reach the server. */
    complaints() {
        return this.pages.flatMap((page) => page.complaints).filter((text) => !/ERR_CONNECTION_REFUSED/.test(text));
    }

    async stop(started, signal = "SIGTERM") {
        if (started.exitCode === null && started.signalCode === null) started.kill(signal);
        await started.ended;
    }

    async end() {
        try {
            await this.browser?.close();
        } finally {
            for (const started of this.processes.reverse()) await this.stop(started, "SIGKILL");
            rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
        }
    }
}

/** A test with a scene of its own, whose pages have nothing to complain of in the end. Where it fails, what is needed to
 *  see why is printed; with TRIMTAB_SHOTS a picture of each page is put into that folder. */
export function play(name, act) {
    test(name, async () => {
        const scene = new Scene();
        try {
            await act(scene);
            assert.deepEqual(scene.complaints(), []);
        } catch (error) {
            console.error(`${name}:\n${scene.log().slice(-2000)}`, scene.pages.map((page) => page.complaints));
            for (const [i, page] of scene.pages.entries())
                if (process.env.TRIMTAB_SHOTS)
                    await page.screenshot({ path: join(process.env.TRIMTAB_SHOTS, `${name.replace(/\W+/g, "-")}-${i}.png`) }).catch(() => {});
            throw error;
        } finally {
            await scene.end();
        }
    });
}
