/* output.c: what the trainer printed: live to those who follow it, in pages to those who ask. */
#include "server/output.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/server.h"
#include "wire/server_view.h"

enum {
    AT_ONCE_BYTES = 65536,
    BEHIND_BYTES = 1 << 20, /* whoever is farther behind begins again near the end */
    PAGE_BYTES = 512 << 10, /* of one answer */
    PAGE_FIRST_BYTES = 65536
};

#define SECOND_NS INT64_C(1000000000)

/* ---- pages ---- */

struct page {
    char *data; /* from `begin` to `end` of the file */
    int64_t begin, end, size;
};

static int read_page(int fd, struct page *page, int64_t bytes, struct err *err)
{
    page->begin = page->end > bytes ? page->end - bytes : 0;
    char *data = realloc(page->data, (size_t)(page->end - page->begin) + 1);
    if (!data)
        return err_set(err, ERR_NOMEM, "out of memory");
    page->data = data;
    int64_t at = page->begin;
    while (at < page->end) {
        ssize_t got = pread(fd, data + (at - page->begin), (size_t)(page->end - at), at);
        if (got < 0)
            return err_errno(err, ERR_SYSTEM, "cannot read the output");
        if (got == 0)
            break; /* somebody made it shorter */
        at += got;
    }
    page->end = at;
    return 0;
}

/* Where the line that ends before `end` begins, within the page. */
static int64_t line_begin(const struct page *page, int64_t end)
{
    const char *feed = end > page->begin ? memrchr(page->data, '\n', (size_t)(end - page->begin)) : NULL;
    return feed ? page->begin + (feed - page->data) + 1 : page->begin;
}

/* Where the newest `lines` whole lines before `end` begin. */
static int64_t lines_begin(const struct page *page, int64_t end, int64_t lines)
{
    int64_t begin = end;
    for (; lines > 0 && begin > page->begin; lines--)
        begin = line_begin(page, begin - 1);
    return begin;
}

static struct text part_of(const struct page *page, int64_t begin, int64_t end)
{
    return text_of(page->data + (begin - page->begin), (size_t)(end - begin));
}

static void write_page(const struct page *page, int64_t whole, int64_t lines, struct buf *out)
{
    int64_t begin = lines_begin(page, whole, lines);
    /* the page may begin within a line: that one is for the next older page */
    if (begin == page->begin && begin > 0 && begin < whole) {
        const char *feed = memchr(page->data, '\n', (size_t)(whole - begin - 1));
        begin = feed ? page->begin + (feed - page->data) + 1 : begin;
    }
    result_output_open(out);
    for (int64_t at = begin; at < whole;) {
        const char *feed = memchr(page->data + (at - page->begin), '\n', (size_t)(whole - at));
        int64_t stop = feed ? page->begin + (feed - page->data) : whole;
        result_output_add(out, at, part_of(page, at, stop));
        at = stop + 1;
    }
    result_output_close(out, part_of(page, whole, page->end), begin > 0 ? begin : -1, page->size);
}

static int page_of(int fd, int64_t before, int64_t lines, struct buf *out, struct err *err)
{
    struct stat status;
    struct page page = {0};
    if (fstat(fd, &status) < 0)
        return err_errno(err, ERR_SYSTEM, "cannot read the output");
    page.size = status.st_size;
    int code = 0;
    int64_t whole = 0;
    for (int64_t bytes = PAGE_FIRST_BYTES; !code; bytes *= 2) {
        page.end = before >= 0 && before < page.size ? before : page.size;
        code = read_page(fd, &page, bytes, err);
        whole = line_begin(&page, page.end);
        bool enough = !code && lines_begin(&page, whole, lines + 1) > page.begin;
        if (enough || page.begin == 0 || bytes >= PAGE_BYTES)
            break;
    }
    if (!code)
        write_page(&page, whole, lines, out);
    free(page.data);
    return code;
}

int output_page(int run_fd, int64_t before, int64_t lines, struct buf *out, struct err *err)
{
    int fd = openat(run_fd, "output", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        result_output_open(out);
        result_output_close(out, text_of("", 0), -1, 0);
        return 0;
    }
    if (fd < 0)
        return err_errno(err, ERR_SYSTEM, "cannot open the output");
    int code = page_of(fd, before, lines, out, err);
    close(fd);
    return code;
}

