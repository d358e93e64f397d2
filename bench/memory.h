/* memory.h: memory that the machine already holds.
 *
 * The journal's pages are new memory of the kernel. A virtual machine whose hypervisor takes free memory back (free
 * page reporting), or has never given it, pays for the first use of each page many times what the journal does. A
 * machine that has been in use for a while without such a hypervisor hands out pages that were just freed. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>

/* Writes a file of so many MiB in `folder` and removes it, so that its pages are the next to be handed out. Returns
 * what 4 KiB took, in nanoseconds of CPU; negative: it could not be written. */
double memory_recycle(const char *folder, size_t mebibytes);

#endif
