/* page.h: rows that are made before it is known which of them have room. */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

#include "base/buf.h"

/* Zeros are an empty page. */
struct page {
    struct buf text; /* of all rows, one after the other */
    struct buf ends; /* size_t: where in text each row ends */
    size_t rows;
};

/* Ends the row whose text was added to page->text. */
void page_end_row(struct page *page);
/* Copies the rows from `first` up to `end` of another page to the end of this one. */
void page_add(struct page *page, const struct page *from, size_t first, size_t end);
void page_finish(struct page *page);
/* All rows with line ends between them. */
void page_print(const struct page *page, struct buf *out);

#endif
