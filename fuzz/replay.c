#include "replay.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tally {
    unsigned files, unread;
};

static void complain(const char *path, struct tally *tally)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    tally->unread++;
}

/* The bytes in memory of just their size, so that reading past them is noticed. */
static uint8_t *file_bytes(FILE *file, size_t *size)
{
    if (fseek(file, 0, SEEK_END) < 0)
        return NULL;
    long end = ftell(file);
    if (end < 0 || fseek(file, 0, SEEK_SET) < 0)
        return NULL;
    *size = (size_t)end;
    uint8_t *bytes = malloc(*size ? *size : 1);
    if (bytes && fread(bytes, 1, *size, file) != *size) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static void replay_file(const char *path, struct tally *tally)
{
    fprintf(stderr, "%s\n", path);
    FILE *file = fopen(path, "rb");
    size_t size = 0;
    uint8_t *bytes = file ? file_bytes(file, &size) : NULL;
    if (bytes) {
        LLVMFuzzerTestOneInput(bytes, size);
        tally->files++;
    } else {
        complain(path, tally);
    }
    free(bytes);
    if (file)
        fclose(file);
}

static void replay_path(const char *path, struct tally *tally);

static void replay_folder(DIR *folder, const char *path, struct tally *tally)
{
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        char below[PATH_MAX];
        int length = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && length < PATH_MAX)
            replay_path(below, tally);
    }
}

static void replay_path(const char *path, struct tally *tally)
{
    DIR *folder = opendir(path);
    if (folder) {
        replay_folder(folder, path, tally);
        closedir(folder);
    } else if (errno == ENOTDIR) {
        replay_file(path, tally);
    } else {
        complain(path, tally);
    }
}

int replay_main(int argc, char **argv)
{
    struct tally tally = {0};
    for (int i = 1; i < argc; i++)
        replay_path(argv[i], &tally);
    fprintf(stderr, "%u replayed\n", tally.files);
    return tally.files == 0 || tally.unread > 0;
}
