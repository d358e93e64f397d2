import assert from "node:assert/strict";
import { entry, field, goesOn, openAction, ready, setValue, shownStep } from "./cockpit.mjs";
import { gpt, play, sources, toy, waitFor } from "./harness.mjs";

async function begin(scene, ...options) {
    await scene.serve();
    scene.start(toy, "--step-us", 2000, ...options);
    const page = await scene.open(await scene.link());
    await ready(page);
    return page;
}

const lrOf = async (scene) => (await scene.status()).settings.lr;

play("a setting is changed, told, and taken back", async (scene) => {
    const page = await begin(scene);
    await setValue(page, "lr", "0.05");
    await waitFor("the new lr", async () => (await lrOf(scene)).value === 0.05);
    const changed = entry(page, "lr 0.1 → 0.05");
    await changed.waitFor();
    assert.equal(await changed.locator(".timeline-by").textContent(), "anna");
    await changed.getByRole("button", { name: /^Undo ticket/ }).click();
    await waitFor("the old lr", async () => (await lrOf(scene)).value === 0.1);
    await entry(page, "lr 0.05 → 0.1").waitFor();
    assert.match(await entry(page, "lr 0.05 → 0.1").locator(".timeline-reason").textContent(), /undo of ticket \d+/);
    await waitFor("the field", async () => (await field(page, "lr").inputValue()) === "0.1");
    assert.equal((await lrOf(scene)).revision, 2);
});

play("a value out of range is refused before it is sent", async (scene) => {
    const page = await begin(scene);
    const records = (await scene.audit()).length;
    for (const [typed, said] of [["5", /0\.000001 to 1, not 5/], ["fast", /not a number/], ["0,5", /with a point/]]) {
        await setValue(page, "lr", typed);
        const row = page.locator(".settings-row", { has: field(page, "lr") });
        await row.locator(".controls-error").getByText(said).waitFor();
        assert.equal(await field(page, "lr").getAttribute("aria-invalid"), "true");
    }
    await field(page, "lr").press("Escape");
    assert.equal(await field(page, "lr").inputValue(), "0.1");
    assert.deepEqual(page.sent.filter(({ code }) => code === 20), []);
    assert.equal((await scene.audit()).length, records);
});

play("what the trainer refuses is said at the setting", async (scene) => {
    const page = await begin(scene);
    await setValue(page, "guarded", "0.75");
    const row = page.locator(".settings-row", { has: field(page, "guarded") });
    await row.locator(".controls-error").getByText("guarded must not exceed 0.5 here").waitFor();
    await setValue(page, "guarded", "0.4");
    await entry(page, "guarded 0 → 0.25 (0.4 was asked)").waitFor();
});

const stateOf = async (scene) => (await scene.status()).run;

/* Until the server tells it, and the page shows it. Returns the step. */
async function becomes(scene, page, state, step) {
    await waitFor(`${state} at ${step ?? "some step"}`, async () => {
        const run = await stateOf(scene);
        return run.state === state && (step === undefined || run.step === step);
    });
    await page.locator(".header-state").getByText(state, { exact: true }).waitFor();
    const now = (await stateOf(scene)).step;
    if (state === "paused")
        await waitFor("the step at which it stands", async () => (await shownStep(page)) === now);
    return now;
}

play("pause, advance and resume, by buttons and by keys", async (scene) => {
    const page = await begin(scene);
    await page.getByRole("button", { name: /^Pause/ }).click();
    const step = await becomes(scene, page, "paused");
    await page.getByLabel("Steps to advance").fill("3");
    await page.getByRole("button", { name: /^Advance/ }).click();
    await becomes(scene, page, "paused", step + 3);
    await page.locator("h1").click();
    await page.keyboard.press(".");
    await becomes(scene, page, "paused", step + 4);
    await page.keyboard.press("Space");
    await becomes(scene, page, "running");
    await goesOn(page);
    await page.keyboard.press("Space");
    await becomes(scene, page, "paused");
    await page.getByRole("button", { name: /^Resume/ }).click();
    await becomes(scene, page, "running");
    await field(page, "lr").focus();
    await page.keyboard.press("Space");
    assert.equal((await stateOf(scene)).state, "running", "a key typed into a field is the field's");
});

play("an action runs with its parameters, and its result is shown", async (scene) => {
    const page = await begin(scene);
    const form = await openAction(page, "echo");
    await form.getByLabel("text", { exact: true }).fill("a <b>word</b> & more");
    await form.getByLabel("times", { exact: true }).fill("7");
    await form.getByRole("button", { name: "Run echo" }).click();
    const result = form.locator(".actions-result").first();
    await result.getByText("a <b>word</b> & more", { exact: true }).waitFor();
    assert.match(await result.textContent(), /times\s*:?\s*7/);
    const failing = await openAction(page, "fail");
    await failing.getByRole("button", { name: "Run fail" }).click();
    await failing.locator(".actions-failed").getByText("this action always fails").waitFor();
});

play("stop asks first, then ends the training in good order", async (scene) => {
    const page = await begin(scene);
    await page.getByRole("button", { name: /^Stop/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "No", exact: true }).click();
    assert.equal((await stateOf(scene)).state, "running");
    await page.getByRole("button", { name: /^Stop/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Checkpoint, then stop" }).click();
    await becomes(scene, page, "finished");
    assert.equal((await scene.status()).checkpoints.length, 1);
});

play("the example writes a text, and its loss is drawn", async (scene) => {
    await scene.serve();
    scene.start(gpt, "--seed", 1, "--text", sources);
    const page = await scene.open(await scene.link());
    const form = await openAction(page, "generate");
    await form.getByLabel("length", { exact: true }).fill("60");
    await form.getByRole("button", { name: "Run generate" }).click();
    const text = await form.locator(".actions-result .actions-text").first().textContent();
    assert.ok(text.length >= 60, `60 characters and more: ${text}`);
    await page.locator(".panel-title").getByText("train/loss", { exact: true }).waitFor();
});

play("who is put out is asked for a token, and let in again with one", async (scene) => {
    const page = await begin(scene);
    await scene.tool("token", "revoke", "anna");
    const login = page.getByRole("dialog", { name: "A token, please" });
    await login.waitFor();
    await login.getByLabel("Token or link").fill("tt_not-one");
    await login.getByRole("button", { name: "Continue" }).click();
    await login.locator(".login-problem").getByText(/./).waitFor();
    await login.getByLabel("Token or link").fill(await scene.link("controller", "ben"));
    await login.getByRole("button", { name: "Continue" }).click();
    await login.waitFor({ state: "hidden" });
    await goesOn(page);
    await setValue(page, "lr", "0.05");
    await entry(page, "lr 0.1 → 0.05").waitFor();
    assert.equal(await entry(page, "lr 0.1 → 0.05").locator(".timeline-by").textContent(), "ben");
});
