#include "cli/control.h"
#include "cli/verbs.h"

int verb_resume(int argc, char **argv)
{
    return control_plain("resume", CODE_RESUME, false, CONTROL_EXIT_CODES, argc, argv);
}
