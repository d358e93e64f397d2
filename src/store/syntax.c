#include "store/syntax.h"

#include <string.h>

#include "base/utf8.h"

struct syntax {
    const char *at, *end;
    unsigned depth;
    uint8_t objects[SYNTAX_DEPTH_MAX / 8]; /* a bit a level: an object, else a list */
};

static bool skip(struct syntax *syntax, char c)
{
    bool there = syntax->at < syntax->end && *syntax->at == c;
    syntax->at += there;
    return there;
}

static void skip_space(struct syntax *syntax)
{
    while (syntax->at < syntax->end && *syntax->at && strchr(" \t\r\n", *syntax->at))
        syntax->at++;
}

static bool skip_word(struct syntax *syntax, const char *word)
{
    size_t size = strlen(word);
    bool there = (size_t)(syntax->end - syntax->at) >= size && memcmp(syntax->at, word, size) == 0;
    syntax->at += there ? size : 0;
    return there;
}

static bool skip_digits(struct syntax *syntax)
{
    const char *from = syntax->at;
    while (syntax->at < syntax->end && *syntax->at >= '0' && *syntax->at <= '9')
        syntax->at++;
    return syntax->at > from;
}

static bool skip_number(struct syntax *syntax)
{
    skip(syntax, '-');
    if (!skip(syntax, '0') && !skip_digits(syntax))
        return false;
    if (skip(syntax, '.') && !skip_digits(syntax))
        return false;
    if (!skip(syntax, 'e') && !skip(syntax, 'E'))
        return true;
    if (!skip(syntax, '+'))
        skip(syntax, '-');
    return skip_digits(syntax);
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool skip_unit(struct syntax *syntax, unsigned *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, syntax->at++) {
        int digit = syntax->at < syntax->end ? hex_digit(*syntax->at) : -1;
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (unsigned)digit;
    }
    return true;
}

/* What follows a backslash. Half a surrogate pair is no character. */
static bool skip_escape(struct syntax *syntax)
{
    unsigned unit, low;
    if (!skip(syntax, 'u'))
        return syntax->at < syntax->end && *syntax->at && strchr("\"\\/bfnrt", *syntax->at++);
    if (!skip_unit(syntax, &unit) || (unit >= 0xdc00 && unit <= 0xdfff))
        return false;
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    return skip(syntax, '\\') && skip(syntax, 'u') && skip_unit(syntax, &low) && low >= 0xdc00 && low <= 0xdfff;
}

static bool skip_string(struct syntax *syntax)
{
    if (!skip(syntax, '"'))
        return false;
    while (syntax->at < syntax->end && *syntax->at != '"') {
        if ((unsigned char)*syntax->at < 0x20)
            return false;
        if (*syntax->at++ == '\\' && !skip_escape(syntax))
            return false;
    }
    return skip(syntax, '"');
}

static bool is_in_object(const struct syntax *syntax)
{
    unsigned level = syntax->depth - 1;
    return syntax->depth && (syntax->objects[level / 8] >> level % 8 & 1);
}

static bool open_level(struct syntax *syntax, bool object)
{
    if (syntax->depth == SYNTAX_DEPTH_MAX)
        return false;
    uint8_t *bits = &syntax->objects[syntax->depth / 8];
    unsigned bit = 1u << syntax->depth % 8;
    *bits = (uint8_t)(object ? *bits | bit : *bits & ~bit);
    syntax->depth++;
    return true;
}

/* Where a member of an object begins: its name and colon. */
static bool skip_name(struct syntax *syntax)
{
    if (!is_in_object(syntax))
        return true;
    skip_space(syntax);
    if (!skip_string(syntax))
        return false;
    skip_space(syntax);
    return skip(syntax, ':');
}

/* A value without levels, or the opening of one that has them: *open says that its first element follows. */
static bool skip_value(struct syntax *syntax, bool *open)
{
    skip_space(syntax);
    *open = false;
    bool object = skip(syntax, '{');
    if (!object && !skip(syntax, '['))
        return skip_word(syntax, "true") || skip_word(syntax, "false") || skip_word(syntax, "null") ||
               (syntax->at < syntax->end && *syntax->at == '"' ? skip_string(syntax) : skip_number(syntax));
    if (!open_level(syntax, object))
        return false;
    skip_space(syntax);
    *open = syntax->at < syntax->end && *syntax->at != (object ? '}' : ']');
    return true;
}

/* After a value: ends what ends here. True in *more where a comma says that another element follows. */
static bool close_levels(struct syntax *syntax, bool *more)
{
    *more = false;
    while (syntax->depth) {
        skip_space(syntax);
        if (skip(syntax, ',')) {
            *more = true;
            return true;
        }
        if (!skip(syntax, is_in_object(syntax) ? '}' : ']'))
            return false;
        syntax->depth--;
    }
    return true;
}

bool syntax_is_json(struct text text)
{
    struct syntax syntax = {.at = text.data, .end = text.data + text.size};
    bool more = true, open;
    if (utf8_valid_prefix(text.data, text.size) != text.size)
        return false;
    while (more) {
        if (!skip_name(&syntax) || !skip_value(&syntax, &open))
            return false;
        if (!open && !close_levels(&syntax, &more))
            return false;
    }
    skip_space(&syntax);
    return syntax.at == syntax.end;
}
