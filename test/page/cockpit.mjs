// What stands on a page of the run, and how a person uses it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { waitFor } from "./harness.mjs";

/** The page knows the run and has drawn a curve. */
export async function ready(page) {
    await page.waitForSelector(".panel-plot canvas");
    await points(page);
}

export const panel = (page, title) => page.locator(".panel", { has: page.locator(".panel-title").getByText(title, { exact: true }) });

/** The number at a panel's title; waits until there is one. */
export async function points(page, title = "toy/value") {
    const last = panel(page, title).locator(".panel-last");
    return waitFor(`a value of ${title}`, async () => (await last.textContent()).trim() || null);
}

/** The step that the page's head shows. */
export async function shownStep(page) {
    return Number((await page.locator(".header-step-now").textContent()).replaceAll(",", ""));
}

/** Until the page shows a later step than now. */
export async function goesOn(page) {
    const from = await shownStep(page);
    await waitFor("a later step", async () => (await shownStep(page)) > from);
}

export const field = (page, name) => page.getByLabel(name, { exact: true });

export async function setValue(page, name, text) {
    await field(page, name).fill(text);
    await field(page, name).press("Enter");
}

/** The titles of the timeline's entries, newest first. */
export const timeline = (page) => page.locator(".timeline-entry .timeline-title").allTextContents();

export const entry = (page, title) => page.locator(".timeline-entry", { has: page.locator(".timeline-title").getByText(title, { exact: true }) });

export async function openAction(page, name) {
    const form = page.locator(".actions-action", { has: page.locator(".actions-name").getByText(name, { exact: true }) });
    await form.locator("summary").first().click();
    return form;
}

export async function people(page) {
    return (await page.locator(".people-name").allTextContents()).map((name) => name.replace(" (you)", "")).sort();
}

/** The rows of the panel's CSV, by the names of its columns. */
export async function csv(page, title) {
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: `Save the points of ${title} in view as CSV` }).click();
    const file = await (await saving).path();
    const [head, ...rows] = readFileSync(file, "utf8").trimEnd().split("\n").map((line) => line.split(","));
    return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, name === "series" ? row[i] : Number(row[i])])));
}

/** Fails unless the rows, points or buckets, tell each step from the first to the last once. Returns the last. */
export function eachStepOnce(rows) {
    let next = null;
    for (const row of rows) {
        const [first, last, count] = "step" in row ? [row.step, row.step, 1] : [row.first_step, row.last_step, row.count];
        assert.equal(first, next ?? first, "the row begins where the one before it ended");
        assert.equal(count, last - first + 1, `so many points are in the row of the steps ${first} to ${last}`);
        next = last + 1;
    }
    assert.notEqual(next, null, "there are rows");
    return next - 1;
}
