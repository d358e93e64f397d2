/* curve_group.js: the panels of one prefix under a heading that folds them away */

import { h, setText } from "./dom.js";

export class Group {
    constructor(name) {
        this.name = name;
        this.count = h("span", { class: "group-count" });
        this.grid = h("div", { class: "group-grid" });
        this.element = h("details", { class: "group", open: true },
            h("summary", { class: "group-head" }, h("h2", { class: "group-title", title: name }, name), this.count), this.grid);
    }

    /* The panels in their order; those that are there already are not touched. */
    setPanels(panels) {
        panels.forEach((panel, i) => {
            if (this.grid.children[i] !== panel.element)
                this.grid.insertBefore(panel.element, this.grid.children[i] ?? null);
        });
        while (this.grid.children.length > panels.length)
            this.grid.lastChild.remove();
        this.panels = panels;
    }

    filter(matches) {
        let shown = 0;
        for (const panel of this.panels) {
            const hidden = !panel.names.some(matches);
            panel.element.hidden = hidden;
            shown += hidden ? 0 : 1;
        }
        this.element.hidden = shown === 0;
        setText(this.count, shown === this.panels.length ? String(shown) : `${shown} of ${this.panels.length}`);
        return shown;
    }
}
