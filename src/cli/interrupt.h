/* interrupt.h: SIGINT, SIGTERM and SIGHUP end a command that has something to take back first. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>

/* From here on they are noted; a system call that waits returns EINTR. One that was ignored stays so. */
void interrupt_watch(void);
bool interrupt_came(void);
const volatile sig_atomic_t *interrupt_flag(void); /* not 0 once one came */
/* Once all is taken back: ends the process by the signal that came. Returns where none came. */
void interrupt_pass_on(void);

#endif
