/* action_result.js: what an action has answered */
import { h, toast } from "./dom.js";
import { atStep, exact, number, time, value as shown } from "./format.js";
import { copiedText, isMatrix, paramsText, resultKind, resultText } from "./action_params.js";

const DEPTH = 12;

function makeText(result) {
    return h("pre", { class: "actions-text", tabIndex: 0 }, resultText(result) || "(an empty text)");
}

function cell(value) {
    const title = typeof value === "number" ? exact(value) : null;
    return h("td", { class: typeof value === "number" ? "actions-value" : "", title }, typeof value === "number" ? number(value) : shown(value));
}

function makeTable(result) {
    const rows = typeof result === "object" ? Object.entries(result) : [["result", result]];
    return h("table", { class: "actions-table" },
        h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), cell(value)))));
}

function makeMatrix(rows) {
    return h("div", { class: "actions-wide", tabIndex: 0 },
        h("table", { class: "actions-matrix" }, h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell))))));
}

function makeLeaf(value) {
    const text = Array.isArray(value) ? `[${value.map(shown).join(", ")}]` : shown(value);
    return h("span", { class: "actions-leaf" }, text);
}

const isLeaf = (value) => typeof value !== "object" || value === null || (Array.isArray(value) && value.every((one) => typeof one !== "object"));

/* Nested values as lists that can be folded; what is deeper is told as it came. */
function makeTree(value, depth = 0) {
    if (isLeaf(value))
        return makeLeaf(value);
    if (isMatrix(value))
        return makeMatrix(value);
    if (depth > DEPTH)
        return makeLeaf(JSON.stringify(value));
    return h("ul", { class: "actions-tree", role: "list" }, Object.entries(value).map(([name, one]) => h("li", {}, isLeaf(one)
        ? [h("span", { class: "actions-key" }, `${name}: `), makeLeaf(one)]
        : h("details", { open: depth < 2 }, h("summary", {}, name), makeTree(one, depth + 1)))));
}

const MAKERS = { text: makeText, table: makeTable, tree: makeTree };

async function copy(result) {
    try {
        await navigator.clipboard.writeText(copiedText(result));
        toast("Copied.", "info");
    } catch {
        toast("The browser does not let this page copy: select the text instead.", "warning");
    }
}

/* One outcome of an action that was applied. */
export function makeResult(outcome) {
    const { result } = outcome;
    const kind = resultKind(result);
    const button = kind === "nothing" ? null : h("button", { type: "button", class: "actions-copy", on: { click: () => copy(result) } }, "Copy");
    const when = outcome.time ? `, ${time(outcome.time)}` : "";
    const head = h("div", { class: "actions-result-head" },
        h("span", {}, `step ${outcome.step ?? "?"}${when}${outcome.by ? `, ${outcome.by}` : ""}`), button);
    const params = paramsText(outcome.request);
    return h("div", { class: "actions-result" }, head, params && h("p", { class: "controls-small" }, params),
        kind === "nothing" ? h("p", { class: "actions-done" }, "Done.") : MAKERS[kind](result),
        outcome.result_cut && h("p", { class: "actions-cut" }, "The result was too long: only its beginning was kept."));
}

/* One that was not. */
export function makeFailure(outcome) {
    return h("div", { class: "actions-result actions-failed", role: "alert" },
        h("span", {}, `${outcome.outcome}${atStep(outcome.step)}: ${outcome.detail || "no reason was given"}`));
}
