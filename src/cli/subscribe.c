#include "cli/subscribe.h"

#include <string.h>

#include "cli/session.h"

json_t *subscribe_request(const char *topics, const struct args_texts *series, const char *rate)
{
    json_t *request = session_request(CODE_SUBSCRIBE), *list = json_array(), *globs = json_array();
    for (size_t size; *topics; topics += size + (topics[size] == ',')) {
        size = strcspn(topics, ",");
        json_array_append_new(list, json_stringn(topics, size));
    }
    json_object_set_new(request, protocol_arg_name(ARG_TOPICS), list);
    for (size_t i = 0; i < series->count; i++)
        json_array_append_new(globs, json_string(series->item[i]));
    if (series->count > 0)
        json_object_set(request, protocol_arg_name(ARG_SERIES), globs);
    if (rate)
        json_object_set_new(request, protocol_arg_name(ARG_RATE), json_string(rate));
    json_decref(globs);
    return request;
}
