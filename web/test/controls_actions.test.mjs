import assert from "node:assert/strict";
import test from "node:test";
import { callText, collectParams, copiedText, isLongText, isMatrix, isPicture, offersCheckpoints, resultKind, shortParam } from "../action_params.js";

const text = (name, more) => ({ name, type: "string", default: "", ...more });

test("which parameter is a picture to draw", () => {
    for (const name of ["picture", "image", "drawing", "pixels", "input_image", "Picture2"])
        assert.ok(isPicture(text(name)), name);
    assert.ok(isPicture(text("x", { unit: "28x28 pixels" })));
    assert.ok(isPicture(text("x", { doc: "a drawing of a digit" })));
    for (const param of [text("image_path"), text("picture_file"), text("imagery"), text("prompt"), text("x", { doc: "path of an image" }),
        { name: "image", type: "int" }])
        assert.ok(!isPicture(param), param.name);
});

test("which text is long", () => {
    assert.ok(isLongText(text("prompt")));
    assert.ok(isLongText(text("x", { default: "a\nb" })));
    assert.ok(!isLongText(text("id")));
    assert.ok(!isLongText({ name: "prompt", type: "int" }));
});

test("restore is offered the checkpoints", () => {
    assert.ok(offersCheckpoints({ name: "restore" }, text("id")));
    assert.ok(!offersCheckpoints({ name: "checkpoint" }, text("id")));
});

test("parameters: what is as declared is left out, the first error is told with its name", () => {
    const params = [{ name: "length", default: 160 }, { name: "greedy", default: false }];
    const read = (values) => (name) => values[name];
    assert.deepEqual(collectParams(params, read({ length: { value: 160 }, greedy: { value: true } })), { params: { greedy: true } });
    assert.deepEqual(collectParams(params, read({ length: { error: "It takes 1 to 9." } })), { error: "length: It takes 1 to 9.", name: "length" });
});

test("how a result is shown", () => {
    assert.equal(resultKind({ text: "hello" }), "text");
    assert.equal(resultKind({ answer: "x".repeat(50) }), "text");
    assert.equal(resultKind({ loss: 1.5, accuracy: "NaN", ok: true }), "table");
    assert.equal(resultKind({ id: "step-1" }), "table");
    assert.equal(resultKind({ a: { b: 1 } }), "tree");
    assert.equal(resultKind([1, 2]), "tree");
    assert.equal(resultKind({}), "nothing");
    assert.equal(resultKind(undefined), "nothing");
    assert.equal(copiedText({ text: "hello" }), "hello");
    assert.deepEqual(JSON.parse(copiedText({ a: { b: 1 } })), { a: { b: 1 } });
});

test("a matrix has rows of one length", () => {
    assert.ok(isMatrix([[1, 2], [3, 4]]));
    assert.ok(!isMatrix([[1, 2], [3]]));
    assert.ok(!isMatrix([[]]));
    assert.ok(!isMatrix([[{}]]));
});

test("a call in few words", () => {
    assert.equal(callText({ action: "evaluate" }), "evaluate");
    assert.equal(callText({ action: "slow", params: { seconds: 1, prompt: "two\n lines", greedy: true } }), "slow(seconds = 1, prompt = two lines, greedy = on)");
    assert.equal(shortParam("1,2,3"), "1,2,3");
    assert.equal(shortParam("y".repeat(100)).length, 61);
});
