/* The folder in which checkpoints stand, each under its id. */
#ifndef GPT_SHELF_H
#define GPT_SHELF_H

#include <stdint.h>

#include "failure.h"
#include "trainer.h"

#define SHELF_ID_MAX 64
#define SHELF_PATH_MAX 4096

struct shelf_item {
    char id[SHELF_ID_MAX + 1]; /* "step-000400" */
    char path[SHELF_PATH_MAX];
    uint64_t bytes;
};

/* Saves the trainer under the id of its step; makes the folder where it does not exist. 0, or -1 with the reason. */
int shelf_save(const char *folder, const struct trainer *trainer, struct shelf_item *item, struct failure *why);

/* Restores the trainer from the checkpoint of that id; "" is the one that was saved last. 0, or -1 with the reason: the
 * trainer is unchanged. */
int shelf_restore(const char *folder, const char *id, struct trainer *trainer, struct shelf_item *item,
                  struct failure *why);

#endif
