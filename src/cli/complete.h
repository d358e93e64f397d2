/* complete.h: what could stand where the cursor is, for the shell: one candidate a line, those alone that a shell takes
 * as they are. What cannot be found out at once is left out, without a word. */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/args.h"

/* In place of a verb's options: it completes the words that follow, and does nothing else. No option is called so. */
#define COMPLETE_MARK "--=complete"

/* The first word of the line: a verb. */
void complete_first(const char *word);
/* The last of the words (at least one) that follow the verb, divided as a shell divides them: '=' is a word. */
void complete_verb(const struct args_spec *spec, char *const *words, size_t count);

#endif
