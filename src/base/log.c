#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

#define LOG_LINE 1024

static _Atomic int sink = STDERR_FILENO;
static _Atomic int sink_least = LOG_INFO;

void log_set(int fd, enum log_level least)
{
    atomic_store(&sink, fd);
    atomic_store(&sink_least, (int)least);
}

static size_t log_head(char line[LOG_LINE], enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t length = strftime(line, LOG_LINE, "%Y-%m-%dT%H:%M:%S", &utc);
    int more = snprintf(line + length, LOG_LINE - length, ".%03dZ %s ", (int)(now.tv_nsec / 1000000), names[level]);
    return length + (size_t)more;
}

void log_line(enum log_level level, const char *format, ...)
{
    int fd = atomic_load(&sink);
    if (fd < 0 || (int)level < atomic_load(&sink_least))
        return;
    char line[LOG_LINE];
    size_t head = log_head(line, level);
    va_list args;
    va_start(args, format);
    vsnprintf(line + head, LOG_LINE - head - 1, format, args);
    va_end(args);
    size_t length = strlen(line);
    /* What a client sent must not be able to forge a line or steer a terminal. */
    utf8_make_harmless(line + head, length - head);
    line[length] = '\n';
    /* One write a line; an operator's log that cannot be written is nobody's error. */
    if (write(fd, line, length + 1) < 0)
        return;
}
