#include "cli/control.h"
#include "cli/verbs.h"

int verb_stop(int argc, char **argv)
{
    return control_plain("stop", CODE_STOP, true,
                         "The trainer leaves its loop in good order, as at its last step.\n\n" CONTROL_EXIT_CODES, argc,
                         argv);
}
