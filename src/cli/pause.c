#include "cli/control.h"
#include "cli/verbs.h"

int verb_pause(int argc, char **argv)
{
    return control_plain(
        "pause", CODE_PAUSE, true,
        "Example: trimtab pause --at-step 5000 --reason \"look at the samples\"\n\n" CONTROL_EXIT_CODES, argc, argv);
}
