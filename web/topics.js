/* topics.js: who is told what, now or once a frame */

/* A hidden tab has no frames. */
function nextFrame(fn) {
    if (globalThis.document?.visibilityState === "visible")
        requestAnimationFrame(fn);
    else
        setTimeout(fn, 100);
}

export class Topics {
    constructor(later = nextFrame) {
        this.listeners = new Map();
        this.later = later;
        this.waiting = new Map(); /* topic -> details to be told with the next frame */
    }

    on(topic, fn) {
        if (!this.listeners.has(topic))
            this.listeners.set(topic, new Set());
        this.listeners.get(topic).add(fn);
        return () => this.listeners.get(topic).delete(fn);
    }

    /* What fails in one listener is its own affair. */
    emit(topic, detail = null) {
        for (const fn of [...(this.listeners.get(topic) ?? [])])
            try {
                fn(detail);
            } catch (error) {
                console.error(topic, error);
            }
    }

    /* For what may change a thousand times a second. */
    emitSoon(topic, detail = null) {
        if (this.waiting.size === 0)
            this.later(() => this.emitWaiting());
        if (!this.waiting.has(topic))
            this.waiting.set(topic, new Set());
        this.waiting.get(topic).add(detail);
    }

    emitWaiting() {
        const waiting = this.waiting;
        this.waiting = new Map();
        for (const [topic, details] of waiting)
            for (const detail of details.has(null) ? [null] : details)
                this.emit(topic, detail);
    }
}
