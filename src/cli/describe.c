#include "cli/session.h"
#include "cli/verbs.h"

int verb_describe(int argc, char **argv)
{
    return session_plain("describe", CODE_DESCRIBE,
                         "Example: trimtab describe --run runs/gpt/20261122-101500\n\n" SESSION_EXIT_CODES,
                         print_describe, argc, argv);
}
