/* keys.js: keys for the whole page, and the list of them */

import { h, replace } from "./dom.js";

const NAMES = { " ": "Space", Escape: "Esc", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
const TYPED_INTO = "input, select, textarea, [contenteditable], dialog";
const PRESSED_BY_SPACE = "button, summary, a, input, [role=button], [role=tab], [role=option]";

/* Is the key meant for the thing that has the focus? */
function isTaken(event) {
    const { target, key } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return true;
    if (!(target instanceof Element))
        return false;
    if (target.closest(TYPED_INTO))
        return true;
    return (key === " " || key === "Enter") && target.closest(PRESSED_BY_SPACE) !== null;
}

export class Keys {
    constructor() {
        this.known = new Map();
        this.dialog = h("dialog", { class: "keys", "aria-label": "Keys" });
        document.body.append(this.dialog);
        document.addEventListener("keydown", (event) => this.pressed(event));
        this.on("?", "show the keys", () => this.show());
    }

    /* `text` says what the key does. Returns a function that takes it back. */
    on(key, text, fn) {
        const entry = { text, fn };
        this.known.set(key, entry);
        return () => this.known.get(key) === entry && this.known.delete(key);
    }

    pressed(event) {
        const entry = this.known.get(event.key);
        if (!entry || event.repeat || isTaken(event) || document.querySelector("dialog[open]"))
            return;
        event.preventDefault();
        entry.fn(event);
    }

    show() {
        const rows = [...this.known].map(([key, { text }]) => [h("dt", {}, h("kbd", {}, NAMES[key] ?? key)), h("dd", {}, text)]);
        const close = h("button", { type: "button", on: { click: () => this.dialog.close() } }, "Close");
        replace(this.dialog, h("h2", {}, "Keys"), h("dl", { class: "keys-list" }, rows), h("div", { class: "dialog-row" }, close));
        this.dialog.showModal();
    }
}
