/* message.h: a message within this room: its JSON, and how a value of it is shown in a sentence. */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "wire/parse.h"
#include "wire/request.h"

struct message {
    struct parse parse;
};

struct shown {
    char text[96];
};
/* The i-th request: an object. */
const json_t *message_object(const struct message *message, size_t i);
/* 7, 5.0, true, "abc", a text of 70 bytes, a list of 2, ... */
struct shown message_shown(const struct message *message, const json_t *value);

#endif
