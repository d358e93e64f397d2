/* dom.js: elements from plain calls; text is only ever text, never markup */

function setProperty(element, key, value) {
    if (key === "class")
        element.className = value;
    else if (key.includes("-") || key === "role" || !(key in element))
        element.setAttribute(key, value);
    else
        element[key] = value;
}

function append(element, child) {
    if (child === null || child === undefined || child === false)
        return;
    if (Array.isArray(child))
        child.forEach((one) => append(element, one));
    else
        element.append(child);
}

export function h(tag, props, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(props ?? {})) {
        if (key === "on")
            for (const [name, fn] of Object.entries(value))
                element.addEventListener(name, fn);
        else if (value !== null && value !== undefined)
            setProperty(element, key, value);
    }
    append(element, children);
    return element;
}

export function replace(element, ...children) {
    element.replaceChildren();
    append(element, children);
    return element;
}

/* Writing what is there already would make a screen reader say it again, and the browser lay it out again. */
export function setText(element, text) {
    if (element.textContent !== text)
        element.textContent = text;
}

const TOASTS_AT_MOST = 5;

function toastRegion(kind) {
    const id = kind === "error" ? "toasts-now" : "toasts";
    return document.getElementById(id) ?? document.body;
}

/* Errors stay until they are closed or pushed out by newer ones; the rest go by themselves. */
export function toast(text, kind = "info") {
    const region = toastRegion(kind);
    const item = h("div", { class: `toast toast-${kind}` }, h("span", { class: "toast-text" }, text),
        h("button", { class: "toast-close", type: "button", "aria-label": "Close", on: { click: () => item.remove() } }, "×"));
    region.append(item);
    while (region.children.length > TOASTS_AT_MOST)
        region.firstChild.remove();
    if (kind !== "error")
        setTimeout(() => item.remove(), kind === "warning" ? 10000 : 5000);
    return item;
}
