#include "cli/nearest.h"

#include <string.h>

#define LONGEST 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance where exchanging two neighbours is one edit too (optimal string alignment): rows[0] is the row
 * of a's letter i, rows[1] and rows[2] are those of the letters before. */
static size_t edits(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][LONGEST + 1] = {{0}};
    for (size_t j = 0; j <= b_size; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        memmove(rows + 1, rows, 2 * sizeof *rows);
        rows[0][0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t changed = rows[1][j - 1] + (a[i - 1] != b[j - 1]);
            rows[0][j] = least(changed, least(rows[1][j], rows[0][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                rows[0][j] = least(rows[0][j], rows[2][j - 2] + 1);
        }
    }
    return rows[0][b_size];
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
