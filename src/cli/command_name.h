/* command_name.h: what a run is called where nobody says: after the program, and not after what interprets it. */
#ifndef CLI_COMMAND_NAME_H
#define CLI_COMMAND_NAME_H

#include <limits.h>

/* ./gpt -> gpt; python3 -u examples/train.py -> train; python -m pkg.train -> train; torchrun -n 2 train.py -> train.
 * Where a program comes from elsewhere (python -c, -): the interpreter. */
void command_name(char *const *command, char name[NAME_MAX + 1]);

#endif
