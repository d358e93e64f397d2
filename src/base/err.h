/* err.h: what went wrong, as a number for the program and a sentence for a person.
 * The sentence is built where the detail is known and wrapped as it climbs. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/* X(NAME, number, sentence) */
#define ERR_LIST(X)                                                                                                    \
    X(NOMEM, -1, "out of memory")                                                                                      \
    X(SYSTEM, -2, "the system refused")                                                                                \
    X(INVALID, -3, "invalid value")                                                                                    \
    X(FORMAT, -4, "not in the expected format")                                                                        \
    X(VERSION, -5, "made by another version of trimtab")                                                               \
    X(BUSY, -6, "held by another process")                                                                             \
    X(FULL, -7, "no room")                                                                                             \
    X(MISSING, -8, "not there")                                                                                        \
    X(DAMAGED, -9, "damaged")                                                                                          \
    X(CLOSED, -10, "closed by the other side")

enum err_code {
    ERR_OK = 0,
#define X(name, number, sentence) ERR_##name = number,
    ERR_LIST(X)
#undef X
};

struct err {
    int code;       /* ERR_OK or one of the above */
    char text[480]; /* one sentence without a full stop, zero-terminated */
};

/* Both return `code` so that a caller can write: return err_set(err, ERR_FULL, "..."). `err` may be NULL. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As err_set with ": " and strerror(errno) appended. */
int err_errno(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "format: " before the text that is there; the code stays. Returns the code. */
int err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The fixed sentence of a code. */
const char *err_sentence(int code);

#endif
