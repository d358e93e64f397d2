/* drawing.js: a field to draw a small picture in, with the pointer or the keys; its value is a text (drawing_grid.js) */
import { h, replace } from "./dom.js";
import { gridCell, gridDab, gridLine, gridMake, gridSize, gridText, readGrid } from "./drawing_grid.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = "Arrow keys move, Space draws, E switches the eraser, Delete clears.";

function paint(canvas, grid, cursor) {
    const cell = canvas.width / grid.width;
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    for (let row = 0; row < grid.height; row++)
        for (let column = 0; column < grid.width; column++) {
            const ink = gridCell(grid, column, row);
            pen.fillStyle = `rgb(${ink},${ink},${ink})`;
            if (ink > 0)
                pen.fillRect(column * cell, row * cell, cell, cell);
        }
    if (!cursor)
        return;
    pen.strokeStyle = "#f80";
    pen.lineWidth = 2;
    pen.strokeRect(cursor.x * cell + 1, cursor.y * cell + 1, cell - 2, cell - 2);
}

function place(event, canvas, grid) {
    const box = canvas.getBoundingClientRect();
    return {
        x: (event.clientX - box.left) / box.width * grid.width,
        y: (event.clientY - box.top) / box.height * grid.height,
    };
}

function listenPointer(field) {
    let last = null;
    const draw = (event) => {
        const to = place(event, field.canvas, field.grid);
        if (last)
            gridLine(field.grid, last, to, field.erase);
        else
            gridDab(field.grid, to.x, to.y, field.erase);
        last = to;
    };
    field.canvas.addEventListener("pointerdown", (event) => {
        if (event.button !== 0)
            return;
        field.canvas.setPointerCapture(event.pointerId);
        draw(event);
        field.changed();
    });
    field.canvas.addEventListener("pointermove", (event) => {
        if (!last)
            return;
        const parts = event.getCoalescedEvents?.() ?? [];
        (parts.length > 0 ? parts : [event]).forEach(draw);
        field.changed();
    });
    for (const name of ["pointerup", "pointercancel"])
        field.canvas.addEventListener(name, () => { last = null; });
}

function pressed(field, event) {
    const { grid, cursor } = field;
    const arrow = ARROWS[event.key];
    if (arrow) {
        cursor.x = Math.max(0, Math.min(grid.width - 1, cursor.x + arrow[0]));
        cursor.y = Math.max(0, Math.min(grid.height - 1, cursor.y + arrow[1]));
    } else if (event.key === " ") {
        gridDab(grid, cursor.x + 0.5, cursor.y + 0.5, field.erase);
    } else if (event.key.toLowerCase() === "e") {
        field.toggleErase();
    } else if (event.key === "Delete" || event.key === "Backspace") {
        grid.cells.fill(0);
    } else {
        return;
    }
    event.preventDefault();
    event.stopPropagation();
    field.changed();
}

function listenKeys(field) {
    field.canvas.addEventListener("keydown", (event) => {
        if (!event.ctrlKey && !event.metaKey && !event.altKey)
            pressed(field, event);
    });
    for (const name of ["focus", "blur"])
        field.canvas.addEventListener(name, () => field.changed());
}

function makeCanvas({ width, height }, label, keysId) {
    const cell = Math.max(2, Math.floor(280 / Math.max(width, height)));
    return h("canvas", {
        class: "drawing-canvas", width: width * cell, height: height * cell, tabIndex: 0, role: "application",
        "aria-label": `${label}: a picture of ${width} by ${height} cells to draw in`, "aria-describedby": keysId,
    });
}

/* The same picture as numbers, for who cannot or does not want to draw, and to paste one that lies elsewhere. */
function makeNumbers(field, id) {
    const { width, height } = field.grid;
    const error = h("p", { class: "controls-error", role: "alert" });
    const area = h("textarea", {
        class: "drawing-numbers", id: `${id}-numbers`, rows: 4, spellcheck: false,
        "aria-label": `The picture as ${width * height} numbers from 0 to 255, row by row`,
    });
    area.addEventListener("change", () => {
        const read = readGrid(area.value, width, height);
        replace(error, read.error ?? null);
        if (read.grid)
            field.take(read.grid);
    });
    const box = h("details", { class: "drawing-text" }, h("summary", {}, "As numbers"), area, error);
    box.addEventListener("toggle", () => { area.value = gridText(field.grid); });
    field.onChange = () => {
        if (box.open && document.activeElement !== area)
            area.value = gridText(field.grid);
    };
    return box;
}

function makeField(size, label, id) {
    const field = { grid: gridMake(size.width, size.height), cursor: { x: size.width >> 1, y: size.height >> 1 }, erase: false };
    field.canvas = makeCanvas(size, label, `${id}-keys`);
    field.eraser = h("button", { type: "button", "aria-pressed": "false", on: { click: () => field.toggleErase() } }, "Eraser");
    field.changed = () => {
        paint(field.canvas, field.grid, document.activeElement === field.canvas ? field.cursor : null);
        field.onChange?.();
    };
    field.take = (grid) => {
        field.grid = grid;
        field.changed();
    };
    field.toggleErase = () => {
        field.erase = !field.erase;
        field.eraser.setAttribute("aria-pressed", String(field.erase));
    };
    return field;
}

/* {element, read(): {value}} of a parameter that is a picture. */
export function makeDrawing(param, action, id) {
    const size = gridSize(param, action);
    const field = makeField(size, param.name, id);
    const start = readGrid(String(param.default ?? ""), size.width, size.height);
    const empty = h("button", { type: "button", on: { click: () => field.take(gridMake(size.width, size.height)) } }, "Clear");
    const numbers = makeNumbers(field, id);
    listenPointer(field);
    listenKeys(field);
    field.take(start.grid ?? field.grid);
    const tools = h("div", { class: "drawing-tools" }, empty, field.eraser,
        h("span", { class: "controls-small" }, `${size.width} × ${size.height}`));
    const keys = h("p", { class: "controls-small", id: `${id}-keys` }, KEYS);
    return {
        element: h("div", { class: "drawing" }, field.canvas, tools, keys, numbers),
        read: () => ({ value: gridText(field.grid) }),
    };
}
