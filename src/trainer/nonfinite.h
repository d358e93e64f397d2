/* nonfinite.h: what a value that is not finite leads to: a message, and where the built-in setting pause_on_nonfinite
 * is on, a pause. */
#ifndef TRAINER_NONFINITE_H
#define TRAINER_NONFINITE_H

#include <trimtab/trimtab.h>

struct nonfinite {
    bool pauses;     /* the setting */
    uint32_t series; /* the next control point pauses for this one's sake; 0: none */
    double value;
};

/* Declares the setting. Returns as trimtab_setting_declare. */
int nonfinite_declare(trimtab_run *run);
/* Such a value was logged to this series. */
void nonfinite_logged(trimtab_run *run, uint32_t series, int64_t step, double value);
/* Inside a control point: pauses where one was logged. */
void nonfinite_pause(trimtab_run *run);

#endif
