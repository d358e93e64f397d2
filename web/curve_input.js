/* curve_input.js: pan and zoom of a plot by wheel, shift and drag, fingers and keys. Drag alone is uPlot's selection. */

const WHEEL_ZOOM = 1.0018;
const KEY_PAN = 0.15;
const KEY_ZOOM = 0.7;

/* One step of a wheel, whatever it counts in. */
function wheelPixels(delta, mode) {
    return delta * (mode === 1 ? 30 : mode === 2 ? 300 : 1);
}

function onWheel(plot, event) {
    const { view } = plot.shared;
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (event.ctrlKey || event.shiftKey || event.metaKey) {
        event.preventDefault();
        const delta = wheelPixels(sideways ? event.deltaX : event.deltaY, event.deltaMode);
        view.zoom(WHEEL_ZOOM ** Math.max(-300, Math.min(300, delta)), plot.u.posToVal(event.clientX - plot.u.rect.left, "x"));
    } else if (sideways && !view.whole) {
        event.preventDefault();
        view.pan(wheelPixels(event.deltaX, event.deltaMode) / plot.u.rect.width);
    }
}

const KEYS = {
    ArrowLeft: (view) => view.pan(-KEY_PAN),
    ArrowRight: (view) => view.pan(KEY_PAN),
    "+": (view) => view.zoom(KEY_ZOOM),
    "=": (view) => view.zoom(KEY_ZOOM),
    "-": (view) => view.zoom(1 / KEY_ZOOM),
    "0": (view) => view.reset(),
};

function onKey(plot, event) {
    const act = KEYS[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey)
        return;
    event.preventDefault();
    act(plot.shared.view);
}

/* Fingers, and the mouse with shift: where each pointer was when the gesture began, and the range then. */
class Gesture {
    constructor(plot) {
        this.plot = plot;
        this.pointers = new Map();
        this.range = null;
    }

    begin(event) {
        if (event.pointerType === "mouse" && !event.shiftKey)
            return;
        this.pointers.set(event.pointerId, { from: event.clientX, to: event.clientX });
        if (this.pointers.size > 1 || event.pointerType === "mouse")
            this.plot.u.over.setPointerCapture(event.pointerId);
        this.settle();
    }

    settle() {
        for (const one of this.pointers.values())
            one.from = one.to;
        this.range = { ...this.plot.shared.view.range() };
    }

    move(event) {
        const pointer = this.pointers.get(event.pointerId);
        if (!pointer)
            return;
        pointer.to = event.clientX;
        const [a, b] = [...this.pointers.values()];
        if (b)
            this.pinch(a, b);
        else if (Math.abs(a.to - a.from) > 3 && !(this.plot.shared.view.whole && event.pointerType === "touch"))
            this.drag(a);
    }

    drag({ from, to }) {
        const { range, plot } = this;
        const move = ((from - to) / plot.u.rect.width) * (range.to - range.from);
        plot.shared.view.show({ from: range.from + move, to: range.to + move });
    }

    /* What was under each finger stays under it. */
    pinch(a, b) {
        const { left, width } = this.plot.u.rect;
        const perPixel = (this.range.to - this.range.from) / width;
        const under = (one) => this.range.from + (one.from - left) * perPixel;
        const apart = b.to - a.to;
        if (Math.abs(apart) < 10)
            return;
        const scale = (under(b) - under(a)) / apart;
        const from = under(a) - (a.to - left) * scale;
        if (scale > 0)
            this.plot.shared.view.show({ from, to: from + width * scale });
    }

    end(event) {
        if (this.pointers.delete(event.pointerId))
            this.settle();
    }
}

function onClick(plot, event) {
    const place = plot.markAt(event.clientX - plot.u.rect.left);
    if (place)
        plot.source.onMark(place.marks[place.marks.length - 1]);
}

/* Returns what takes all of it away again. */
export function bindInput(plot) {
    const gesture = new Gesture(plot);
    const abort = new AbortController();
    const { over } = plot.u;
    const on = (name, fn, more = {}) => over.addEventListener(name, fn, { signal: abort.signal, ...more });
    over.tabIndex = 0;
    on("wheel", (event) => onWheel(plot, event), { passive: false });
    on("keydown", (event) => onKey(plot, event));
    on("dblclick", () => plot.shared.view.reset());
    on("click", (event) => onClick(plot, event));
    on("pointerdown", (event) => gesture.begin(event));
    on("pointermove", (event) => gesture.move(event));
    for (const name of ["pointerup", "pointercancel", "pointerleave"])
        on(name, (event) => gesture.end(event));
    return () => abort.abort();
}
