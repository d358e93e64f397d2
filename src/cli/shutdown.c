#include "cli/session.h"
#include "cli/verbs.h"

static void print_ends(struct buf *out, const json_t *reply, const struct terminal *terminal)
{
    (void)reply;
    (void)terminal;
    buf_text(out, "the server ends; the training goes on and is recorded\n");
}

int verb_shutdown(int argc, char **argv)
{
    return session_plain("shutdown", CODE_SHUTDOWN,
                         "To end the training: trimtab stop\n\nExample: trimtab shutdown\n\n" SESSION_EXIT_CODES,
                         print_ends, argc, argv);
}
