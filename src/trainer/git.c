#include "trainer/git.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Layout: gitrepository-layout(5). */

static bool is_commit(const char *text, size_t size)
{
    return (size == 40 || size == 64) && strspn(text, "0123456789abcdef") >= size;
}

/* The first line of a small file, without its end. */
static bool read_line(int folder_fd, const char *name, char *line, size_t size)
{
    if (file_read_small(folder_fd, name, line, size, NULL) < 0)
        return false;
    line[strcspn(line, "\r\n")] = 0;
    return line[0] != 0;
}

static bool take_commit(const char *text, char commit[GIT_COMMIT_MAX])
{
    size_t size = strcspn(text, " \t\r\n");

    if (!is_commit(text, size))
        return false;
    memcpy(commit, text, size);
    commit[size] = 0;
    return true;
}

static bool find_packed(int git_fd, const char *ref, char commit[GIT_COMMIT_MAX])
{
    int fd = openat(git_fd, "packed-refs", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    char *line = NULL;
    size_t capacity = 0;
    bool found = false;

    if (!file) {
        if (fd >= 0)
            (void)close(fd);
        return false;
    }
    while (!found && getline(&line, &capacity, file) > 0) {
        char *name = strchr(line, ' ');
        line[strcspn(line, "\r\n")] = 0;
        found = name && strcmp(name + 1, ref) == 0 && take_commit(line, commit);
    }
    free(line);
    (void)fclose(file);
    return found;
}

static bool find_ref(int git_fd, const char *ref, char commit[GIT_COMMIT_MAX])
{
    char line[PATH_MAX];

    return (read_line(git_fd, ref, line, sizeof line) && take_commit(line, commit)) || find_packed(git_fd, ref, commit);
}

/* A linked work tree has its HEAD in a folder of its own; branches lie in the common one. */
static bool find_head(int git_fd, char commit[GIT_COMMIT_MAX])
{
    char head[PATH_MAX], common[PATH_MAX];

    if (!read_line(git_fd, "HEAD", head, sizeof head))
        return false;
    if (strncmp(head, "ref: ", 5) != 0)
        return take_commit(head, commit);
    if (head[5] == '/' || strstr(head, ".."))
        return false;
    if (find_ref(git_fd, head + 5, commit))
        return true;
    if (!read_line(git_fd, "commondir", common, sizeof common))
        return false;
    int common_fd = openat(git_fd, common, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool found = common_fd >= 0 && find_ref(common_fd, head + 5, commit);
    if (common_fd >= 0)
        (void)close(common_fd);
    return found;
}

/* .git is the folder itself, or a file that names it. */
static int open_git(int tree_fd)
{
    char line[PATH_MAX];
    int fd = openat(tree_fd, ".git", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 || !read_line(tree_fd, ".git", line, sizeof line) || strncmp(line, "gitdir: ", 8) != 0)
        return fd;
    return openat(tree_fd, line + 8, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool git_commit(const char *path, char commit[GIT_COMMIT_MAX])
{
    int tree_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat here, above;
    int git_fd = -1;

    while (tree_fd >= 0 && (git_fd = open_git(tree_fd)) < 0) {
        int parent_fd = openat(tree_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool top = parent_fd < 0 || fstat(tree_fd, &here) < 0 || fstat(parent_fd, &above) < 0 ||
                   (here.st_dev == above.st_dev && here.st_ino == above.st_ino);
        (void)close(tree_fd);
        if (top && parent_fd >= 0)
            (void)close(parent_fd);
        tree_fd = top ? -1 : parent_fd;
    }
    bool found = git_fd >= 0 && find_head(git_fd, commit);
    if (git_fd >= 0)
        (void)close(git_fd);
    if (tree_fd >= 0)
        (void)close(tree_fd);
    return found;
}
