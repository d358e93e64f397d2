#include "channel/journal_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/journal_reader.h"

int segment_id_compare(const struct segment_id *a, const struct segment_id *b)
{
    if (a->ordinal != b->ordinal)
        return a->ordinal < b->ordinal ? -1 : 1;
    int order = memcmp(&a->incarnation, &b->incarnation, sizeof a->incarnation);
    if (order == 0)
        order = a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
    return order;
}

static int check_header(const struct segment_header *header, struct segment_id *id, const char *name, struct err *err)
{
    if (memcmp(header->magic, SEGMENT_MAGIC, sizeof header->magic) != 0)
        return err_set(err, ERR_DAMAGED, "%s is not a segment", name);
    if (header->version != SEGMENT_VERSION)
        return err_set(err, ERR_VERSION, "%s is of format version %u", name, header->version);
    if (header->header_bytes != SEGMENT_HEADER || !incarnation_same(&header->incarnation, &id->incarnation) ||
        header->sequence != id->sequence || header->ordinal == 0 || (id->ordinal && header->ordinal != id->ordinal))
        return err_set(err, ERR_DAMAGED, "the header of %s does not fit its name", name);
    id->ordinal = header->ordinal;
    return 0;
}

static int check_file(int fd, struct segment_id *id, const char *name, struct err *err)
{
    struct segment_header header;
    struct stat status;
    if (fstat(fd, &status) < 0)
        return err_errno(err, ERR_SYSTEM, "cannot look at %s", name);
    if (!S_ISREG(status.st_mode) || status.st_size != SEGMENT_SIZE)
        return err_set(err, ERR_DAMAGED, "%s is not a whole segment", name);
    ssize_t got = pread(fd, &header, sizeof header, 0);
    if (got != (ssize_t)sizeof header)
        return err_errno(err, ERR_SYSTEM, "cannot read %s", name);
    return check_header(&header, id, name, err);
}

int segment_open(int folder_fd, struct segment_id *id, struct err *err)
{
    char name[SEGMENT_NAME];
    segment_name(name, &id->incarnation, id->sequence);
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        int code = errno == ENOENT ? ERR_MISSING : ERR_SYSTEM;
        /* What a later call cannot mend counts as damage. */
        if (errno == EACCES || errno == ELOOP || errno == ENXIO)
            code = ERR_DAMAGED;
        return err_errno(err, code, "cannot open %s", name);
    }
    int code = check_file(fd, id, name, err);
    if (code == 0)
        return fd;
    close(fd);
    return code;
}

/* A stream of its own, so that the caller's descriptor keeps its place. */
static DIR *open_stream(int folder_fd, struct err *err)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        err_errno(err, ERR_SYSTEM, "cannot list the journal");
        if (fd >= 0)
            close(fd);
    }
    return stream;
}

int journal_folder_each(int folder_fd, int (*each)(void *context, struct segment_id *id), void *context,
                        struct err *err)
{
    struct dirent *entry;
    int result = 0;
    DIR *stream = open_stream(folder_fd, err);
    if (!stream)
        return ERR_SYSTEM;
    while (result == 0 && (entry = readdir(stream))) {
        struct segment_id id = {0};
        if (segment_parse_name(entry->d_name, &id.incarnation, &id.sequence))
            result = each(context, &id);
    }
    closedir(stream);
    return result;
}

static bool is_half_made(const char *name)
{
    struct incarnation incarnation;
    char text[33];
    snprintf(text, sizeof text, "%s", name[0] == '.' ? name + 1 : "");
    return incarnation_parse(text, &incarnation);
}

uint64_t journal_folder_bytes(int folder_fd, bool sweep)
{
    struct dirent *entry;
    struct segment_id id;
    uint64_t bytes = 0;
    DIR *stream = open_stream(folder_fd, NULL);
    while (stream && (entry = readdir(stream))) {
        if (segment_parse_name(entry->d_name, &id.incarnation, &id.sequence))
            bytes += SEGMENT_SIZE;
        else if (sweep && is_half_made(entry->d_name))
            unlinkat(folder_fd, entry->d_name, 0);
    }
    if (stream)
        closedir(stream);
    return bytes;
}

struct unlink_before {
    int folder_fd, count;
    const struct journal_position *position;
};

/* Kept, but under a name that no reader looks at again, unless its turn may still come. */
static void put_aside(const struct unlink_before *before, const struct segment_id *id)
{
    char name[SEGMENT_NAME], aside[SEGMENT_NAME + 16];
    const struct journal_position *position = before->position;
    if (incarnation_same(&id->incarnation, &position->incarnation) && id->sequence >= position->sequence)
        return;
    segment_name(name, &id->incarnation, id->sequence);
    snprintf(aside, sizeof aside, "%s.damaged", name);
    renameat(before->folder_fd, name, before->folder_fd, aside);
}

static int unlink_if_before(void *context, struct segment_id *id)
{
    struct unlink_before *before = context;
    char name[SEGMENT_NAME];
    int fd = segment_open(before->folder_fd, id, NULL);
    if (fd == ERR_DAMAGED)
        put_aside(before, id);
    if (fd < 0)
        return 0;
    close(fd);
    struct segment_id end = {before->position->incarnation, before->position->ordinal, before->position->sequence};
    segment_name(name, &id->incarnation, id->sequence);
    if (segment_id_compare(id, &end) < 0 && unlinkat(before->folder_fd, name, 0) == 0)
        before->count++;
    return 0;
}

int journal_unlink_before(int folder_fd, const struct journal_position *position)
{
    struct unlink_before before = {.folder_fd = folder_fd, .position = position};
    journal_folder_each(folder_fd, unlink_if_before, &before, NULL);
    return before.count;
}
