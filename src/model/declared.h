/* declared.h: what a trainer declares, kept by name: series, settings, actions, config. For this room only. */
#ifndef MODEL_DECLARED_H
#define MODEL_DECLARED_H

#include "model/run.h"

/* *id is its place; *fresh: new, or declared otherwise than before. False for want of memory or over the bounds. */
bool declared_series(struct run *run, struct text name, struct text unit, uint32_t *id, bool *fresh);
bool declared_setting(struct run *run, const struct record_setting *record, uint32_t *id, bool *fresh);
bool declared_action(struct run *run, const struct record_action *record, uint32_t *id, bool *fresh);
bool declared_config(struct run *run, struct text name, struct text json);
void declared_finish(struct run *run);

/* ids of a trainer to ours */
bool id_map_put(struct id_map *map, uint32_t from, uint32_t to);
bool id_map_get(const struct id_map *map, uint32_t from, uint32_t *to);
void id_map_finish(struct id_map *map);

#endif
