#include "cli/interrupt.h"

#include <stddef.h>

/* A handler is given nothing else. */
static volatile sig_atomic_t came;

static void note(int number)
{
    came = number;
}

void interrupt_watch(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before, noted = {.sa_handler = note};
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &noted, NULL);
    }
}

bool interrupt_came(void)
{
    return came != 0;
}

const volatile sig_atomic_t *interrupt_flag(void)
{
    return &came;
}

void interrupt_pass_on(void)
{
    if (!came)
        return;
    signal(came, SIG_DFL);
    raise(came);
}
