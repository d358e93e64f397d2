/* gate.h: bench.py lets a program begin to measure once the server has attached to it. */
#ifndef BENCH_GATE_H
#define BENCH_GATE_H

/* Says "ready" on standard output and waits for a line on standard input. 0, or -1: it was closed. */
int gate_wait(void);

#endif
