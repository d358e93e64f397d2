import assert from "node:assert/strict";
import test from "node:test";
import { gridCell, gridDab, gridLine, gridMake, gridSize, gridText, readGrid } from "../drawing_grid.js";

test("the size of a picture", () => {
    assert.deepEqual(gridSize({ name: "picture", default: "" }), { width: 28, height: 28 });
    assert.deepEqual(gridSize({ name: "picture", default: "8x6" }), { width: 8, height: 6 });
    assert.deepEqual(gridSize({ name: "picture", default: "", doc: "grey, 32 × 16" }), { width: 32, height: 16 });
    assert.deepEqual(gridSize({ name: "picture", default: "0,0,0,0,0,0,0,0,0" }), { width: 3, height: 3 });
    assert.deepEqual(gridSize({ name: "picture", default: "999x999" }), { width: 28, height: 28 });
    assert.deepEqual(gridSize({ name: "picture", default: "" }, { doc: "digits of 14x14" }), { width: 14, height: 14 });
});

test("text and back, row by row", () => {
    const grid = gridMake(3, 2);
    grid.cells.set([0, 1, 2, 253, 254, 255]);
    assert.equal(gridText(grid), "0,1,2,253,254,255");
    assert.equal(gridCell(grid, 2, 1), 255);
    const read = readGrid(" 0 1 2\n253, 254,255 ", 3, 2);
    assert.deepEqual(read.grid, grid);
    assert.match(readGrid("1,2", 3, 2).error, /6 numbers, not 2/);
    assert.match(readGrid("1,2,3,4,5,256", 3, 2).error, /0 to 255, not 256/);
    assert.match(readGrid("1,2,3,4,5,x", 3, 2).error, /not x/);
    assert.match(readGrid("", 3, 2).error, /not 0/);
});

test("a dab is full in its middle, stays within the picture, and never takes ink away", () => {
    const grid = gridMake(8, 8);
    gridDab(grid, 0.5, 0.5);
    assert.equal(gridCell(grid, 0, 0), 255);
    assert.ok(gridCell(grid, 1, 0) > 0 && gridCell(grid, 1, 0) < 255);
    assert.equal(gridCell(grid, 7, 0), 0);
    const before = gridCell(grid, 0, 0);
    gridDab(grid, 1.9, 0.5);
    assert.equal(gridCell(grid, 0, 0), before);
    gridDab(grid, -50, 900);
});

test("a line has no gap, and the eraser takes it away", () => {
    const grid = gridMake(20, 20);
    gridLine(grid, { x: 1, y: 10 }, { x: 19, y: 10 });
    for (let column = 1; column < 19; column++)
        assert.ok(gridCell(grid, column, 10) > 100, String(column));
    gridLine(grid, { x: 0, y: 10 }, { x: 20, y: 10 }, true);
    for (let column = 1; column < 19; column++)
        assert.equal(gridCell(grid, column, 9), 0);
});
