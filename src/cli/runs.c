#include "cli/session.h"
#include "cli/verbs.h"

int verb_runs(int argc, char **argv)
{
    return session_plain("runs", CODE_RUNS,
                         "The runs in the folders beside this one, the newest first: how far they came, their last\n"
                         "values, their settings. `trimtab ls` needs no server and looks elsewhere too.\n\n"
                         "Example: trimtab runs --json | jq '.result.runs[].last'\n\n" SESSION_EXIT_CODES,
                         print_run_list, argc, argv);
}
