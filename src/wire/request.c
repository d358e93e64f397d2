#include "wire/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "wire/canonical.h"
#include "wire/message.h"

struct taking {
    const struct message *message;
    const struct protocol_param *param;
    struct request_arg *arg;
    struct refusal *refusal;
};

static int no_memory(struct refusal *refusal)
{
    return refuse(refusal, ERROR_INTERNAL, "out of memory");
}

struct sentence {
    char text[160];
};

static struct sentence expected(const struct protocol_param *param)
{
    static const char *const formats[] = {
        [PARAM_INTEGER] = "an integer from %.0f to %.0f",
        [PARAM_NUMBER] = "a number from %.16g to %.16g",
        [PARAM_TEXT] = "a text of %.0f to %.0f bytes without U+0000",
        [PARAM_TEXTS] = "a list of %.0f to %.0f texts",
        [PARAM_VALUES] = "an object of %.0f to %.0f members",
        [PARAM_COUNTS] = "an object of %.0f to %.0f members",
        [PARAM_CURSOR] = "{\"epoch\":E,\"n\":N} with integers >= 0",
        [PARAM_TRUTH] = "true or false",
    };
    struct sentence sentence;
    snprintf(sentence.text, sizeof sentence.text, formats[param->kind], param->least, param->most);
    return sentence;
}

static int refuse_arg(const struct taking *taking, const json_t *value)
{
    return refuse(taking->refusal, ERROR_PARAMETER, "%s is %s; expected %s", protocol_arg_name(taking->param->arg),
                  message_shown(taking->message, value).text, expected(taking->param).text);
}

static bool in_range(const struct protocol_param *param, double quantity)
{
    return quantity >= param->least && quantity <= param->most;
}

/* ---- one value of each kind ---- */

static int take_integer(const struct taking *taking, const json_t *value)
{
    int64_t integer = json_integer_value(value);
    if (!json_is_integer(value) || integer < (int64_t)taking->param->least || integer > (int64_t)taking->param->most)
        return refuse_arg(taking, value);
    taking->arg->integer = integer;
    return 0;
}

static int take_number(const struct taking *taking, const json_t *value)
{
    if (!json_is_number(value) || !in_range(taking->param, json_number_value(value)))
        return refuse_arg(taking, value);
    taking->arg->number = json_number_value(value);
    return 0;
}

/* False for what is not a text, and for a text with U+0000. */
static bool is_text(const struct taking *taking, const json_t *value)
{
    return json_is_string(value) && value != taking->message->parse.vast &&
           !memchr(json_string_value(value), '\0', json_string_length(value));
}

static int copy_text(struct text *to, const char *data, size_t size, struct refusal *refusal)
{
    char *copy = malloc(size + 1);
    if (!copy)
        return no_memory(refusal);
    memcpy(copy, data, size);
    copy[size] = '\0';
    *to = text_of(copy, size);
    return 0;
}

static int take_text(const struct taking *taking, const json_t *value)
{
    size_t size = json_string_length(value);
    if (!is_text(taking, value) || !in_range(taking->param, (double)size))
        return refuse_arg(taking, value);
    return copy_text(&taking->arg->text, json_string_value(value), size, taking->refusal);
}

/* Room for the pairs of a list or an object; arg->count grows as they are filled in, so that request_finish frees what
 * there is. */
static int make_pairs(const struct taking *taking, size_t count)
{
    taking->arg->pairs = calloc(count ? count : 1, sizeof *taking->arg->pairs);
    return taking->arg->pairs ? 0 : no_memory(taking->refusal);
}

static struct sentence topic_names(void)
{
    struct sentence names = {""};
    for (unsigned i = 0; *protocol_topic_name(1u << i); i++) {
        size_t used = strlen(names.text);
        snprintf(names.text + used, sizeof names.text - used, "%s%s", i ? ", " : "", protocol_topic_name(1u << i));
    }
    return names;
}

