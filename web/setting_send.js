/* setting_send.js: sends one value of one setting, and never over somebody else's newer one without a word */
import { askControl, isMine } from "./controls_ask.js";
import { shownValue } from "./controls_number.js";
import { whenMembers } from "./controls_when.js";
import { atStep } from "./format.js";

const CONFLICT = 50;

export const isConflict = (error) => error?.error === CONFLICT;

/* A value on its way. `underWay` ends when the server has given it a ticket, or has refused it. */
export function makeSent(text, read) {
    const sent = { text, ...read, ticket: null, ended: false };
    sent.underWay = new Promise((resolve) => { sent.isUnderWay = resolve; });
    return sent;
}

/* An earlier value that no control point has taken yet: the newer one takes its place. The revision that it made where
 * it was too late for that, else null. */
async function withdraw(app, earlier, name) {
    await earlier?.underWay;
    if (!earlier?.ticket || earlier.ended || earlier.atStep !== null)
        return null;
    const reply = await app.link.ask("cancel", { ticket: earlier.ticket }).catch(() => null);
    return reply?.settings?.[name]?.revision ?? null;
}

/* Has anybody else set it since the row showed `baseline`? */
export function overtaken(app, baseline, setting) {
    return setting.revision !== baseline && !isMine(app, setting.by);
}

export function conflictText(setting, value) {
    return {
        said: `${setting.changedBy ?? "Somebody"} set it to ${shownValue(setting.value, setting)}${atStep(setting.step)} meanwhile.`,
        again: `Set ${shownValue(value, setting)} all the same`,
    };
}

function membersOf(name, sent, revision) {
    return { settings: { [name]: sent.value }, revisions: { [name]: revision }, ...whenMembers(sent) };
}

/* Resolves to the outcome; rejects as askControl does. `now()`: the setting as it is; `accepted()`: it has its ticket. */
export async function sendSetting(app, now, sent, { earlier, baseline, accepted }) {
    const { name } = now();
    try {
        const own = await withdraw(app, earlier, name);
        const revision = own ?? (overtaken(app, baseline, now()) ? baseline : now().revision);
        return await askControl(app, "set", membersOf(name, sent, revision), (ticket) => {
            sent.ticket = ticket;
            sent.isUnderWay();
            accepted();
        });
    } finally {
        sent.ended = true;
        sent.isUnderWay();
    }
}
