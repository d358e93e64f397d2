/* replay.h: without a fuzzing engine: a fuzz target over the files, and the files of the folders, given as arguments.
 */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

/* Of every target; the engine looks for this name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As main. 0, or 1 where nothing was replayed or something could not be read. A target that finds a fault aborts; the
 * file that was being replayed is then the last one named on standard error. */
int replay_main(int argc, char **argv);

#endif
