#include "assets/assets.h"

#include "assets/table.h"

const struct asset *asset_list(size_t *count)
{
    *count = asset_table_size;
    return asset_table;
}

const struct asset *asset_find(struct text path)
{
    struct text name = text_is(path, "/") ? text_from("/index.html") : path;
    for (size_t i = 0; i < asset_table_size; i++)
        if (text_is(name, asset_table[i].path))
            return &asset_table[i];
    return NULL;
}
