/* link_queue.js: requests and their replies. Of each code at most one is unanswered; the others wait in order. */

export const CODES = {
    hello: 1, ping: 2, status: 3, describe: 4, subscribe: 5, unsubscribe: 6, history: 7, audit: 8, clients: 9, say: 10, stats: 11, output: 12,
    runs: 13, pause: 16, resume: 17, stop: 18, advance: 19, set: 20, act: 21, cancel: 22, freeze: 23, abort: 24, shutdown: 40,
};

/* These change nothing: they may be asked again on the next connection. */
const READS = new Set(["history", "audit", "clients", "stats", "output", "runs", "status", "describe"]);

export class Refusal extends Error {
    constructor(reply) {
        const text = reply.Detail || reply.Message || "The request was refused.";
        super(text);
        this.name = "Refusal";
        this.message = text;
        this.error = reply.CodeError ?? 0;
        this.reply = reply;
    }
}

/* No reply will come: CodeError 0 is not one of the server's. */
const lost = (text) => new Refusal({ CodeError: 0, Message: text });

const plain = (value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);

export class Queue {
    constructor() {
        this.send = null;          /* of the connection, while it is open for requests */
        this.waiting = new Map();  /* code's name -> requests, the first one sent if `sent` */
        this.next = 1;
    }

    ask(name, members = {}) {
        if (!(name in CODES))
            throw new TypeError(`no request is called ${name}`);
        return new Promise((resolve, reject) => {
            if (!this.send && !READS.has(name))
                return reject(lost("Not connected to the server: nothing was asked."));
            const line = this.line(name);
            line.push({ name, members, resolve, reject, id: null });
            this.advance(line);
        });
    }

    line(name) {
        if (!this.waiting.has(name))
            this.waiting.set(name, []);
        return this.waiting.get(name);
    }

    advance(line) {
        const [first] = line;
        if (!this.send || !first || first.id !== null)
            return;
        first.id = this.next++;
        this.send(JSON.stringify({ code: CODES[first.name], id: first.id, ...first.members }, (key, value) => plain(value)));
    }

    /* false: the reply is to nothing that was asked here. */
    reply(told) {
        const line = [...this.waiting.values()].find(([first]) => first && first.id !== null && first.id === told.id);
        if (!line)
            return false;
        const asked = line.shift();
        this.advance(line);
        if ("CodeError" in told)
            asked.reject(new Refusal(told));
        else
            asked.resolve(told.result);
        return true;
    }

    open(send) {
        this.send = send;
        for (const line of this.waiting.values())
            this.advance(line);
    }

    /* What only reads waits for the next connection; what changes something may or may not have arrived. */
    close() {
        this.send = null;
        for (const [name, line] of this.waiting) {
            for (const one of READS.has(name) ? [] : line.splice(0))
                one.reject(lost(one.id === null ? "The connection was lost before this was asked."
                    : "The connection was lost before the answer came: the timeline will show whether it was carried out."));
            line.forEach((one) => { one.id = null; });
        }
    }

    refuseAll(refusal) {
        for (const line of this.waiting.values())
            line.splice(0).forEach((one) => one.reject(refusal));
    }
}
