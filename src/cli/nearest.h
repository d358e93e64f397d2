/* nearest.h: what was meant by a name that is not known? */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *wanted;
    const char *best; /* NULL: nothing is near */
    size_t distance;
};

struct nearest nearest_to(const char *wanted);
/* `candidate` must outlive the struct. */
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
