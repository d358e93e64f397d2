/* theme.js: light, dark, or as the system has it */

import { h, replace } from "./dom.js";
import { readKept, writeKept } from "./kept.js";

const KEY = "trimtab-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };
const MARKS = { auto: "◐", light: "☀", dark: "☾" };

function stored() {
    const theme = readKept(KEY);
    return theme in NEXT ? theme : "auto";
}

function apply(theme) {
    if (theme === "auto")
        delete document.documentElement.dataset.theme;
    else
        document.documentElement.dataset.theme = theme;
}

export function makeThemeSwitch() {
    let theme = stored();
    const button = h("button", { class: "quiet header-theme", type: "button" });
    const show = () => {
        apply(theme);
        replace(button, h("span", { "aria-hidden": "true" }, MARKS[theme]), h("span", { class: "header-theme-word" }, ` ${theme}`));
        button.setAttribute("aria-label", `Colours: ${theme}. Change to ${NEXT[theme]}`);
        button.title = button.getAttribute("aria-label");
    };
    button.addEventListener("click", () => {
        theme = NEXT[theme];
        writeKept(KEY, theme);
        show();
    });
    show();
    return button;
}
