#include "store/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"

void names_finish(struct names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free((char *)(uintptr_t)names->name[i].data);
    free(names->name);
    free(names->slot);
    *names = (struct names){0};
}

static uint32_t names_home(const struct names *names, struct text name)
{
    return crc32c(0, name.data, name.size) & (names->slots - 1);
}

static bool same(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

uint32_t names_find(const struct names *names, struct text name)
{
    if (!names->slots)
        return NAMES_NONE;
    for (uint32_t at = names_home(names, name); names->slot[at]; at = (at + 1) & (names->slots - 1))
        if (same(names->name[names->slot[at] - 1], name))
            return names->slot[at] - 1;
    return NAMES_NONE;
}

static void names_place(struct names *names, uint32_t id)
{
    uint32_t at = names_home(names, names->name[id]);
    while (names->slot[at])
        at = (at + 1) & (names->slots - 1);
    names->slot[at] = id + 1;
}

static bool names_grow(struct names *names)
{
    uint32_t capacity = names->capacity ? names->capacity * 2 : 16;
    struct text *name = realloc(names->name, capacity * sizeof *name);
    if (!name)
        return false;
    names->name = name;
    uint32_t *slot = calloc((size_t)capacity * 2, sizeof *slot);
    if (!slot)
        return false;
    free(names->slot);
    names->slot = slot;
    names->slots = capacity * 2;
    names->capacity = capacity;
    for (uint32_t i = 0; i < names->count; i++)
        names_place(names, i);
    return true;
}

uint32_t names_add(struct names *names, struct text name)
{
    if (names->count == names->capacity && !names_grow(names))
        return NAMES_NONE;
    char *copy = malloc(name.size + 1);
    if (!copy)
        return NAMES_NONE;
    if (name.size)
        memcpy(copy, name.data, name.size);
    copy[name.size] = 0;
    names->name[names->count] = text_of(copy, name.size);
    names_place(names, names->count);
    return names->count++;
}
