import assert from "node:assert/strict";
import test from "node:test";
import { makeLinger } from "../controls_linger.js";

test("what ends at once is never shown; the rest is, and somebody is told when", (context) => {
    context.mock.timers.enable(parseInt(process.versions.node) < 20 ? ["setTimeout"] : { apis: ["setTimeout"] });
    let now = 0;
    let told = 0;
    const lingering = makeLinger(() => { told++; }, () => now);
    assert.deepEqual(lingering([1, 2]), []);
    now = 300;
    assert.deepEqual(lingering([2, 3]), [], "1 has gone");
    now = 401;
    context.mock.timers.tick(101);
    assert.equal(told, 1);
    assert.deepEqual(lingering([2, 3]), [2]);
    now = 701;
    context.mock.timers.tick(300);
    assert.equal(told, 2);
    assert.deepEqual(lingering([2, 3]), [2, 3]);
    assert.deepEqual(lingering([]), []);
    context.mock.timers.tick(1000);
    assert.equal(told, 2);
});
