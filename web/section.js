/* section.js: a part of the page that can be folded away; what is folded is remembered */

import { h } from "./dom.js";
import { readKept, writeKept } from "./kept.js";

/* The content is told by events: "placed" (detail: {section, note}, a line of its own beside the title), "shown" (detail: whether it is). */
export function makeSection(name, title, content, { open = true, drawer = false } = {}) {
    const key = `trimtab-section-${name}`;
    const note = h("span", { class: "section-note" });
    const section = h("details", { class: `section section-${name}${drawer ? " section-drawer" : ""}`, open: (readKept(key) ?? String(open)) === "true" },
        h("summary", {}, h("span", {}, title), note), h("div", { class: "section-body" }, content));
    const tell = () => content.dispatchEvent(new CustomEvent("shown", { detail: section.open }));
    content.dispatchEvent(new CustomEvent("placed", { detail: { note, section } }));
    section.addEventListener("toggle", () => {
        writeKept(key, String(section.open));
        tell();
    });
    return section;
}
