/* setting.h: does a value from the wire suit a setting or a parameter? */
#ifndef MODEL_SETTING_H
#define MODEL_SETTING_H

#include "model/run.h"

/* The value as the setting's type; -1 with the refusal (43) filled in: of another type, out of range, not a choice, too
 * long. An integer suits a double; a number suits an int only where it is written as one. A text's bytes stay the
 * request's. */
int setting_value(const struct setting *setting, const struct request_scalar *scalar, struct value *value,
                  struct refusal *refusal);
int param_value(const struct action *action, const struct param *param, const struct request_scalar *scalar,
                struct value *value, struct refusal *refusal);

#endif
