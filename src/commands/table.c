#include "commands/command.h"

command_fn *command_handler(enum code code)
{
    switch (code) {
#define CODE(number, NAME, name, role, needs, summary)                                                                 \
    case CODE_##NAME:                                                                                                  \
        return command_##name;
#include "protocol/codes.def"
#undef CODE
    case CODE_LIMIT:
        break;
    }
    return NULL;
}
