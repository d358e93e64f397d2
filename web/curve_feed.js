/* curve_feed.js: fetches what the panels in view need: one `history` in flight, up to 32 series each, and appends what comes
 * live */

import { Track, wanting } from "./data.js";

const SERIES_AT_MOST = 32;
const POINTS_AT_MOST = 4096;
const ANSWER_POINTS = 40000; /* of all series of a request: 8 MiB are the server's limit */
const KEPT_TRACKS = 64;
const STORED_MS = 100; /* so far history may be behind the stream */
const RETRY_MS = 2000;
const INVALID_PARAMETER = 43;
const LIMIT_REACHED = 52;

export const keyOf = (name, run = null) => (run === null ? name : `${run}\n${name}`);

/* The wants of one run and range, as few requests as may be: [{run, asked, points, tracks}] */
export function groupWants(wants, share = 1) {
    const groups = new Map();
    for (const want of wants) {
        const { axis, from, to } = want.asked;
        const key = JSON.stringify([want.track.run, axis, from, to, axis === "time" && from !== null ? want.track.shift : 0]);
        const group = groups.get(key) ?? { run: want.track.run, asked: want.asked, points: 0, tracks: [] };
        const points = Math.max(group.points, want.points);
        const most = Math.max(1, Math.floor(Math.min(SERIES_AT_MOST, ANSWER_POINTS / points) * share));
        if (group.tracks.length < most) {
            group.points = points;
            group.tracks.push(want.track);
            groups.set(key, group);
        }
    }
    return [...groups.values()];
}

/* So many buckets that each pixel has one: the server gives a quarter of them at least. */
export function pointsFor(pixels, whole) {
    return Math.min(POINTS_AT_MOST, Math.max(256, Math.ceil(pixels * 2 * (whole ? 1 : 1.5) / 64) * 64));
}

export function requestOf(group) {
    const { asked, run, points, tracks } = group;
    const request = { series: tracks.map((track) => track.name), axis: asked.axis, points };
    const shift = asked.axis === "time" ? tracks[0].shift : 0;
    if (run !== null)
        request.run = run;
    if (asked.from !== null)
        request.from = asked.from - shift;
    if (asked.to !== null)
        request.to = asked.to - shift;
    return request;
}

/* Another run's curve begins where this run's does. False: it was asked for by other times. */
function align(track, answer, asked) {
    const theirs = answer.segments[0]?.from_time;
    const ours = track.main?.segments[0]?.from_time;
    if (track.run === null || theirs === undefined || ours === undefined || track.aligned)
        return true;
    track.shift = ours - theirs;
    track.aligned = true;
    return asked.axis === "step" || asked.from === null;
}

export class Feed {
    /* `wanted()` tells what is in view: [{track, view}]; `onData(tracks)`: they have changed; `newestOf(name)`: when the
     * newest point of this run's series was logged, or undefined */
    constructor(link, wanted, onData, newestOf) {
        this.link = link;
        this.newestOf = newestOf;
        this.wanted = wanted;
        this.onData = onData;
        this.tracks = new Map();
        this.busy = false;
        this.timer = null;
        this.due = Infinity;
        this.share = 1;
        this.alone = new Set(); /* tracks to be asked for singly: one of them is not there */
    }

    track(name, run = null) {
        const key = keyOf(name, run);
        let track = this.tracks.get(key);
        if (track)
            this.tracks.delete(key); /* and in again as the newest */
        else
            track = new Track(name, run);
        this.tracks.set(key, track);
        return track;
    }

    /* What is not in view is let go, the longest unseen first. */
    trim(inView) {
        if (this.tracks.size <= KEPT_TRACKS)
            return;
        for (const [key, track] of this.tracks) {
            if (this.tracks.size <= KEPT_TRACKS)
                return;
            if (!inView.has(track))
                this.tracks.delete(key);
        }
    }

    live(points, nameOf) {
        const changed = new Set();
        for (const [id, step, time, value] of points) {
            const track = this.tracks.get(nameOf(id));
            if (track?.add(step, time, value))
                changed.add(track);
        }
        return changed;
    }

    /* The stream has a hole here. */
    breakOff() {
        for (const track of this.tracks.values())
            if (track.run === null)
                track.breakOff();
    }

    /* What is shown stays until it has been asked for again. */
    expire(isMeant = () => true) {
        for (const track of [...this.tracks.values()].filter(isMeant)) {
            track.stale = true;
            track.trouble = null;
        }
        this.soon(0);
    }

    /* Asks in so many milliseconds, or earlier if that was said before. `later`: from now on anew. */
    soon(ms, later = false) {
        const due = performance.now() + ms;
        if (this.timer !== null && this.due <= due && !later)
            return;
        clearTimeout(this.timer);
        this.due = due;
        this.timer = setTimeout(() => {
            this.timer = null;
            this.due = Infinity;
            this.run();
        }, ms);
    }

    wants() {
        const wants = [];
        for (const { track, view } of this.wanted()) {
            const asked = track.trouble === null ? wanting(track, view) : null;
            if (asked)
                wants.push({ track, asked, points: pointsFor(view.pixels, view.whole) });
        }
        return wants;
    }

    async run() {
        if (this.busy)
            return;
        const wants = this.wants();
        const single = wants.find((want) => this.alone.has(want.track));
        const group = groupWants(single ? [single] : wants, this.share)[0];
        if (!group)
            return;
        this.busy = true;
        try {
            this.answered(group, await this.link.ask("history", requestOf(group)));
        } catch (refusal) {
            this.refused(group, refusal);
        }
        this.busy = false;
        this.soon(group.tracks.some((track) => track.stale) ? STORED_MS : 0);
    }

    answered(group, answer) {
        const byName = new Map(answer.series.map((one) => [one.name, one]));
        for (const track of group.tracks) {
            const one = byName.get(track.name);
            this.alone.delete(track);
            if (one && align(track, one, group.asked))
                track.take(one, group.asked, this.newestOf(track.name));
            else if (!one)
                track.trouble = "no such series";
        }
        this.onData(group.tracks);
    }

    refused(group, refusal) {
        const again = group.tracks.length > 1 && [INVALID_PARAMETER, LIMIT_REACHED].includes(refusal.error);
        if (again && refusal.error === INVALID_PARAMETER)
            group.tracks.forEach((track) => this.alone.add(track));
        else if (again)
            this.share /= 2;
        else
            this.failed(group.tracks, refusal);
        this.onData(group.tracks);
    }

    /* What a run does not have it will not have in a while; anything else may pass. */
    failed(tracks, refusal) {
        for (const track of tracks) {
            track.trouble = refusal.message;
            this.alone.delete(track);
        }
        if (refusal.error !== INVALID_PARAMETER || tracks[0].run === null)
            setTimeout(() => this.retry(tracks), RETRY_MS);
    }

    retry(tracks) {
        for (const track of tracks)
            track.trouble = null;
        this.soon(0);
    }
}
