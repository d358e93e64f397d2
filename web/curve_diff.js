/* curve_diff.js: in what runs differ: pure functions of what is told of them */

const text = (value) => (value === undefined ? undefined : JSON.stringify(value));

/* Members of members have their path for a name: {"model.width": 128} */
function flatten(object, prefix = "", into = Object.create(null)) {
    for (const [name, value] of Object.entries(object ?? {})) {
        if (value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length > 0)
            flatten(value, `${prefix}${name}.`, into);
        else
            into[`${prefix}${name}`] = value;
    }
    return into;
}

/* `members`: one object a run. {rows: [{name, values}], same}: rows where not all have the same value, in the order of names as
 * they came; a value that a run does not have is undefined. */
export function differences(members) {
    const flat = members.map((one) => flatten(one));
    const names = [...new Set(flat.flatMap((one) => Object.keys(one)))];
    const rows = [];
    for (const name of names) {
        const values = flat.map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
        if (values.some((value) => text(value) !== text(values[0])))
            rows.push({ name, values });
    }
    return { rows, same: names.length - rows.length };
}
