#include "wire/parse.h"

#include <string.h>

#include "base/utf8.h"
#include "wire/token.h"

static json_t *read_value(struct reader *in);

static void skip_space(struct reader *in)
{
    while (at_char(in, ' ') || at_char(in, '\t') || at_char(in, '\n') || at_char(in, '\r'))
        in->at++;
}

static bool open_level(struct reader *in)
{
    if (in->levels == 0) {
        reader_wrong(in, "nested too deep");
        return false;
    }
    in->levels--;
    in->at++;
    skip_space(in);
    return true;
}

/* After an element: true to go on with the next one; false at the end, or with parse->wrong set. */
static bool next_element(struct reader *in, char close, const char *expected)
{
    skip_space(in);
    if (take(in, ',')) {
        skip_space(in);
        return true;
    }
    if (take(in, close))
        in->levels++;
    else
        reader_wrong(in, expected);
    return false;
}

static json_t *drop_wrong(struct reader *in, json_t *value)
{
    if (!in->parse->wrong)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *read_list(struct reader *in)
{
    if (!open_level(in))
        return NULL;
    json_t *list = json_array();
    if (!list)
        return NULL;
    if (take(in, ']')) {
        in->levels++;
        return list;
    }
    do {
        json_t *element = read_value(in);
        if (!element || json_array_append_new(list, element) < 0) {
            json_decref(list);
            return NULL;
        }
    } while (next_element(in, ']', "expected ',' or ']'"));
    return drop_wrong(in, list);
}

static void note_oddity(struct reader *in, enum parse_oddity oddity, size_t from)
{
    if (in->parse->oddity != ODDITY_NONE)
        return;
    in->parse->oddity = oddity;
    in->parse->odd_name = text_of(in->text + from, in->at - 1 - from);
}

/* The member named by in->token, made with a value of null. NULL for want of memory. */
static void *member_made(struct reader *in, json_t *object, size_t name_from, bool *twice)
{
    const char *name = buf_string(&in->token);
    if (in->token.failed)
        return NULL;
    *twice = json_object_iter_at(object, name) != NULL;
    if (*twice)
        note_oddity(in, ODDITY_TWICE, name_from);
    if (json_object_set_new_nocheck(object, name, json_null()) < 0)
        return NULL;
    return json_object_iter_at(object, name);
}

static bool read_member_value(struct reader *in, json_t *object, void *member)
{
    json_t *value = read_value(in);
    if (!value)
        return false;
    if (member)
        json_object_iter_set_new(object, member, value);
    else
        json_decref(value);
    return true;
}

static bool read_member(struct reader *in, json_t *object)
{
    if (!take(in, '"')) {
        reader_wrong(in, "expected a member's name in quotes");
        return false;
    }
    size_t from = in->at;
    if (!token_text(in))
        return false;
    void *member = NULL;
    bool twice = false;
    if (in->token.size && memchr(in->token.data, '\0', in->token.size))
        note_oddity(in, ODDITY_NUL, from);
    else if (!(member = member_made(in, object, from, &twice)))
        return false;
    skip_space(in);
    if (!take(in, ':')) {
        reader_wrong(in, "expected ':'");
        return false;
    }
    return read_member_value(in, object, twice ? NULL : member);
}

static json_t *read_object(struct reader *in)
{
    if (!open_level(in))
        return NULL;
    json_t *object = json_object();
    if (!object)
        return NULL;
    if (take(in, '}')) {
        in->levels++;
        return object;
    }
    do {
        if (!read_member(in, object)) {
            json_decref(object);
            return NULL;
        }
    } while (next_element(in, '}', "expected ',' or '}'"));
    return drop_wrong(in, object);
}

static json_t *read_value(struct reader *in)
{
    skip_space(in);
    char first = more(in) ? in->text[in->at] : '\0';
    switch (first) {
    case '{':
        return read_object(in);
    case '[':
        return read_list(in);
    case '"':
        in->at++;
        return token_string(in);
    default:
        return first == '-' || (first >= '0' && first <= '9') ? token_number(in) : token_word(in);
    }
}

static json_t *read_bytes(struct reader *in)
{
    in->at = utf8_valid_prefix(in->text, in->size);
    if (more(in))
        return reader_wrong(in, "not UTF-8");
    const char *nul = in->size ? memchr(in->text, '\0', in->size) : NULL;
    in->at = nul ? (size_t)(nul - in->text) : 0;
    if (nul)
        return reader_wrong(in, "a NUL byte");
    json_t *value = read_value(in);
    skip_space(in);
    if (value && more(in))
        reader_wrong(in, "expected nothing more");
    return value ? drop_wrong(in, value) : NULL;
}

void parse_text(struct parse *parse, const char *text, size_t size, unsigned depth)
{
    *parse = (struct parse){0};
    parse->vast = json_string("");
    if (!parse->vast)
        return;
    struct reader in = {.text = text, .size = size, .levels = depth, .parse = parse};
    parse->root = read_bytes(&in);
    buf_finish(&in.token);
}

void parse_finish(struct parse *parse)
{
    json_decref(parse->root);
    json_decref(parse->vast);
    parse->root = NULL;
    parse->vast = NULL;
}

struct place place_of(const char *text, size_t offset)
{
    struct place place = {.line = 1, .column = 1, .byte = offset + 1};
    for (size_t i = 0; i < offset; i++) {
        if (text[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)text[i] & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}
