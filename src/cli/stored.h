/* stored.h: run.db of a run, live or ended, read without its server. */
#ifndef CLI_STORED_H
#define CLI_STORED_H

#include "base/folder.h"
#include "store/store.h"

struct stored {
    struct folder folder;
    struct store_reader *reader;
};

/* `given` is a run's folder or name, or a file run.db. CLI_DONE, or CLI_REFUSED having said why. */
int stored_open(struct stored *stored, const char *given);
void stored_close(struct stored *stored);

#endif
