/* read_only.h: a store over a reader's connection: nothing is ever committed, no file is made. For this room. */
#ifndef STORE_READ_ONLY_H
#define STORE_READ_ONLY_H

struct store;

void read_only_close(struct store *store);

#endif
