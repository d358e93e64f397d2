import assert from "node:assert/strict";
import test from "node:test";
import { isLogarithmic, nearestPlace, sliderValues } from "../controls_slider.js";

const RANGES = [
    { type: "double", min: 1e-6, max: 0.1 }, { type: "double", min: 0, max: 0.9999 }, { type: "double", min: -1, max: 1 },
    { type: "double", min: 1e-300, max: 1e300 }, { type: "double", min: 0.001, max: 0.0011 }, { type: "int", min: 1, max: 512 },
    { type: "int", min: 0, max: 3 }, { type: "int", min: -7, max: 1000000 }, { type: "int", min: 1, max: 2 ** 53 - 1 },
    { type: "double", min: 1e-05, max: 0.001 }, { type: "double", min: 0, max: 1e12 }, { type: "double", min: 1e15, max: 1e15 + 1 },
];

test("the ends are the bounds, all lie between, each is more than the one before", () => {
    for (const spec of RANGES) {
        const values = sliderValues(spec);
        const said = JSON.stringify(spec);
        assert.equal(values[0], spec.min, said);
        assert.equal(values.at(-1), spec.max, said);
        assert.ok(values.length >= 2 && values.length <= 2001, `${said}: ${values.length}`);
        for (let i = 1; i < values.length; i++)
            assert.ok(values[i] > values[i - 1], said);
        if (spec.type === "int")
            assert.ok(values.every(Number.isInteger), said);
    }
});

test("no slider without two bounds, or with nothing between them", () => {
    for (const spec of [{}, { min: 1 }, { max: 2 }, { min: 1, max: 1 }, { min: -1.7e308, max: 1.7e308 }, { min: 2, max: 1 }])
        assert.equal(sliderValues({ type: "double", ...spec }), null);
});

test("no slider over a span of which one place is no step", () => {
    for (const spec of [{ min: 0, max: 1.7976931348623157e308 }, { min: 0, max: 1e13 }, { min: -1e300, max: 1 }])
        assert.equal(sliderValues({ type: "double", ...spec }), null, JSON.stringify(spec));
    assert.equal(sliderValues({ type: "int", min: 0, max: 2 ** 53 }), null);
    assert.equal(sliderValues({ type: "double", min: 0 }), null);
});

test("logarithmic from a factor of a hundred on, above zero", () => {
    assert.equal(isLogarithmic({ min: 1, max: 100 }), true);
    assert.equal(isLogarithmic({ min: 1, max: 99 }), false);
    assert.equal(isLogarithmic({ min: 0, max: 1e9 }), false);
    const values = sliderValues({ type: "double", min: 1e-6, max: 0.1 });
    const middle = values[values.length >> 1];
    assert.ok(middle > 2e-4 && middle < 5e-4, String(middle));
});

test("a small range of whole numbers has each of them", () => {
    assert.deepEqual(sliderValues({ type: "int", min: 1, max: 8 }), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(sliderValues({ type: "int", min: 1, max: 64 }).length, 64);
});

test("values are short numbers", () => {
    const values = sliderValues({ type: "double", min: 0, max: 1 });
    assert.ok(values.every((value) => String(value).length <= 5), values.join(" "));
    assert.ok(values.includes(0.1) && values.includes(0.5));
});

test("the nearest place", () => {
    const values = [1, 2, 4, 8];
    for (const [value, place] of [[0, 0], [1, 0], [1.4, 0], [1.6, 1], [3.1, 2], [8, 3], [99, 3]])
        assert.equal(nearestPlace(values, value), place, String(value));
    for (const spec of RANGES) {
        const all = sliderValues(spec);
        for (let i = 0; i < all.length; i += 7)
            assert.equal(nearestPlace(all, all[i]), i);
    }
});
