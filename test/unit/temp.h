/* temp.h: a folder for one test, removed with all that lies in it. */
#ifndef TEST_TEMP_H
#define TEST_TEMP_H

#include <stddef.h>

struct temp {
    char path[64];
    int fd;
};

/* cmocka's setup and teardown: *state is a struct temp. */
int temp_setup(void **state);
int temp_teardown(void **state);

/* Removes the folder `name` in `dirfd`, and what lies in it. */
void temp_remove(int dirfd, const char *name);

/* How many entries the folder has, hidden ones included. */
int temp_entries(int dirfd);

#endif
