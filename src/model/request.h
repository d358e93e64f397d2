/* request.h: one request as plain data, validated whole by wire/; and a refusal. */
#ifndef MODEL_REQUEST_H
#define MODEL_REQUEST_H

#include "base/value.h"
#include "protocol/protocol.h"

struct request_id {
    enum { REQUEST_ID_NONE, REQUEST_ID_INTEGER, REQUEST_ID_TEXT } kind;
    int64_t integer;
    char text[LIMIT_ID_BYTES + 1]; /* zero-terminated */
};

/* A scalar as JSON has them; text is owned by the request. */
struct request_scalar {
    enum { SCALAR_BOOL, SCALAR_INTEGER, SCALAR_NUMBER, SCALAR_TEXT } kind;
    bool truth;
    int64_t integer;
    double number;
    struct text text;
};

struct request_pair {
    struct text name; /* zero-terminated too */
    struct request_scalar value;
};

/* One parameter. Which members count follows from its kind in protocol/params.def. */
struct request_arg {
    bool present;
    int64_t integer;            /* INTEGER */
    bool truth;                 /* TRUTH */
    double number;              /* NUMBER */
    struct text text;           /* TEXT; zero-terminated too */
    size_t count;               /* TEXTS, VALUES, COUNTS */
    struct request_pair *pairs; /* VALUES and COUNTS: names and values; TEXTS: values */
    uint64_t epoch, n;          /* CURSOR */
};

/* Owns all that it points at. */
struct request {
    enum code code;
    struct request_id id;
    struct request_arg arg[ARG_COUNT];
    struct text
        canonical; /* the request as JSON: no white space, members sorted, without id and token; zero-terminated too */
};

void request_finish(struct request *request); /* frees what it owns; twice is safe */

/* Why a request is not carried out. */
struct refusal {
    int error;        /* enum error; ERROR_NONE: not refused */
    bool same_code;   /* of 41: the message is PROTOCOL_SAME_CODE */
    bool fatal;       /* the connection ends after the reply */
    char detail[400]; /* a sentence in UTF-8, zero-terminated */
};

/* Sets it and cuts the sentence at a character's boundary. Always returns -1. */
int refuse(struct refusal *refusal, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* At most 60 bytes of a peer's text, cut at a character's boundary, for use in a sentence with "%.*s". */
#define TEXT_SHOWN(text) text_shown_size(text), ((text).data ? (text).data : "")
int text_shown_size(struct text text);

#endif
