#include "no_memory.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#endif

static long left = -1; /* allocations until all fail; negative: none does */
static bool came, once;

void no_memory_after(long n)
{
    left = n;
    came = once = false;
}

void no_memory_once(long n)
{
    no_memory_after(n);
    once = true;
}

bool no_memory_came(void)
{
    left = -1;
    return came;
}

#ifndef SANITIZED
/* In front of the C library's own, for shared libraries too. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
#define SHOWN __attribute__((visibility("default")))
SHOWN void *malloc(size_t size);
SHOWN void *calloc(size_t count, size_t size);
SHOWN void *realloc(void *old, size_t size);

static bool refuse_now(void)
{
    if (left < 0)
        return false;
    if (left > 0) {
        left--;
        return false;
    }
    came = true;
    left = once ? -1 : 0;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return refuse_now() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return refuse_now() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return refuse_now() ? NULL : __libc_realloc(old, size);
}
#endif
