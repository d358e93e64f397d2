#include "wire/message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digits.h"

static void show_text(struct shown *shown, struct text text)
{
    if (memchr(text.data, '\0', text.size))
        snprintf(shown->text, sizeof shown->text, "a text with U+0000");
    else if (text_shown_size(text) < (int)text.size)
        snprintf(shown->text, sizeof shown->text, "a text of %zu bytes", text.size);
    else
        snprintf(shown->text, sizeof shown->text, "\"%.*s\"", TEXT_SHOWN(text));
}

static void show_real(struct shown *shown, double number)
{
    char *end = digits_double(shown->text, number);
    *end = '\0';
    if (!strpbrk(shown->text, ".e"))
        memcpy(end, ".0", 3);
}

struct shown message_shown(const struct message *message, const json_t *value)
{
    struct shown shown = {0};
    if (value == message->parse.vast)
        snprintf(shown.text, sizeof shown.text, "a number beyond 64 bits");
    else if (json_is_string(value))
        show_text(&shown, text_of(json_string_value(value), json_string_length(value)));
    else if (json_is_integer(value))
        snprintf(shown.text, sizeof shown.text, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_real(value))
        show_real(&shown, json_real_value(value));
    else if (json_is_array(value))
        snprintf(shown.text, sizeof shown.text, "a list of %zu", json_array_size(value));
    else if (json_is_object(value))
        snprintf(shown.text, sizeof shown.text, "an object of %zu members", json_object_size(value));
    else
        snprintf(shown.text, sizeof shown.text, "%s",
                 json_is_null(value)   ? "null"
                 : json_is_true(value) ? "true"
                                       : "false");
    return shown;
}

/* Is it an integer, or a text that fits? Then *id is set. */
static bool id_take(const json_t *value, struct request_id *id)
{
    if (json_is_integer(value)) {
        *id = (struct request_id){.kind = REQUEST_ID_INTEGER, .integer = json_integer_value(value)};
        return true;
    }
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size > LIMIT_ID_BYTES || memchr(json_string_value(value), '\0', size))
        return false;
    *id = (struct request_id){.kind = REQUEST_ID_TEXT};
    memcpy(id->text, json_string_value(value), size);
    return true;
}

static int refuse_text(struct refusal *refusal, const char *why, const char *text, size_t offset)
{
    struct place place = place_of(text, offset);
    return refuse(refusal, ERROR_JSON, "%s at line %zu, column %zu, byte %zu", why, place.line, place.column,
                  place.byte);
}

static int refuse_long(struct refusal *refusal, const char *text)
{
    char why[48];
    snprintf(why, sizeof why, "longer than %d bytes", LIMIT_MESSAGE_BYTES);
    refuse_text(refusal, why, text, LIMIT_MESSAGE_BYTES);
    refusal->fatal = true;
    return -1;
}

static void head_fill(const struct message *message, const json_t *object, struct message_head *head)
{
    const json_t *code = json_object_get(object, "code"), *id = json_object_get(object, "id");
    if (json_is_integer(code)) {
        head->code = json_integer_value(code);
        head->code_known = true;
        head->entry = protocol_code(head->code);
    }
    if (id != message->parse.vast)
        id_take(id, &head->id);
}

/* Of a message with a name that stands twice or holds U+0000. */
static int check_oddity(const struct parse *parse, struct refusal *refusal)
{
    if (parse->oddity == ODDITY_TWICE)
        return refuse(refusal, ERROR_CODE, "the member \"%.*s\" stands twice in one object",
                      TEXT_SHOWN(parse->odd_name));
    if (parse->oddity == ODDITY_NUL)
        return refuse(refusal, ERROR_CODE, "the member's name \"%.*s\" holds U+0000", TEXT_SHOWN(parse->odd_name));
    return 0;
}

size_t message_count(const struct message *message)
{
    return json_is_array(message->parse.root) ? json_array_size(message->parse.root) : 1;
}

const json_t *message_object(const struct message *message, size_t i)
{
    const json_t *root = message->parse.root;
    return json_is_array(root) ? json_array_get(root, i) : root;
}

