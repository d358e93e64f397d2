#include "checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "char-gpt"
#define VERSION 1
#define STEP_MAX ((int64_t)1 << 55)

/* A file is this header, then the parameters and Adam's two means: floats, all in the machine's own byte order, which
 * `version` and the checksum tell apart. */
struct header {
    char magic[8];
    uint32_t version;
    uint32_t checksum; /* CRC-32 of all that follows this field */
    struct model_config config;
    uint32_t reserved; /* 0 */
    uint8_t characters[256];
    int64_t step;
    struct trainer_settings settings;
    uint64_t rng[4];
    double product1, product2;
    uint64_t count; /* of parameters */
};

#define CHECKED_FROM offsetof(struct header, config)

_Static_assert(sizeof(struct header) == 16 + 24 + 256 + 8 + 48 + 32 + 16 + 8, "the header has holes");

/* CRC-32 as in Ethernet (polynomial 0x04c11db7, reflected), four bits at a time. */
static uint32_t checksum(const unsigned char *bytes, size_t count)
{
    static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                       0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                       0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static size_t size_of(size_t parameters)
{
    return sizeof(struct header) + 3 * parameters * sizeof(float);
}

/* ---- save ---- */

static void fill_header(struct header *header, const struct trainer *trainer)
{
    memset(header, 0, sizeof *header);
    memcpy(header->magic, MAGIC, sizeof header->magic);
    header->version = VERSION;
    header->config = trainer->model->config;
    memcpy(header->characters, trainer->text->characters, sizeof header->characters);
    header->step = trainer->step;
    header->settings = trainer->settings;
    memcpy(header->rng, trainer->rng.state, sizeof header->rng);
    header->product1 = trainer->adam.product1;
    header->product2 = trainer->adam.product2;
    header->count = trainer->adam.count;
}

static void encode(unsigned char *bytes, const struct trainer *trainer)
{
    struct header header;
    size_t array = trainer->adam.count * sizeof(float);
    fill_header(&header, trainer);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, trainer->model->parameters.values, array);
    memcpy(bytes + sizeof header + array, trainer->adam.first, array);
    memcpy(bytes + sizeof header + 2 * array, trainer->adam.second, array);
    header.checksum = checksum(bytes + CHECKED_FROM, size_of(trainer->adam.count) - CHECKED_FROM);
    memcpy(bytes, &header, sizeof header);
}

static int write_all(int fd, const unsigned char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t put = write(fd, bytes, count);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        bytes += put;
        count -= (size_t)put;
    }
    return 0;
}

/* So that the new name itself outlives a power cut. Not every file system can; then the file is there all the same. */
static void sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* Writes under a temporary name, then renames. Returns 0 or an errno. */
static int replace_file(const char *path, const unsigned char *bytes, size_t count)
{
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length >= (int)sizeof temporary)
        return ENAMETOOLONG;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes, count) != 0 || fsync(fd) != 0 ? errno : 0;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(temporary, path) != 0)
        error = errno;
    if (error != 0)
        unlink(temporary);
    else
        sync_folder(path);
    return error;
}

int checkpoint_save(const struct trainer *trainer, const char *path, uint64_t *bytes, struct failure *why)
{
    size_t size = size_of(trainer->adam.count);
    unsigned char *image = malloc(size);
    if (!image)
        return failure_set(why, "Not enough memory to save a checkpoint of %zu bytes.", size);
    encode(image, trainer);
    int error = replace_file(path, image, size);
    free(image);
    if (error != 0)
        return failure_set(why, "The checkpoint %.300s cannot be written: %s.", path, strerror(error));
    *bytes = size;
    return 0;
}

/* ---- restore ---- */

static int read_all(int fd, unsigned char *bytes, size_t count, const char *path, struct failure *why)
{
    while (count > 0) {
        ssize_t got = read(fd, bytes, count);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failure_set(why, "The checkpoint %.300s cannot be read: %s.", path, strerror(errno));
        if (got == 0)
            return failure_set(why, "The checkpoint %.300s became shorter while it was read.", path);
        bytes += got;
        count -= (size_t)got;
    }
    return 0;
}

/* Opens a regular file of exactly `size` bytes, so that no length from a file decides how much memory is taken. */
static int open_sized(const char *path, size_t size, struct failure *why)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return failure_set(why, "The checkpoint %.300s cannot be read: %s.", path, strerror(errno));
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size == (off_t)size)
        return fd;
    long long found = S_ISREG(status.st_mode) ? (long long)status.st_size : 0;
    close(fd);
    return failure_set(why, "The checkpoint %.300s has %lld bytes where %zu belong: cut short, or of another model.",
                       path, found, size);
}

static bool product_valid(double product)
{
    return product >= 0 && product <= 1; /* false for NaN */
}

static bool state_valid(const struct header *h)
{
    return h->step >= 0 && h->step < STEP_MAX && trainer_settings_valid(&h->settings) &&
           (h->rng[0] | h->rng[1] | h->rng[2] | h->rng[3]) != 0 && product_valid(h->product1) &&
           product_valid(h->product2);
}

static int check(const struct header *h, const unsigned char *bytes, const struct trainer *trainer, const char *path,
                 struct failure *why)
{
    if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0)
        return failure_set(why, "The file %.300s is no checkpoint of this program.", path);
    if (h->version != VERSION)
        return failure_set(why, "The checkpoint %.300s has format %u; this program reads %d.", path, h->version,
                           VERSION);
    if (h->checksum != checksum(bytes + CHECKED_FROM, size_of(trainer->adam.count) - CHECKED_FROM))
        return failure_set(why, "The checkpoint %.300s is damaged: its checksum is wrong.", path);
    if (memcmp(&h->config, &trainer->model->config, sizeof h->config) != 0 || h->count != trainer->adam.count)
        return failure_set(why, "The checkpoint %.300s is of a model of another size.", path);
    if (memcmp(h->characters, trainer->text->characters, sizeof h->characters) != 0)
        return failure_set(why, "The checkpoint %.300s is of a text with other characters.", path);
    if (!state_valid(h))
        return failure_set(why, "The checkpoint %.300s holds settings out of their ranges.", path);
    return 0;
}

static void apply(struct trainer *trainer, const struct header *header, const unsigned char *arrays)
{
    size_t array = trainer->adam.count * sizeof(float);
    trainer->step = header->step;
    trainer->settings = header->settings;
    memcpy(trainer->rng.state, header->rng, sizeof header->rng);
    trainer->adam.product1 = header->product1;
    trainer->adam.product2 = header->product2;
    memcpy(trainer->model->parameters.values, arrays, array);
    memcpy(trainer->adam.first, arrays + array, array);
    memcpy(trainer->adam.second, arrays + 2 * array, array);
}

static int decode(struct trainer *trainer, const unsigned char *bytes, const char *path, struct failure *why)
{
    struct header header;
    memcpy(&header, bytes, sizeof header);
    if (check(&header, bytes, trainer, path, why) != 0)
        return -1;
    apply(trainer, &header, bytes + sizeof header);
    return 0;
}

int checkpoint_restore(struct trainer *trainer, const char *path, struct failure *why)
{
    size_t size = size_of(trainer->adam.count);
    int fd = open_sized(path, size, why);
    if (fd < 0)
        return -1;
    unsigned char *bytes = malloc(size);
    int result = bytes ? read_all(fd, bytes, size, path, why) : failure_set(why, "Not enough memory to restore.");
    close(fd);
    if (result == 0)
        result = decode(trainer, bytes, path, why);
    free(bytes);
    return result;
}