static struct sentence expected_listed(const struct protocol_param *param)
{
    if (param->arg == ARG_TOPICS)
        return topic_names();
    struct sentence sentence;
    snprintf(sentence.text, sizeof sentence.text, "texts of 1 to %d bytes without U+0000", LIMIT_LISTED_BYTES);
    return sentence;
}

static int check_listed(const struct taking *taking, const json_t *value)
{
    size_t size = json_string_length(value);
    bool suits = is_text(taking, value) && size >= 1 && size <= LIMIT_LISTED_BYTES;
    if (taking->param->arg == ARG_TOPICS)
        suits = suits && protocol_topic(json_string_value(value), size);
    if (suits)
        return 0;
    return refuse(taking->refusal, ERROR_PARAMETER, "%s holds %s; expected %s", protocol_arg_name(taking->param->arg),
                  message_shown(taking->message, value).text, expected_listed(taking->param).text);
}

static int take_texts(const struct taking *taking, const json_t *list)
{
    if (!json_is_array(list) || !in_range(taking->param, (double)json_array_size(list)))
        return refuse_arg(taking, list);
    if (make_pairs(taking, json_array_size(list)) < 0)
        return -1;
    size_t i;
    const json_t *value;
    json_array_foreach(list, i, value)
    {
        struct request_scalar *scalar = &taking->arg->pairs[i].value;
        if (check_listed(taking, value) < 0 ||
            copy_text(&scalar->text, json_string_value(value), json_string_length(value), taking->refusal) < 0)
            return -1;
        scalar->kind = SCALAR_TEXT;
        taking->arg->count++;
    }
    return 0;
}

static int take_scalar(const struct taking *taking, const json_t *value, struct request_scalar *scalar)
{
    if (json_is_boolean(value)) {
        scalar->kind = SCALAR_BOOL;
        scalar->truth = json_is_true(value);
    } else if (json_is_integer(value)) {
        scalar->kind = SCALAR_INTEGER;
        scalar->integer = json_integer_value(value);
    } else if (json_is_real(value)) {
        scalar->kind = SCALAR_NUMBER;
        scalar->number = json_real_value(value);
    } else {
        if (copy_text(&scalar->text, json_string_value(value), json_string_length(value), taking->refusal) < 0)
            return -1;
        scalar->kind = SCALAR_TEXT;
    }
    return 0;
}

static int check_member(const struct taking *taking, struct text name, const json_t *value)
{
    bool counts = taking->param->kind == PARAM_COUNTS;
    bool suits = counts ? json_is_integer(value) && json_integer_value(value) >= 0
                        : json_is_boolean(value) || json_is_number(value) || is_text(taking, value);
    if (suits)
        return 0;
    return refuse(taking->refusal, ERROR_PARAMETER, "%s.%.*s is %s; expected %s", protocol_arg_name(taking->param->arg),
                  TEXT_SHOWN(name), message_shown(taking->message, value).text,
                  counts ? "an integer >= 0" : "true, false, a number or a text");
}

static int take_pair(const struct taking *taking, const char *name, const json_t *value)
{
    struct request_pair *pair = &taking->arg->pairs[taking->arg->count];
    if (check_member(taking, text_from(name), value) < 0 ||
        copy_text(&pair->name, name, strlen(name), taking->refusal) < 0)
        return -1;
    taking->arg->count++;
    return take_scalar(taking, value, &pair->value);
}

/* VALUES and COUNTS. A member's name holds no U+0000: message_read has refused that. */
static int take_pairs(const struct taking *taking, const json_t *object)
{
    if (!json_is_object(object) || !in_range(taking->param, (double)json_object_size(object)))
        return refuse_arg(taking, object);
    if (make_pairs(taking, json_object_size(object)) < 0)
        return -1;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (take_pair(taking, name, value) < 0)
            return -1;
    }
    return 0;
}

static int take_cursor(const struct taking *taking, const json_t *value)
{
    const json_t *epoch = json_object_get(value, "epoch"), *n = json_object_get(value, "n");
    if (json_object_size(value) != 2 || !json_is_integer(epoch) || !json_is_integer(n) ||
        json_integer_value(epoch) < 0 || json_integer_value(n) < 0)
        return refuse_arg(taking, value);
    taking->arg->epoch = (uint64_t)json_integer_value(epoch);
    taking->arg->n = (uint64_t)json_integer_value(n);
    return 0;
}

