/* curve_frames.js: draws what has changed, at most thirty times a second and only what is in view of a tab that is seen */

const LEAST_MS = 31;   /* two frames of 60 a second, a little early */
const REST = 1;        /* after drawing for a while as long a rest, so that the page still answers */

export class Frames {
    constructor(isInView) {
        this.isInView = isInView;
        this.dirty = new Set();
        this.frame = null;
        this.notBefore = 0;
        this.before = () => {};
        document.addEventListener("visibilitychange", () => this.schedule());
    }

    /* `soon`: somebody waits for it (a pan), not for live points */
    add(panels, soon = false) {
        for (const panel of panels)
            this.dirty.add(panel);
        if (soon)
            this.notBefore = 0;
        this.schedule();
    }

    schedule() {
        if (this.frame === null && this.dirty.size > 0 && !document.hidden)
            this.frame = requestAnimationFrame((now) => this.tick(now));
    }

    tick(now) {
        this.frame = null;
        if (document.hidden)
            return;
        if (now >= this.notBefore)
            this.draw(now);
        this.schedule();
    }

    draw(now) {
        const begun = performance.now();
        this.before();
        for (const panel of this.dirty)
            if (this.isInView(panel))
                panel.draw();
        this.dirty.clear();
        this.notBefore = now + Math.max(LEAST_MS, (performance.now() - begun) * (1 + REST));
    }
}
