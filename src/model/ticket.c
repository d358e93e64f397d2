#include "model/ticket.h"

#include <stdlib.h>

void ticket_destroy(struct ticket *ticket)
{
    if (!ticket)
        return;
    outcome_finish(&ticket->outcome);
    if (ticket->request)
        request_finish(ticket->request);
    free(ticket->request);
    free(ticket->post);
    free(ticket->setting);
    free(ticket->why);
    free(ticket->reason);
    free(ticket->canonical);
    free(ticket);
}
