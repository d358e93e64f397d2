#include "cli/session.h"
#include "cli/verbs.h"

int verb_status(int argc, char **argv)
{
    return session_plain("status", CODE_STATUS,
                         "Example: trimtab status --json | jq .result.run.step\n\n" SESSION_EXIT_CODES, print_status,
                         argc, argv);
}
