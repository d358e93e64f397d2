#include "model/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 60 };

static void text_free(struct text *text)
{
    free((char *)text->data);
    *text = text_of(NULL, 0);
}

static void arg_finish(struct request_arg *arg)
{
    text_free(&arg->text);
    for (size_t i = 0; i < arg->count; i++) {
        text_free(&arg->pairs[i].name);
        if (arg->pairs[i].value.kind == SCALAR_TEXT)
            text_free(&arg->pairs[i].value.text);
    }
    free(arg->pairs);
}

void request_finish(struct request *request)
{
    for (size_t i = 0; i < ARG_COUNT; i++)
        arg_finish(&request->arg[i]);
    text_free(&request->canonical);
    *request = (struct request){0};
}

/* At most `limit` bytes, ending between two characters; `text` has more than that. */
static size_t cut_size(const char *text, size_t limit)
{
    while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

int text_shown_size(struct text text)
{
    return (int)(text.size > SHOWN_BYTES ? cut_size(text.data, SHOWN_BYTES) : text.size);
}

int refuse(struct refusal *refusal, int error, const char *format, ...)
{
    /* One byte more than is kept tells where the character at the cut begins. The arguments may lie in *refusal. */
    char sentence[sizeof refusal->detail + 1];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    size_t size = length > 0 ? (size_t)length : 0;
    size_t most = sizeof refusal->detail - 1;
    if (size > most)
        size = cut_size(sentence, most);
    *refusal = (struct refusal){.error = error};
    memcpy(refusal->detail, sentence, size);
    return -1;
}
