#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LICENCES "/usr/share/common-licenses"
#define SPACES_MAX 4 /* in a row */

/* Opens a regular file and tells its size. Without O_NONBLOCK a named pipe would wait for a writer. */
static int open_regular(const char *path, size_t *size, struct failure *why)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return failure_set(why, "The text %.200s cannot be read: %s.", path, strerror(errno));
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && (uintmax_t)status.st_size <= TEXT_BYTES_MAX) {
        *size = (size_t)status.st_size;
        return fd;
    }
    close(fd);
    return failure_set(why, "The text %.200s is no regular file of at most %zu MiB.", path, TEXT_BYTES_MAX >> 20);
}

/* Reads at most *size bytes and stores in *size how many there were. */
static int read_bytes(int fd, uint8_t *bytes, size_t *size, const char *path, struct failure *why)
{
    size_t have = 0;
    while (have < *size) {
        ssize_t got = read(fd, bytes + have, *size - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failure_set(why, "The text %.200s cannot be read: %s.", path, strerror(errno));
        if (got == 0)
            break;
        have += (size_t)got;
    }
    *size = have;
    return 0;
}

static int append(uint8_t **part, size_t *count, const uint8_t *bytes, size_t size, struct failure *why)
{
    uint8_t *grown = realloc(*part, *count + size + 1);
    if (!grown)
        return failure_set(why, "Not enough memory for the text.");
    memcpy(grown + *count, bytes, size);
    *part = grown;
    *count += size;
    return 0;
}

/* Shortens runs of spaces, in place; returns the new size. A model with a short context would see nothing else within
 * a centred heading, and write blanks without end. */
static size_t squeeze(uint8_t *bytes, size_t size)
{
    size_t kept = 0, run = 0;
    for (size_t i = 0; i < size; i++) {
        run = bytes[i] == ' ' ? run + 1 : 0;
        if (run <= SPACES_MAX)
            bytes[kept++] = bytes[i];
    }
    return kept;
}

static int add_bytes(struct text *text, uint8_t *bytes, size_t size, const struct file *file, struct failure *why)
{
    if (memchr(bytes, 0, size))
        return file->named ? failure_set(why, "The file %.200s holds a zero byte, so it is no text.", file->path) : 0;
    if (text->train_count + text->validation_count + size > TEXT_BYTES_MAX)
        return failure_set(why, "The texts have more than %zu MiB together.", TEXT_BYTES_MAX >> 20);
    size = squeeze(bytes, size);
    size_t held_out = size / 10;
    text->files++;
    if (append(&text->train, &text->train_count, bytes, size - held_out, why) != 0)
        return -1;
    return append(&text->validation, &text->validation_count, bytes + size - held_out, held_out, why);
}

static int add_file(struct text *text, const struct file *file, struct failure *why)
{
    size_t size = 0;
    int fd = open_regular(file->path, &size, why);
    if (fd < 0)
        return -1;
    uint8_t *bytes = malloc(size + 1);
    int result = bytes ? read_bytes(fd, bytes, &size, file->path, why) : failure_set(why, "Not enough memory.");
    close(fd);
    if (result == 0)
        result = add_bytes(text, bytes, size, file, why);
    free(bytes);
    return result;
}

/* Bytes become tokens, in the order of the bytes' values. */
static void tokenise(struct text *text)
{
    uint8_t *parts[] = {text->train, text->validation};
    size_t counts[] = {text->train_count, text->validation_count};
    memset(text->tokens, -1, sizeof text->tokens);
    for (int part = 0; part < 2; part++)
        for (size_t i = 0; i < counts[part]; i++)
            text->tokens[parts[part][i]] = 0;
    for (int byte = 0; byte < 256; byte++) {
        if (text->tokens[byte] < 0)
            continue;
        text->characters[text->vocabulary] = (uint8_t)byte;
        text->tokens[byte] = (int16_t)text->vocabulary++;
    }
    for (int part = 0; part < 2; part++)
        for (size_t i = 0; i < counts[part]; i++)
            parts[part][i] = (uint8_t)text->tokens[parts[part][i]];
}

static int load_files(struct text *text, const struct files *files, size_t least, struct failure *why)
{
    for (size_t i = 0; i < files->count; i++)
        if (add_file(text, &files->items[i], why) != 0)
            return -1;
    if (text->train_count <= least || text->validation_count <= least)
        return failure_set(why, "The text has %zu characters; at least %zu are needed. Name more with --text.",
                           text->train_count + text->validation_count, 10 * (least + 1));
    tokenise(text);
    return 0;
}

static int find_default(struct files *files, struct failure *why)
{
    static const char *const sources[] = {".c", ".h", ".md", NULL};
    if (files_add(files, LICENCES, NULL, why) == 0 && files->count > 0)
        return 0;
    files_finish(files);
    if (files_add(files, ".", sources, why) == 0 && files->count > 0)
        return 0;
    return failure_set(why, "There is no text in %s and no source file here; name a text with --text.", LICENCES);
}

int text_load(struct text *text, char *const *paths, size_t count, size_t least, struct failure *why)
{
    struct files files = {0};
    int result = count > 0 ? 0 : find_default(&files, why);
    *text = (struct text){0};
    for (size_t i = 0; i < count && result == 0; i++)
        result = files_add(&files, paths[i], NULL, why);
    if (result == 0)
        result = load_files(text, &files, least, why);
    files_finish(&files);
    if (result != 0)
        text_finish(text);
    return result;
}

void text_finish(struct text *text)
{
    free(text->train);
    free(text->validation);
    *text = (struct text){0};
}
