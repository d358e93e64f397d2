/* section.js: a part of the page that can be folded away; what is folded is remembered */

import { h } from "./dom.js";

function remembered(key, open) {
    try {
        return (localStorage.getItem(key) ?? String(open)) === "true";
    } catch {
        return open;
    }
}

function remember(key, open) {
    try {
        localStorage.setItem(key, String(open));
    } catch {
        /* storage may be forbidden: then it is as at first next time */
    }
}

/* The content is told by an event "shown" (detail: whether it is), and may put a line beside the title: element.note. */
export function makeSection(name, title, content, { open = true, drawer = false } = {}) {
    const key = `trimtab-section-${name}`;
    const note = h("span", { class: "section-note" });
    const section = h("details", { class: `section section-${name}${drawer ? " section-drawer" : ""}`, open: remembered(key, open) },
        h("summary", {}, h("span", {}, title), note), h("div", { class: "section-body" }, content));
    const tell = () => content.dispatchEvent(new CustomEvent("shown", { detail: section.open }));
    content.dispatchEvent(new CustomEvent("placed", { detail: { note, section } }));
    section.addEventListener("toggle", () => {
        remember(key, section.open);
        tell();
    });
    return section;
}
