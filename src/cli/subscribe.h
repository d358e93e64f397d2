/* subscribe.h: the request that begins a subscription. */
#ifndef CLI_SUBSCRIBE_H
#define CLI_SUBSCRIBE_H

#include <jansson.h>

#include "cli/args.h"

/* `topics` with commas between; `rate` as in "10/s", NULL: each tick. A new reference. */
json_t *subscribe_request(const char *topics, const struct args_texts *series, const char *rate);

#endif
