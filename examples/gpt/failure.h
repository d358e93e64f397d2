/* Why something could not be done: one sentence for people. */
#ifndef GPT_FAILURE_H
#define GPT_FAILURE_H

struct failure {
    char text[512];
};

/* Returns -1, so that it can be returned at once. */
int failure_set(struct failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
