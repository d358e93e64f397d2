/* state_settings.js: the settings, who changed each last, and what is asked of it */

/* A revision is given by one request only; where the value is not that one's, the trainer has changed it since. */
function explain(setting, log) {
    const entry = setting.revision > 0 ? log.outcomeOfSetting(setting.name, setting.revision) : null;
    if (!entry) {
        setting.changedBy = setting.by === "trainer" ? "the trainer" : setting.revision > 0 ? setting.changedBy : null;
        return;
    }
    const kept = Object.is(entry.settings[setting.name].effective, setting.value);
    setting.changedBy = kept ? entry.by : "the trainer";
    if (kept)
        Object.assign(setting, { by: entry.ticket, step: entry.step, time: entry.time });
}

export function declareSetting(settings, told, log) {
    const known = settings.get(told.name) ?? { by: null, step: null, time: null, undone: null, pending: [], changedBy: null };
    settings.set(told.name, known);
    takeValue(settings, told.name, told, log);
}

/* A newer request was not undone, whatever became of the one before it. */
export function takeValue(settings, name, members, log) {
    const setting = settings.get(name);
    if (!setting)
        return;
    if ("revision" in members && members.revision !== setting.revision)
        setting.undone = null;
    explain(Object.assign(setting, members), log);
}

/* The event comes also with the state as of now: then it says nothing of who changed the value, or when. */
export function settingChanged(settings, told, log) {
    const { name, value, revision, by, step, time, overrides } = told;
    const setting = settings.get(name);
    const same = setting && Object.is(setting.value, value) && setting.revision === revision;
    takeValue(settings, name, same && !overrides ? {} : { value, revision, by, step, time }, log);
    if (setting && overrides)
        setting.undone = { ticket: overrides, step };
}

/* setting's name -> [{ticket, requested, actor}], oldest first */
export function pendingOf(tickets, requests) {
    const pending = new Map();
    for (const { ticket } of tickets.values()) {
        const asked = requests.get(ticket);
        for (const [name, requested] of Object.entries(asked?.request?.settings ?? {}))
            pending.set(name, [...(pending.get(name) ?? []), { ticket, requested, actor: asked.actor }]);
    }
    return pending;
}
