/* dashboard.h: the picture of a run that `watch` keeps on a terminal. Only text is made here. */
#ifndef CLI_DASHBOARD_H
#define CLI_DASHBOARD_H

#include "cli/board.h"
#include "cli/page.h"

/* One frame, which replaces the one before: no row is wider than the terminal, there are at most as many rows as it
 * has. `banner` stands below the head; "": none. */
void dashboard_frame(const struct board *board, const char *banner, const struct terminal *terminal, struct buf *out);

/* The series in at most `room` rows: by their prefixes, in several columns where they do not fit into one; what does
 * not fit at all is counted. */
void dashboard_series(const struct newest *newest, const struct terminal *terminal, size_t room, struct page *page);

#endif
