import assert from "node:assert/strict";
import { csv, eachStepOnce, entry, goesOn, people, points, ready, setValue, timeline } from "./cockpit.mjs";
import { play, toy, waitFor } from "./harness.mjs";

play("a link opens the page, and its token leaves the address bar", async (scene) => {
    await scene.serve();
    scene.start(toy, "--step-us", 2000);
    const link = await scene.link();
    const [, token] = /#token=(tt_.{43})$/.exec(link);
    const page = await scene.open(link);
    await ready(page);
    assert.equal(page.url(), link.split("#")[0]);
    assert.ok(!(await page.content()).includes(token), "the token stands nowhere in the page");
    await goesOn(page);
    const before = (await csv(page, "toy/value")).length;
    await waitFor("more points", async () => (await csv(page, "toy/value")).length > before);
    eachStepOnce(await csv(page, "toy/value"));
    await page.reload();
    await ready(page);
});

play("a viewer has curves, and nothing to steer with", async (scene) => {
    await scene.serve();
    scene.start(toy, "--step-us", 2000);
    const page = await scene.open(await scene.link("viewer", "vera"));
    await ready(page);
    await goesOn(page);
    assert.equal(await page.locator(".settings-row").count() > 3, true);
    const controls = "#buttons button, .settings-row :is(input, button, select, textarea), .actions-action, .people-say, .timeline-undo";
    assert.equal(await page.locator(controls).count(), 0);
    assert.equal(await page.locator(".section-actions").isVisible(), false);
    const names = (await page.locator("button").evaluateAll((all) => all.map((one) => one.ariaLabel || one.textContent))).join("\n");
    assert.doesNotMatch(names, /pause|resume|advance|stop|set |undo|run |send|freeze|abort/i);
    for (const key of [" ", "."]) await page.keyboard.press(key);
    await scene.tool("set", "lr=0.05");
    await entry(page, "lr 0.1 → 0.05").waitFor();
    assert.deepEqual(page.sent.filter(({ code }) => code >= 16 || code === 10), []);
});

play("two pages show each other what they do", async (scene) => {
    await scene.serve();
    scene.start(toy, "--step-us", 2000);
    const anna = await scene.open(await scene.link("controller", "anna"));
    const ben = await scene.open(await scene.link("controller", "ben"));
    for (const page of [anna, ben]) {
        await ready(page);
        await waitFor("both names", async () => (await people(page)).join() === "anna,ben");
    }
    await setValue(anna, "lr", "0.25");
    await entry(ben, "lr 0.1 → 0.25").waitFor();
    await waitFor("the value", async () => (await ben.getByLabel("lr", { exact: true }).inputValue()) === "0.25");
    assert.equal(await entry(ben, "lr 0.1 → 0.25").locator(".timeline-by").textContent(), "anna");
    await ben.getByLabel("Say something to all").fill("<i>looks</i> fine");
    await ben.getByLabel("Say something to all").press("Enter");
    await entry(anna, "<i>looks</i> fine").waitFor();
    await ben.close();
    await waitFor("ben's leaving", async () => (await people(anna)).join() === "anna");
});

play("the server is killed and comes back: no hole, nothing twice", async (scene) => {
    const first = await scene.serve();
    scene.start(toy, "--step-us", 5000);
    const page = await scene.open(await scene.link());
    await ready(page);
    await setValue(page, "lr", "0.25");
    await entry(page, "lr 0.1 → 0.25").waitFor();
    await scene.tool("say", "before");
    await entry(page, "before").waitFor();
    await goesOn(page);
    await scene.stop(first, "SIGKILL");
    const banner = page.locator(".header-reconnecting");
    await banner.waitFor({ state: "visible" });
    assert.match(await banner.textContent(), /Reconnecting/);
    assert.ok(await points(page), "what was there stays");
    await scene.serve(scene.port);
    await banner.waitFor({ state: "hidden" });
    await goesOn(page);
    await setValue(page, "lr", "0.5");
    await entry(page, "lr 0.25 → 0.5").waitFor();
    const told = await timeline(page);
    for (const title of ["lr 0.1 → 0.25", "before", "lr 0.25 → 0.5"])
        assert.equal(told.filter((one) => one === title).length, 1, `${title}, once in ${told}`);
    eachStepOnce(await csv(page, "toy/value"));
});