/* ---- live ---- */

static void tell(struct server *server, struct text lines, int64_t at, struct text partial, uint64_t skipped)
{
    struct buf members;
    buf_init(&members);
    event_output_members(&members, lines, at, partial, skipped);
    hub_publish(&server->hub, EVENT_OUTPUT, &members);
}

/* Moved away (logrotate), and another one stands in its place. */
static bool was_replaced(const struct server *server)
{
    struct stat open_file, named;
    return fstat(server->output.fd, &open_file) == 0 && fstatat(server->folder.run_fd, "output", &named, 0) == 0 &&
           (named.st_ino != open_file.st_ino || named.st_dev != open_file.st_dev);
}

/* False: there is none yet. */
static bool open_output(struct server *server, int64_t *size)
{
    struct output *output = &server->output;
    struct stat status;
    if (server->mono_ns >= output->look_ns) {
        output->look_ns = server->mono_ns + SECOND_NS;
        if (output->fd >= 0 && was_replaced(server)) {
            output_finish(server);
            output->at = 0;
        }
        if (output->fd < 0)
            output->fd = openat(server->folder.run_fd, "output", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (output->fd < 0 || fstat(output->fd, &status) < 0)
        return false;
    *size = status.st_size;
    return true;
}

/* Where the line begins that is unfinished at `size`: it is told whole once it ends. */
static int64_t unfinished_begin(int fd, int64_t size)
{
    static _Thread_local char data[AT_ONCE_BYTES];
    int64_t from = size > AT_ONCE_BYTES ? size - AT_ONCE_BYTES : 0;
    ssize_t got = pread(fd, data, (size_t)(size - from), from);
    const char *feed = got > 0 ? memrchr(data, '\n', (size_t)got) : NULL;
    return feed ? from + (feed - data) + 1 : from > 0 ? size : 0;
}

/* What stands between a place far behind and one near the end is passed over, to the beginning of a line. */
static uint64_t skip(struct output *output, int64_t size, char *data)
{
    int64_t from = output->at;
    if (size - from <= BEHIND_BYTES)
        return 0;
    output->at = size - AT_ONCE_BYTES;
    ssize_t got = pread(output->fd, data, AT_ONCE_BYTES, output->at);
    const char *feed = got > 0 ? memchr(data, '\n', (size_t)got) : NULL;
    if (feed)
        output->at += feed - data + 1;
    return (uint64_t)(output->at - from);
}

static void tell_more(struct server *server, int64_t size)
{
    static _Thread_local char data[AT_ONCE_BYTES];
    struct output *output = &server->output;
    output->skipped += skip(output, size, data);
    ssize_t got = pread(output->fd, data, sizeof data, output->at);
    if (got <= 0)
        return;
    const char *feed = memrchr(data, '\n', (size_t)got);
    size_t whole = feed ? (size_t)(feed - data) : got == sizeof data ? sizeof data : 0;
    size_t taken = feed ? whole + 1 : whole;
    struct text partial = text_of(data + taken, (size_t)got - taken);
    bool partial_news =
        partial.size > 0 && output->at + got != output->partial_end && server->mono_ns >= output->partial_ns;
    if (taken == 0 && !partial_news)
        return;
    tell(server, text_of(data, whole), output->at, partial_news ? partial : text_of("", 0), output->skipped);
    output->skipped = 0;
    if (partial_news) {
        output->partial_end = output->at + got;
        output->partial_ns = server->mono_ns + SECOND_NS;
    }
    output->at += (int64_t)taken;
}

void output_turn(struct server *server)
{
    struct output *output = &server->output;
    int64_t size;
    if (!hub_wanted(&server->hub, TOPIC_OUTPUT)) {
        output->at = -1;
        return;
    }
    if (!open_output(server, &size)) {
        output->at = 0; /* all of it is news once it is there */
        return;
    }
    if (output->at < 0 || output->at > size) {
        output->at = unfinished_begin(output->fd, size);
        output->partial_end = size;
    }
    if (output->at < size)
        tell_more(server, size);
}

void output_finish(struct server *server)
{
    if (server->output.fd >= 0)
        close(server->output.fd);
    server->output.fd = -1;
}
