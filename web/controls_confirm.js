/* controls_confirm.js: a question that must be answered, in the page */
import { h } from "./dom.js";

function makeAnswer(dialog, answer) {
    return h("button", {
        type: "button", class: answer.danger ? "danger" : answer.main ? "primary" : "",
        on: { click: () => dialog.close(answer.value) },
    }, answer.text);
}

/* Resolves to the value of the answer that was chosen; "" where the question was dismissed. The first answer has the
 * focus: it should be the harmless one. `body`: an element or text. */
export function confirmIn(title, body, answers) {
    return new Promise((resolve) => {
        const dialog = h("dialog", { class: "controls-dialog", "aria-labelledby": "controls-dialog-title" },
            h("h2", { id: "controls-dialog-title" }, title), h("div", { class: "controls-dialog-body" }, body));
        dialog.append(h("div", { class: "controls-dialog-answers dialog-row" }, answers.map((one) => makeAnswer(dialog, one))));
        dialog.addEventListener("keydown", (event) => event.stopPropagation());
        dialog.addEventListener("close", () => {
            dialog.remove();
            resolve(dialog.returnValue);
        });
        document.body.append(dialog);
        dialog.showModal();
        dialog.querySelector(".controls-dialog-answers button").focus();
    });
}

export const LEAVE_IT = { text: "No", value: "" };
