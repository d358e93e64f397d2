/* A training on disk, exactly: one that goes on from a checkpoint gives the losses of one that was never interrupted,
 * to the last bit. */
#ifndef GPT_CHECKPOINT_H
#define GPT_CHECKPOINT_H

#include <stdint.h>

#include "failure.h"
#include "trainer.h"

/* Writes the checkpoint beside `path` and then puts it in place: at every moment there is the old file or the whole new
 * one. Stores its size in *bytes. 0, or -1 with the reason. */
int checkpoint_save(const struct trainer *trainer, const char *path, uint64_t *bytes, struct failure *why);

/* Makes the trainer what it was when the checkpoint was saved. 0, or -1 with the reason: the trainer is unchanged. */
int checkpoint_restore(struct trainer *trainer, const char *path, struct failure *why);

#endif
