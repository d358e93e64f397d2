/* old_run.h: a run.db as the trimtab before this one made it (schema 2). */
#ifndef TEST_OLD_RUN_H
#define TEST_OLD_RUN_H

#include "logged.h"

#define OLD_SERIES 4
/* Blobs that are not as they should be: */
enum { OLD_DAMAGED_CRC = 3, OLD_DAMAGED_INSIDE = 6, OLD_DAMAGED_HEAD = 9, OLD_EMPTY = 11 };

struct old_run {
    struct logged *logged;
    sqlite3 *db;
    uint64_t logged_points[OLD_SERIES];
    struct check_point last[OLD_SERIES];
    uint64_t lost; /* points of damaged blobs */
    int damaged;   /* blobs */
};

/* Declares the series and fills so many blobs, each with so many steps. */
struct old_run old_run_make(struct logged *logged, unsigned blobs, unsigned steps);

#endif
