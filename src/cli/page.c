#include "cli/page.h"

#include <string.h>

void page_end_row(struct page *page)
{
    size_t end = page->text.size;
    buf_add(&page->ends, &end, sizeof end);
    page->rows += !page->ends.failed;
}

void page_finish(struct page *page)
{
    buf_finish(&page->text);
    buf_finish(&page->ends);
    *page = (struct page){0};
}

/* Where row `row` begins, which is where the one before it ends. */
static size_t begin_of(const struct page *page, size_t row)
{
    size_t end = 0;
    if (row > 0)
        memcpy(&end, page->ends.data + (row - 1) * sizeof end, sizeof end);
    return end;
}

static void print_row(const struct page *page, size_t row, struct buf *out)
{
    size_t begin = begin_of(page, row);
    if (!page->text.failed && begin < page->text.size)
        buf_add(out, page->text.data + begin, begin_of(page, row + 1) - begin);
}

void page_add(struct page *page, const struct page *from, size_t first, size_t end)
{
    for (size_t row = first; row < end && row < from->rows; row++) {
        print_row(from, row, &page->text);
        page_end_row(page);
    }
}

void page_print(const struct page *page, struct buf *out)
{
    for (size_t row = 0; row < page->rows; row++) {
        buf_text(out, row > 0 ? "\r\n" : "");
        print_row(page, row, out);
    }
}
