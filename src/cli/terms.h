/* terms.h: on what terms a token is made, as options say it. */
#ifndef CLI_TERMS_H
#define CLI_TERMS_H

#include <stdint.h>

#include "protocol/protocol.h"

/* Each returns CLI_DONE, or CLI_USAGE having said why. */
int terms_role(const char *option, const char *text, enum role *role); /* NULL: a viewer */
/* "45s", "90min", "8h", "7d", "2w" from now; "never" and NULL: 0. */
int terms_expiry(const char *text, int64_t now_ns, int64_t *expires_ns);

#endif
