/* controls_linger.js: what ends at once is not worth a line that comes and goes, and moves all that is below it */

const LONG_MS = 400;

/* A function that, of the tickets that are pending, gives those that have been so for a while; `again` is called when
 * more of them have. */
export function makeLinger(again, clock = () => performance.now()) {
    const since = new Map();
    let timer = 0;
    return (tickets) => {
        const now = clock();
        for (const ticket of since.keys())
            if (!tickets.includes(ticket))
                since.delete(ticket);
        for (const ticket of tickets)
            if (!since.has(ticket))
                since.set(ticket, now);
        const waits = [...since.values()].filter((seen) => now - seen < LONG_MS);
        clearTimeout(timer);
        if (waits.length > 0)
            timer = setTimeout(again, LONG_MS - (now - Math.min(...waits)) + 1);
        return tickets.filter((ticket) => now - since.get(ticket) >= LONG_MS);
    };
}
