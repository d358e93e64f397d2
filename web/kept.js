/* kept.js: what the browser keeps for this page; where it keeps nothing, all is as at first the next time */

export function readKept(key, storage = "localStorage") {
    try {
        return globalThis[storage].getItem(key);
    } catch {
        return null;
    }
}

/* No text: it is forgotten. */
export function writeKept(key, text, storage = "localStorage") {
    try {
        if (text)
            globalThis[storage].setItem(key, text);
        else
            globalThis[storage].removeItem(key);
    } catch {
        /* storage is forbidden, or full */
    }
}
