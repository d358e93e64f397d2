#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int code, const char *format, ...)
{
    if (!err)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    err->code = code;
    return code;
}

int err_errno(struct err *err, int code, const char *format, ...)
{
    int number = errno;
    if (!err)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    size_t length = strlen(err->text);
    char reason[128];
    snprintf(err->text + length, sizeof err->text - length, ": %s", strerror_r(number, reason, sizeof reason));
    err->code = code;
    errno = number;
    return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
    if (!err)
        return ERR_OK;
    char inner[sizeof err->text];
    memcpy(inner, err->text, sizeof inner);
    va_list args;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    size_t length = strlen(err->text);
    snprintf(err->text + length, sizeof err->text - length, ": %s", inner);
    return err->code;
}

const char *err_sentence(int code)
{
    switch (code) {
    case ERR_OK:
        return "no error";
#define X(name, number, sentence)                                                                                      \
    case ERR_##name:                                                                                                   \
        return sentence;
        ERR_LIST(X)
#undef X
    default:
        return "unknown error";
    }
}