static int take_truth(const struct taking *taking, const json_t *value)
{
    if (!json_is_boolean(value))
        return refuse_arg(taking, value);
    taking->arg->truth = json_is_true(value);
    return 0;
}

static int take_value(const struct taking *taking, const json_t *value)
{
    static int (*const takes[])(const struct taking *, const json_t *) = {
        [PARAM_INTEGER] = take_integer, [PARAM_NUMBER] = take_number, [PARAM_TEXT] = take_text,
        [PARAM_TEXTS] = take_texts,     [PARAM_VALUES] = take_pairs,  [PARAM_COUNTS] = take_pairs,
        [PARAM_CURSOR] = take_cursor,   [PARAM_TRUTH] = take_truth,
    };
    taking->arg->present = true;
    return takes[taking->param->kind](taking, value);
}

/* ---- the whole ---- */

static bool is_param(const struct protocol_code *entry, const char *name)
{
    size_t count;
    const struct protocol_param *params = protocol_params(entry->code, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(protocol_arg_name(params[i].arg), name) == 0)
            return true;
    return false;
}

static int refuse_member(const struct protocol_code *entry, const char *name, struct refusal *refusal)
{
    size_t count;
    const struct protocol_param *params = protocol_params(entry->code, &count);
    struct sentence names = {"code, id"};
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(names.text);
        snprintf(names.text + used, sizeof names.text - used, ", %s", protocol_arg_name(params[i].arg));
    }
    struct text shown = text_from(name);
    return refuse(refusal, ERROR_PARAMETER, "%s has no parameter \"%.*s\"; expected some of %s", entry->name,
                  TEXT_SHOWN(shown), names.text);
}

static int check_members(const json_t *object, const struct protocol_code *entry, struct refusal *refusal)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        if (strcmp(name, "code") != 0 && strcmp(name, "id") != 0 && !is_param(entry, name))
            return refuse_member(entry, name, refusal);
    }
    return 0;
}

static int check_id(const struct message *message, const json_t *object, const struct message_head *head,
                    struct refusal *refusal)
{
    const json_t *id = json_object_get(object, "id");
    if (!id || head->id.kind != REQUEST_ID_NONE)
        return 0;
    return refuse(refusal, ERROR_PARAMETER,
                  "id is %s; expected an integer, or a text of at most 64 bytes without U+0000",
                  message_shown(message, id).text);
}

static int take_params(const struct message *message, const json_t *object, struct request *request,
                       struct refusal *refusal)
{
    size_t count;
    const struct protocol_param *params = protocol_params(request->code, &count);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(object, protocol_arg_name(params[i].arg));
        struct taking taking = {message, &params[i], &request->arg[params[i].arg], refusal};
        if (value && take_value(&taking, value) < 0)
            return -1;
        if (!value && params[i].required)
            return refuse(refusal, ERROR_PARAMETER, "%s is missing; expected %s", protocol_arg_name(params[i].arg),
                          expected(&params[i]).text);
    }
    return 0;
}

static int make_canonical(const json_t *root, struct text *canonical, struct refusal *refusal)
{
    struct buf text;
    buf_init(&text);
    canonical_add(&text, root);
    buf_string(&text);
    if (text.failed) {
        buf_finish(&text);
        return no_memory(refusal);
    }
    *canonical = text_of(text.data, text.size);
    return 0;
}

int message_request(const struct message *message, size_t i, const struct message_head *head, struct request *request,
                    struct refusal *refusal)
{
    *request = (struct request){.code = head->entry->code, .id = head->id};
    const json_t *object = message_object(message, i);
    if (check_id(message, object, head, refusal) < 0 || check_members(object, head->entry, refusal) < 0 ||
        take_params(message, object, request, refusal) < 0 ||
        make_canonical(object, &request->canonical, refusal) < 0) {
        request_finish(request);
        return -1;
    }
    return 0;
}
