/* describe.h: a declaration as one JSON object, in `describe` and in the event `declared`. */
#ifndef WIRE_DESCRIBE_H
#define WIRE_DESCRIBE_H

#include "base/buf.h"
#include "model/run.h"

void describe_series(struct buf *out, uint32_t id, const struct series *series);
void describe_setting(struct buf *out, const struct setting *setting);
void describe_action(struct buf *out, const struct action *action);

#endif
