#include "gate.h"

#include <stdio.h>

int gate_wait(void)
{
    int got;
    puts("ready");
    fflush(stdout);
    do
        got = getchar();
    while (got != '\n' && got != EOF);
    return got == '\n' ? 0 : -1;
}
