#include "trainer/program.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <trimtab/trimtab.h>

/* A training that is called trimtab itself would start itself, again and again. */
static bool is_this_program(const struct stat *status)
{
    struct stat self;

    return stat("/proc/self/exe", &self) == 0 && self.st_dev == status->st_dev && self.st_ino == status->st_ino;
}

static bool is_program(const char *given, char path[PATH_MAX])
{
    struct stat status;

    return realpath(given, path) && stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0 &&
           !is_this_program(&status);
}

static bool try_in(const char *folder, size_t size, const char *rest, char path[PATH_MAX])
{
    char given[PATH_MAX];
    int length = snprintf(given, sizeof given, "%.*s/%s", (int)size, folder, rest);

    return length > 0 && length < (int)sizeof given && is_program(given, path);
}

/* The places of an installation, then those of a build folder. */
static bool find_beside(const char *file, char path[PATH_MAX])
{
    static const char *const places[] = {"trimtab", "../bin/trimtab", "../../bin/trimtab", "../trimtab",
                                         "../../trimtab"};
    char resolved[PATH_MAX];

    if (!file || !realpath(file, resolved))
        return false;
    size_t folder = (size_t)(strrchr(resolved, '/') - resolved);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (try_in(resolved, folder, places[i], path))
            return true;
    return false;
}

static bool find_beside_library(char path[PATH_MAX])
{
    Dl_info info;

    return dladdr((const void *)(uintptr_t)program_find, &info) != 0 && find_beside(info.dli_fname, path);
}

/* Only absolute folders: what lies in the working folder is not run for its name's sake. */
static bool find_on_path(char path[PATH_MAX])
{
    const char *at = getenv("PATH");

    while (at && *at) {
        size_t size = strcspn(at, ":");
        if (*at == '/' && try_in(at, size, "trimtab", path))
            return true;
        at += size + (at[size] == ':');
    }
    return false;
}

int program_find(char path[PATH_MAX], struct err *err)
{
    const char *given = getenv("TRIMTAB_SERVER");

    if (given && *given) {
        if (is_program(given, path))
            return 0;
        return err_set(err, ERR_MISSING, "$TRIMTAB_SERVER names %.300s, which is no program that can be run", given);
    }
    if (find_beside_library(path) || find_beside("/proc/self/exe", path) || find_on_path(path))
        return 0;
    return err_set(err, ERR_MISSING, "the program trimtab was not found beside the library nor on PATH");
}
