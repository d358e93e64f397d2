#include "base/glob.h"

#include <string.h>

#include "base/utf8.h"

bool glob_is_pattern(const char *glob)
{
    return glob[strcspn(glob, "*?[")] != '\0';
}

/* Where the set that begins at `[` ends, or NULL. A `]` that comes first is one of the set. */
static const char *set_end(const char *set)
{
    const char *at = set + 1;
    if (*at == '!' || *at == '^')
        at++;
    if (*at == ']')
        at++;
    return strchr(at, ']');
}

static bool set_has(const char *set, const char *end, unsigned char c)
{
    const char *at = set + 1;
    bool negated = *at == '!' || *at == '^', found = false;
    for (at += negated; at < end;) {
        unsigned char least = (unsigned char)*at, most = least;
        if (at + 2 < end && at[1] == '-') {
            most = (unsigned char)at[2];
            at += 3;
        } else {
            at++;
        }
        found |= c >= least && c <= most;
    }
    return found != negated;
}

/* What the pattern's next part, which is no `*`, takes of the name: moves both on. */
static bool takes(const char **glob, const char **name)
{
    uint32_t point;
    const char *end = **glob == '[' ? set_end(*glob) : NULL;
    if (!**name)
        return false;
    if (**glob == '?') {
        *name += utf8_valid_prefix(*name, strnlen(*name, 4)) ? utf8_character(*name, &point) : 1;
    } else if (end) {
        if (!set_has(*glob, end, (unsigned char)**name))
            return false;
        *glob = end;
        *name += 1;
    } else {
        if (**glob != **name)
            return false;
        *name += 1;
    }
    *glob += 1;
    return true;
}

/* Only the last `*` is ever tried anew. */
bool glob_matches(const char *glob, const char *name)
{
    const char *star = NULL, *again = NULL;
    if (strcmp(glob, name) == 0)
        return true;
    while (*name || *glob) {
        if (*glob == '*') {
            star = ++glob;
            again = name;
        } else if (!takes(&glob, &name)) {
            if (!star || !*again)
                return false;
            glob = star;
            name = ++again;
        }
    }
    return true;
}
