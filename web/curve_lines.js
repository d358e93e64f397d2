/* curve_lines.js: the curves of a panel: its series, and the same of the runs that are laid over */

import { splitName } from "./curve_plan.js";

const RUN_DASHES = [[6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3]];

function lineOf(key, name, label, color, dash, track) {
    return { key, name, label, color, dash, track };
}

/* A group has a colour of its own, so that train and val look the same in each panel; other runs have theirs from the other end. */
export function makeLines(names, runs, feed, colors, groupPlaces) {
    const lines = names.map((name) => {
        const group = groupPlaces.get(splitName(name)[0]) ?? 0;
        return lineOf(name, name, runs.length > 0 && names.length === 1 ? "this run" : name, colors.curve(group), [], feed.track(name));
    });
    for (const [i, run] of runs.entries())
        for (const [k, name] of names.entries()) {
            const track = feed.track(name, run.folder);
            track.main = lines[k].track;
            const label = names.length > 1 ? `${run.folder} · ${name}` : run.folder;
            const dash = RUN_DASHES[(i + k) % RUN_DASHES.length];
            lines.push(lineOf(`${run.folder}\n${name}`, `${run.folder}/${name}`, label, colors.curve(9 - i), dash, track));
        }
    return lines;
}
