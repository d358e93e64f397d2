/* gate.c: preloaded into a server, it lets a test hold the disk under run.db, as a cold or slow one would:
 *
 * $TRIMTAB_GATE/read   while it exists, whoever only reads run.db waits for each page but the first
 * $TRIMTAB_GATE/write  holds a number: so many writes to run.db-wal are let through, then the next waits
 * $TRIMTAB_GATE/held   made once somebody waits for `read` */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

typedef ssize_t pread_fn(int fd, void *data, size_t size, off64_t at);
typedef ssize_t pwrite_fn(int fd, const void *data, size_t size, off64_t at);

/* False where no test has set a gate. */
static bool gate(char path[512], const char *name)
{
    const char *folder = getenv("TRIMTAB_GATE");
    return folder && snprintf(path, 512, "%s/%s", folder, name) < 512;
}

static bool is_file(int fd, const char *name)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < (ssize_t)strlen(name))
        return false;
    path[size] = '\0';
    return strcmp(path + size - strlen(name), name) == 0;
}

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void wait_to_read(int fd, off64_t at)
{
    char read_path[512], held[512];
    if (at == 0 || !gate(read_path, "read") || !gate(held, "held") || access(read_path, F_OK) < 0 ||
        (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY || !is_file(fd, "/run.db"))
        return;
    close(open(held, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (access(read_path, F_OK) == 0)
        rest();
}

/* -1: no limit. */
static long writes_allowed(const char *path)
{
    long allowed = -1;
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%ld", &allowed) != 1)
        allowed = 0; /* it is being written */
    if (file)
        fclose(file);
    return allowed;
}

static void wait_to_write(int fd)
{
    static _Atomic long written;
    char path[512];
    if (!gate(path, "write") || !is_file(fd, "/run.db-wal"))
        return;
    long mine = atomic_fetch_add(&written, 1);
    for (long allowed; (allowed = writes_allowed(path)) >= 0 && mine >= allowed;)
        rest();
}

EXPORTED ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
    pread_fn *next = (pread_fn *)dlsym(RTLD_NEXT, "pread64");
    wait_to_read(fd, at);
    return next(fd, data, size, at);
}

EXPORTED ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    pwrite_fn *next = (pwrite_fn *)dlsym(RTLD_NEXT, "pwrite64");
    wait_to_write(fd);
    return next(fd, data, size, at);
}
