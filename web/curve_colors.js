/* curve_colors.js: the custom properties of style.css, for the canvas; read once a theme */

const NAMES = ["paper", "paper-2", "ink", "ink-2", "line", "accent", "ok", "warn", "bad"];

export class Colors {
    constructor(onChange) {
        this.read();
        const changed = () => {
            this.read();
            onChange();
        };
        matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
        new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"] });
    }

    read() {
        const style = getComputedStyle(document.documentElement);
        for (const name of NAMES)
            this[name] = style.getPropertyValue(`--${name}`).trim() || "#888";
        this.curves = Array.from({ length: 10 }, (_, i) => style.getPropertyValue(`--c${i}`).trim() || this.ink);
        this.font = getComputedStyle(document.body).fontFamily || "sans-serif";
    }

    curve(i) {
        return this.curves[i % 10];
    }
}