int message_head(const struct message *message, size_t i, struct message_head *head, struct refusal *refusal)
{
    const json_t *object = message_object(message, i), *code = json_object_get(object, "code");
    *head = (struct message_head){0};
    head_fill(message, object, head);
    if (!code)
        return refuse(refusal, ERROR_CODE, "code is missing; expected an integer");
    if (!head->code_known)
        return refuse(refusal, ERROR_CODE,
                      "code is %s; expected an integer, written without quotes, fraction and exponent",
                      message_shown(message, code).text);
    if (!head->entry)
        return refuse(refusal, ERROR_CODE, "no request has code %" PRId64, head->code);
    return 0;
}

/* ---- a list, judged whole ---- */

static int check_elements(const struct message *message, struct refusal *refusal)
{
    const json_t *list = message->parse.root;
    size_t count = json_array_size(list);
    if (count == 0 || count > CODE_LIMIT)
        return refuse(refusal, ERROR_CODE, "the message is a list of %zu; expected 1 to %d requests", count,
                      CODE_LIMIT);
    for (size_t i = 0; i < count; i++)
        if (!json_is_object(json_array_get(list, i)))
            return refuse(refusal, ERROR_CODE, "element %zu of the list is %s; expected an object", i + 1,
                          message_shown(message, json_array_get(list, i)).text);
    return 0;
}

/* Whether the code of the i-th has stood before it. */
static bool is_again(const json_t *list, size_t i)
{
    const json_t *code = json_object_get(json_array_get(list, i), "code");
    for (size_t j = 0; j < i && json_is_integer(code); j++) {
        const json_t *other = json_object_get(json_array_get(list, j), "code");
        if (json_is_integer(other) && json_integer_value(other) == json_integer_value(code))
            return true;
    }
    return false;
}

static int check_codes(const json_t *list, struct message_head *head, struct refusal *refusal)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!is_again(list, i))
            continue;
        head->code = json_integer_value(json_object_get(json_array_get(list, i), "code"));
        head->code_known = true;
        refuse(refusal, ERROR_CODE, "code %" PRId64 " stands twice in the list; nothing of it is carried out",
               head->code);
        refusal->same_code = true;
        return -1;
    }
    return 0;
}

static int check_whole(const struct message *message, struct message_head *head, struct refusal *refusal)
{
    const json_t *root = message->parse.root;
    if (json_is_array(root))
        return check_elements(message, refusal) < 0 || check_oddity(&message->parse, refusal) < 0 ||
                       check_codes(root, head, refusal) < 0
                   ? -1
                   : 0;
    if (!json_is_object(root))
        return refuse(refusal, ERROR_CODE, "the message is %s; expected an object", message_shown(message, root).text);
    head_fill(message, root, head);
    return check_oddity(&message->parse, refusal);
}

static int message_take(struct message *message, const char *text, size_t size, struct message_head *head,
                        struct refusal *refusal)
{
    parse_text(&message->parse, text, size, LIMIT_DEPTH);
    const struct parse *parse = &message->parse;
    if (!parse->root && parse->wrong)
        return refuse_text(refusal, parse->wrong, text, parse->offset);
    if (!parse->root)
        return refuse(refusal, ERROR_INTERNAL, "out of memory");
    return check_whole(message, head, refusal);
}

int message_read(const char *text, size_t size, struct message **message, struct message_head *head,
                 struct refusal *refusal)
{
    *message = NULL;
    *head = (struct message_head){0};
    if (size > LIMIT_MESSAGE_BYTES)
        return refuse_long(refusal, text);
    struct message *made = calloc(1, sizeof *made);
    if (!made)
        return refuse(refusal, ERROR_INTERNAL, "out of memory");
    if (message_take(made, text, size, head, refusal) < 0) {
        head->entry = NULL;
        message_destroy(made);
        return -1;
    }
    *message = made;
    return 0;
}

void message_destroy(struct message *message)
{
    if (!message)
        return;
    parse_finish(&message->parse);
    free(message);
}

bool json_is_sound(const char *text, size_t size, size_t limit, bool any)
{
    if (size > limit)
        return false;
    struct parse parse;
    parse_text(&parse, text, size, LIMIT_DEPTH);
    bool sound = parse.root && parse.oddity == ODDITY_NONE && (any || json_is_object(parse.root));
    parse_finish(&parse);
    return sound;
}
