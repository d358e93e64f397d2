/* drawing_grid.js: a small grey picture: width x height cells of 0 (empty) to 255 (full), row by row.
 *
 * As a parameter it is a text: all cells as whole numbers with commas between, the first row first, each row from left
 * to right, nothing else: a picture of 28 x 28 is 784 numbers. */

const SIZE = /(\d{1,3})\s*[x×]\s*(\d{1,3})/;
const SIDE_MOST = 128;
const BRUSH = 1.5; /* cells from the middle of a stroke to where it has no ink left */

export function gridMake(width, height) {
    return { width, height, cells: new Uint8ClampedArray(width * height) };
}

function squareSide(text) {
    const side = Math.sqrt(text.split(",").length);
    return Number.isInteger(side) && side > 1 && side <= SIDE_MOST ? side : 0;
}

/* "28x28" in what the parameter or the action says, else as many cells as its default has, else 28 x 28. */
export function gridSize(param, action) {
    for (const text of [param.default, param.unit, param.doc, param.name, action?.doc]) {
        const found = SIZE.exec(String(text ?? ""));
        const [width, height] = found ? [Number(found[1]), Number(found[2])] : [0, 0];
        if (width > 0 && height > 0 && width <= SIDE_MOST && height <= SIDE_MOST)
            return { width, height };
    }
    const side = squareSide(String(param.default ?? "")) || 28;
    return { width: side, height: side };
}

export function gridText(grid) {
    return Array.from(grid.cells).join(",");
}

/* {grid}, or {error: a sentence}. Spaces and line ends between the numbers are fine. */
export function readGrid(text, width, height) {
    const words = text.trim() === "" ? [] : text.trim().split(/[\s,]+/).filter((word) => word !== "");
    if (words.length !== width * height)
        return { error: `A picture of ${width} × ${height} has ${width * height} numbers, not ${words.length}.` };
    const wrong = words.find((word) => !/^\d+$/.test(word) || Number(word) > 255);
    if (wrong !== undefined)
        return { error: `Each number is 0 to 255, not ${wrong}.` };
    const grid = gridMake(width, height);
    grid.cells.set(words.map(Number));
    return { grid };
}

/* One touch of the brush with its middle at (x, y), in cells; erasing takes the ink away instead. */
export function gridDab(grid, x, y, erase = false) {
    for (let row = Math.max(0, Math.floor(y - BRUSH)); row < Math.min(grid.height, y + BRUSH); row++)
        for (let column = Math.max(0, Math.floor(x - BRUSH)); column < Math.min(grid.width, x + BRUSH); column++) {
            const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
            const ink = Math.max(0, Math.min(1, (BRUSH - distance) * 1.4)) * 255;
            const place = row * grid.width + column;
            const old = grid.cells[place];
            grid.cells[place] = erase ? Math.min(old, 255 - ink) : Math.max(old, ink);
        }
}

/* A stroke: dabs so close together that no gap shows. */
export function gridLine(grid, from, to, erase = false) {
    const dabs = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) * 3));
    for (let i = 1; i <= dabs; i++) {
        const part = i / dabs;
        gridDab(grid, from.x + (to.x - from.x) * part, from.y + (to.y - from.y) * part, erase);
    }
}

export function gridCell(grid, column, row) {
    return grid.cells[row * grid.width + column];
}
