#include "cli/session.h"
#include "cli/verbs.h"

int verb_stats(int argc, char **argv)
{
    return session_plain("stats", CODE_STATS,
                         "What the server itself has done since it started, and what it takes.\n\n"
                         "Example: trimtab stats --json | jq .result.resident\n\n" SESSION_EXIT_CODES,
                         print_stats, argc, argv);
}
