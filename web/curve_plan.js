/* curve_plan.js: which panels there are: pure functions of the names */

const OTHER = "other";

/* "train/loss" -> ["train", "loss"]; without a slash: of no group. */
export function splitName(name) {
    const at = name.indexOf("/");
    return at > 0 && at < name.length - 1 ? [name.slice(0, at), name.slice(at + 1)] : [OTHER, name];
}

/* [{group, panels: [{key, title, names}]}] in the order in which the groups and series came. With `overlay` series of one name
 * in several groups share a panel, which stands in the first of them. */
export function planPanels(names, overlay) {
    const groups = new Map();
    const byRest = new Map();
    for (const name of names) {
        const [group, rest] = splitName(name);
        const shared = overlay && group !== OTHER ? byRest.get(rest) : undefined;
        if (!groups.has(group))
            groups.set(group, []);
        if (shared && splitName(shared.names[0])[0] !== group) {
            shared.names.push(name);
            shared.title = rest;
            continue;
        }
        const panel = { key: name, title: name, names: [name] };
        groups.get(group).push(panel);
        if (group !== OTHER && !shared)
            byRest.set(rest, panel);
    }
    return [...groups].filter(([, panels]) => panels.length > 0).map(([group, panels]) => ({ group, panels }));
}

const escape = (text) => text.replace(/[.+^${}()|\\\]]/g, "\\$&");

/* A word with * or ? is a glob of the name or of whole parts of it (* crosses a slash), any other a piece of it. Several words: any
 * of them. */
export function makeFilter(text) {
    const words = text.trim().toLowerCase().split(/\s+/).filter((word) => word);
    const tests = words.map((word) => {
        if (!/[*?]/.test(word))
            return (name) => name.includes(word);
        const pattern = new RegExp(`(^|/)${escape(word).replaceAll("[", "\\[").replaceAll("*", ".*").replaceAll("?", ".")}($|/)`, "s");
        return (name) => pattern.test(name);
    });
    return (name) => tests.length === 0 || tests.some((test) => test(name.toLowerCase()));
}
