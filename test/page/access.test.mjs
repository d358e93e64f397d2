import assert from "node:assert/strict";
import { field, openAction, ready, setValue, entry } from "./cockpit.mjs";
import { play, toy, waitFor } from "./harness.mjs";

/* A page on which something of everything can be seen. */
async function begin(scene, options) {
    await scene.serve();
    scene.start(toy, "--step-us", 2000, "--string");
    const page = await scene.open(await scene.link(), options);
    await ready(page);
    for (const name of ["echo", "fail"]) {
        const form = await openAction(page, name);
        await form.getByRole("button", { name: `Run ${name}` }).click();
        await form.locator(".actions-result").first().waitFor();
    }
    for (const level of ["info", "warning", "error"]) await scene.tool("say", "--level", level, `a message: ${level}`);
    await entry(page, "error: a message: error").waitFor();
    await scene.tool("act", "checkpoint");
    await setValue(page, "lr", "7");
    await setValue(page, "batch", "16");
    await entry(page, "batch 8 → 16").waitFor();
    for (const closed of await page.locator("details:not([open]) > summary").all())
        if (await closed.isVisible()) await closed.click();
    return page;
}

const OPERATED = new Set(["button", "textbox", "searchbox", "slider", "checkbox", "switch", "combobox", "link", "spinbutton", "DisclosureTriangle", "listbox", "radio", "tab"]);

play("all that can be operated has a name", async (scene) => {
    const page = await begin(scene);
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const operated = nodes.filter((node) => !node.ignored && OPERATED.has(node.role?.value));
    assert.ok(operated.length > 40, `${operated.length} things can be operated`);
    assert.deepEqual(operated.filter((node) => !node.name?.value?.trim()).map((node) => [node.role.value, node.backendDOMNodeId]), []);
    const broken = await page.evaluate(() => {
        const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
        const named = (one) => ["for", "aria-describedby", "aria-controls", "aria-labelledby", "list"].flatMap((name) => one.getAttribute(name)?.split(/\s+/) ?? []);
        return { twice: ids.filter((id, i) => ids.indexOf(id) !== i), missing: [...document.querySelectorAll("*")].flatMap(named).filter((id) => !ids.includes(id)) };
    });
    assert.deepEqual(broken, { twice: [], missing: [] });
});

/* What has the focus, and whether that can be seen. */
function focused(page) {
    return page.evaluate(() => {
        const one = document.activeElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        const box = one.getBoundingClientRect();
        const inside = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
        return { what: `${one.tagName}.${one.className}`, label: one.labels?.[0]?.textContent ?? "", visible: inside && outlineStyle !== "none" && parseFloat(outlineWidth) > 0 };
    });
}

play("the Tab key leads to lr, and all the way it is seen where one is", async (scene) => {
    await scene.serve();
    scene.start(toy, "--step-us", 2000);
    const page = await scene.open(await scene.link());
    await ready(page);
    const unseen = [];
    let at = { label: "" };
    for (let stops = 0; at.label !== "lr"; stops++) {
        assert.ok(stops < 80, "lr is reached");
        await page.keyboard.press("Tab");
        at = await focused(page);
        if (at.visible) continue;
        await waitFor("the scrolling to end", async () => (await focused(page)).visible).catch(() => unseen.push(at.what));
    }
    assert.deepEqual(unseen, []);
    await page.keyboard.press("Control+A");
    await page.keyboard.type("0.05");
    await page.keyboard.press("Enter");
    await entry(page, "lr 0.1 → 0.05").waitFor();
});

/* Texts that stand out too little from what is behind them (4.5:1, what is disabled too), and curves (3:1). */
function faint() {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (color, under = [255, 255, 255]) => {
        canvas.fillStyle = `rgb(${under.join()})`;
        canvas.fillRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    const light = (color) => color.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const behind = (one) => rgb(getComputedStyle(one).backgroundColor, one.parentElement ? behind(one.parentElement) : undefined);
    const found = new Map();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const one = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !one.checkVisibility() || one.closest(".visually-hidden, script, noscript, option")) continue;
        const paper = behind(one);
        const ratio = contrast(rgb(getComputedStyle(one).color, paper), paper);
        if (ratio < 4.5) found.set(`${one.tagName}.${one.className}`, ratio.toFixed(2));
    }
    const style = getComputedStyle(document.documentElement);
    const property = (name) => rgb(style.getPropertyValue(name));
    for (const ink of ["--ink", "--ink-2", "--accent", "--ok", "--warn", "--bad"])
        for (const paper of ["--paper", "--paper-2"])
            if (contrast(property(ink), property(paper)) < 4.5) found.set(`${ink} on ${paper}`, contrast(property(ink), property(paper)).toFixed(2));
    if (contrast(property("--accent-ink"), property("--accent")) < 4.5) found.set("--accent-ink on --accent", "");
    for (const curve of [..."0123456789"].map((i) => `--c${i}`).concat("--focus"))
        if (contrast(property(curve), property("--paper")) < 3) found.set(curve, contrast(property(curve), property("--paper")).toFixed(2));
    return { found: [...found], paper: light(property("--paper")) };
}

for (const colorScheme of ["light", "dark"])
    play(`all texts can be read: ${colorScheme}`, async (scene) => {
        const page = await begin(scene, { colorScheme });
        const { found, paper } = await page.evaluate(faint);
        assert.equal(paper > 0.5, colorScheme === "light");
        assert.deepEqual(found, []);
        const other = colorScheme === "light" ? "dark" : "light";
        const theme = page.locator(".header-theme");
        await waitFor(`the theme ${other}`, async () => (await theme.textContent()).includes(other) || void (await theme.click()));
        const chosen = await page.evaluate(faint);
        assert.equal(chosen.paper > 0.5, other === "light");
        assert.deepEqual(chosen.found, []);
    });
