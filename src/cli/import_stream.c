#include "cli/import_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/interrupt.h"

struct stream {
    int fd;
    struct import_watch *watch;
};

static ssize_t stream_read(void *context, char *data, size_t size)
{
    struct stream *stream = context;
    ssize_t got = interrupt_came() ? -1 : read(stream->fd, data, size);
    if (got > 0)
        *stream->watch->bytes += (uint64_t)got;
    if (got > 0 && stream->watch->each)
        stream->watch->each(stream->watch->context);
    return got;
}

static int stream_close(void *context)
{
    struct stream *stream = context;
    int result = close(stream->fd);
    free(stream);
    return result;
}

FILE *import_stream_open(const char *path, struct import_watch *watch)
{
    static const cookie_io_functions_t functions = {.read = stream_read, .close = stream_close};
    struct stream *stream = malloc(sizeof *stream);
    if (!stream)
        return NULL;
    *stream = (struct stream){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), .watch = watch};
    FILE *file = stream->fd < 0 ? NULL : fopencookie(stream, "r", functions);
    if (file) {
        setvbuf(file, NULL, _IOFBF, 262144);
        return file;
    }
    int number = errno;
    if (stream->fd >= 0)
        close(stream->fd);
    free(stream);
    errno = number;
    return NULL;
}
