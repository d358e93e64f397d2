#include "cli/session.h"
#include "cli/verbs.h"

int verb_clients(int argc, char **argv)
{
    return session_plain(
        "clients", CODE_CLIENTS,
        "Who is connected, the oldest first: number, name, role, transport and address, since when, the\n"
        "topics it follows, bytes sent to it, events it has missed because it read too slowly.\n\n"
        "Example: trimtab clients\n\n" SESSION_EXIT_CODES,
        print_clients, argc, argv);
}
