#include "cli/nearest.h"

#include <string.h>

#define LONGEST 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance, one row of the matrix at a time. */
static size_t edits(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_size];
}

struct nearest nearest_to(const char *wanted)
{
    /* A third of the letters may be wrong, at least one. */
    size_t size = strlen(wanted);
    return (struct nearest){.wanted = wanted, .distance = size < 3 ? 2 : size / 3 + 1};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    size_t wanted_size = strlen(nearest->wanted), size = strlen(candidate);
    if (wanted_size > LONGEST || size > LONGEST)
        return;
    size_t distance = edits(nearest->wanted, wanted_size, candidate, size);
    if (distance >= nearest->distance || distance >= size)
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}
