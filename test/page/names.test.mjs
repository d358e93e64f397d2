import assert from "node:assert/strict";
import { csv, entry, goesOn, openAction, panel, points } from "./cockpit.mjs";
import { hostile, play, waitFor } from "./harness.mjs";

const MARKUP = `<x-hostile onclick=alert(1)>&amp;<img src=x onerror='window.hostile=1'>"'\``;

/* What the run's texts would have made of the page if they had been taken for markup. */
function interpreted(page) {
    return page.evaluate(() => ({
        elements: document.querySelectorAll("x-hostile, [onerror], [onclick], script:not([src='main.js']), img:not([src='icon.svg'])").length,
        bold: [...document.querySelectorAll("b")].filter((one) => one.textContent === "weight").length,
        ran: window.hostile ?? 0,
    }));
}

async function begin(scene, link, options, viewport) {
    await scene.serve();
    scene.start(hostile, ...options);
    const page = await scene.open(await scene.link(...link), viewport);
    await points(page, "wave");
    return page;
}

play("markup in names is text, and five hundred series do not hold the page up", async (scene) => {
    const page = await begin(scene, [], ["--series", 500, "--step-us", 1000]);
    await panel(page, MARKUP).first().waitFor();
    await waitFor("all panels", async () => (await page.locator(".panel").count()) === 504);
    const form = await openAction(page, MARKUP);
    await form.locator("button[type=submit]").click();
    await form.locator(".actions-result").getByText(MARKUP).first().waitFor();
    await waitFor("the warning", async () => (await page.locator(".timeline-warning .timeline-title").textContent()) === `warning: ${MARKUP}`);
    await entry(page, `checkpoint ${MARKUP}`).waitFor();
    await page.getByLabel("Filter the curves by name").fill("layer499");
    await waitFor("one panel", async () => (await page.locator(".panel:visible").count()) === 1);
    await waitFor("its value", async () => (await points(page, "layer499/<b>weight</b>")) !== "");
    await page.getByLabel("Filter the curves by name").fill("");
    await page.locator(".panel").last().scrollIntoViewIfNeeded();
    await waitFor("the last panel's plot", async () => (await page.locator(".panel").last().locator("canvas").count()) === 1);
    await goesOn(page);
    assert.deepEqual(await interpreted(page), { elements: 0, bold: 0, ran: 0 });
});

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/* Elements that stand out of the window to the right, where nothing around them scrolls. (A phone's innerWidth grows with them.) */
function overflowing(page) {
    return page.evaluate((width) => {
        const scrolls = (one) => one && one !== document.documentElement && one !== document.body &&
            (/auto|scroll|hidden|clip/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
        const out = (one) => one.getBoundingClientRect().right > width + 0.5 && !scrolls(one.parentElement);
        const wide = document.scrollingElement.scrollWidth - width;
        return { wide, out: [...document.body.querySelectorAll("*")].filter(out).map((one) => `${one.tagName}.${one.className}`).slice(0, 8) };
    }, PHONE.viewport.width);
}

for (const role of ["controller", "viewer"])
    play(`nothing stands out of a phone's window: ${role}`, async (scene) => {
        const page = await begin(scene, [role], ["--step-us", 1000], PHONE);
        for (const summary of await page.locator(".actions-action > summary, details.section:not([open]) > summary, .actions-when > summary").all())
            if (await summary.isVisible()) await summary.click();
        await scene.tool("act", "tell");
        await scene.tool("say", "w".repeat(1000));
        await entry(page, "w".repeat(1000)).waitFor();
        assert.deepEqual(await overflowing(page), { wide: 0, out: [] });
    });

/* Drags over the curve from a little before the step to a little after it. */
async function zoomTo(page, step) {
    const plot = await panel(page, "wave").locator(".u-over").boundingBox();
    const [from, to] = (await page.locator(".curves-range").textContent()).replaceAll(",", "").split("–").map(Number);
    const x = plot.x + (plot.width * (step - from)) / (to - from);
    const y = plot.y + plot.height / 2;
    await page.mouse.move(Math.max(plot.x + 1, x - 40), y);
    await page.mouse.down();
    await page.mouse.move(Math.min(plot.x + plot.width - 1, x + 40), y, { steps: 4 });
    await page.mouse.up();
    await waitFor("the zoom", async () => {
        const [a, b] = (await page.locator(".curves-range").textContent()).replaceAll(",", "").split("–").map(Number);
        return b - a < to - from;
    });
}

/* How high in the plot, from 0 at its top to 1, the curve's highest pixel stands within some pixels of the step. */
async function highest(page, step) {
    return panel(page, "wave").evaluate((element, [at, curve]) => {
        const canvas = element.querySelector("canvas");
        const over = element.querySelector(".u-over").getBoundingClientRect();
        const box = canvas.getBoundingClientRect();
        const ratio = canvas.width / box.width;
        const color = getComputedStyle(document.documentElement).getPropertyValue(curve).match(/[0-9a-f]{2}/g).map((two) => parseInt(two, 16));
        const [left, top] = [(over.left - box.left + over.width * at - 3) * ratio, (over.top - box.top) * ratio].map(Math.round);
        const width = Math.round(6 * ratio);
        const height = Math.round(over.height * ratio);
        const { data } = canvas.getContext("2d").getImageData(left, top, width, height);
        for (let i = 0; i < data.length; i += 4)
            if (color.every((c, k) => Math.abs(data[i + k] - c) < 60)) return Math.floor(i / 4 / width) / height;
        return 1;
    }, [step, "--c0"]);
}

play("one point among many is seen in the whole view, and read in the zoomed one", async (scene) => {
    const steps = 300000;
    const spike = 123456;
    await scene.serve();
    const trainer = scene.start(hostile, "--steps", steps, "--spike", spike);
    await trainer.ended;
    const page = await scene.open(await scene.link());
    const legend = panel(page, "wave").locator(".panel-more");
    await legend.getByText("-1 … 777.125 in view").waitFor();
    const colored = [await highest(page, spike / steps), await highest(page, (spike + 20000) / steps)];
    assert.ok(colored[0] < 0.2 && colored[1] > 0.8 && colored[1] < 1, `the curve is high at the spike, low beside it: ${colored}`);
    const whole = await csv(page, "wave");
    assert.ok(whole.length < 5000, "the whole view is of buckets");
    assert.equal(whole.reduce((sum, row) => sum + row.count, 0), steps);
    assert.deepEqual(whole.filter((row) => row.max === 777.125).map((row) => row.first_step <= spike && spike <= row.last_step), [true]);
    for (let rows = whole; rows.length === 0 || !("value" in rows[0]) || rows.length > 100; rows = await csv(page, "wave"))
        await zoomTo(page, spike);
    let rows = [];
    await waitFor("the points", async () => (rows = (await csv(page, "wave")).filter((row) => row.step === spike)).length > 0);
    assert.deepEqual(rows.map(({ step, value }) => [step, value]), [[spike, 777.125]]);
    await legend.getByText("777.125 in view").waitFor();
    await panel(page, "wave").locator(".u-over").focus();
    await page.keyboard.press("0");
    await legend.getByText("-1 … 777.125 in view").waitFor();
});
