/* token_list.h: the tokens of a run, without the tokens. */
#ifndef CLI_TOKEN_LIST_H
#define CLI_TOKEN_LIST_H

#include <jansson.h>
#include <stdbool.h>

#include "model/grant.h"

/* {"name","role","kind","created","expires","allow","rate","expired"}; the last four where there is one. */
json_t *token_list_entry(const struct grant *grant, int64_t now_ns);
/* Prints them; what the verb ends with. */
int token_list(int run_fd, bool json);

#endif
