/* theme.js: light, dark, or as the system has it */

import { h, replace } from "./dom.js";

const KEY = "trimtab-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" };
const MARKS = { auto: "◐", light: "☀", dark: "☾" };

function stored() {
    try {
        const theme = localStorage.getItem(KEY);
        return theme in NEXT ? theme : "auto";
    } catch {
        return "auto";
    }
}

/* Curves are drawn on canvas with the colours of the moment: they are told. */
function apply(theme) {
    if (theme === "auto")
        delete document.documentElement.dataset.theme;
    else
        document.documentElement.dataset.theme = theme;
    document.dispatchEvent(new CustomEvent("theme"));
}

function store(theme) {
    try {
        localStorage.setItem(KEY, theme);
    } catch {
        /* then for this visit only */
    }
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
        store(theme);
        show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(theme));
    show();
    return button;
}
