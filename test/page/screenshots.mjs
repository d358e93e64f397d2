// Makes the pictures of the page: node screenshots.mjs FOLDER. See script/screenshots.
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { entry, openAction, setValue } from "./cockpit.mjs";
import { gpt, Scene, sources, waitFor } from "./harness.mjs";

const BYTES_MOST = 250000;
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const WIDE = { viewport: { width: 1400, height: 900 } };

const reach = (scene, step) => waitFor(`step ${step}`, async () => (await scene.status()).run.step >= step);

async function say(page, text) {
    await page.getByLabel("Say something to all").fill(text);
    await page.getByLabel("Say something to all").press("Enter");
    await entry(page, text).waitFor();
}

/* What two people do with the training while it runs. */
async function steer(scene, anna, ben) {
    await reach(scene, 120);
    await setValue(anna, "lr", "0.006");
    await entry(ben, "lr 0.002 → 0.006").waitFor();
    await reach(scene, 220);
    await say(ben, "The gradient grows: a third of that?");
    await reach(scene, 260);
    await setValue(anna, "lr", "0.002");
    await reach(scene, 320);
    const saving = await openAction(anna, "checkpoint");
    await saving.getByRole("button", { name: "Run checkpoint" }).click();
    await saving.locator("summary").first().click();
    const form = await openAction(ben, "generate");
    await form.getByLabel("prompt", { exact: true }).fill("static int ");
    await form.getByLabel("length", { exact: true }).fill("90");
    await form.getByRole("button", { name: "Run generate" }).click();
    await form.locator(".actions-result").first().waitFor();
    await say(anna, "It has learnt what a struct is. 0.002 it stays.");
    await reach(scene, 400);
}

/* Nothing in passing is on the picture. */
async function settle(page) {
    await waitFor("the last note to go", async () => (await page.locator(".toast").count()) === 0);
    await page.locator("#curves").evaluate((one) => one.scrollTo(0, 0));
    await page.evaluate(() => document.activeElement.blur());
    await page.mouse.move(0, 0);
}

/* `section`: the side begins with it. */
async function take(page, path, section = "settings") {
    await settle(page);
    await page.evaluate((name) => document.querySelector(`.section-${name}`).scrollIntoView(), section);
    await page.evaluate(() => document.scrollingElement.scrollTo(0, 0));
    await page.screenshot({ path, animations: "disabled" });
    const { size } = statSync(path);
    if (size > BYTES_MOST) throw new Error(`${path} has ${size} bytes; ${BYTES_MOST} are the most`);
    console.log(`${path}: ${size} bytes`);
}

async function main(folder) {
    mkdirSync(folder, { recursive: true });
    const scene = new Scene();
    try {
        await scene.serve();
        scene.start(gpt, "--seed", 1, "--steps", 600, "--eval-every", 25, "--text", sources);
        const anna = await scene.open(await scene.link("controller", "anna"), { ...WIDE, colorScheme: "light" });
        const ben = await scene.open(await scene.link("controller", "ben"), { ...WIDE, colorScheme: "dark" });
        for (const page of [anna, ben]) await page.waitForSelector(".panel-plot canvas");
        await steer(scene, anna, ben);
        await anna.getByLabel("overlay").check();
        await take(anna, join(folder, "cockpit-light.png"));
        await take(ben, join(folder, "cockpit-dark.png"), "actions");
        const phone = await scene.open(await scene.link("viewer", "phone"), { ...PHONE, colorScheme: "light" });
        await phone.waitForSelector(".panel-plot canvas");
        await entry(phone, "lr 0.006 → 0.002").waitFor();
        await take(phone, join(folder, "cockpit-phone.png"));
    } finally {
        await scene.end();
    }
}

await main(process.argv[2]);
