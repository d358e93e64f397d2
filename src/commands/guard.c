#include "commands/command.h"

int guard_state(const struct run *run, const struct protocol_code *entry, struct refusal *refusal)
{
    if (entry->needs == NEEDS_NOTHING)
        return 0;
    if (!run->trainer.attached)
        return refuse(refusal, ERROR_NO_MODEL, "no trainer is attached to this run (its state is %s)",
                      run_state_name(run->state));
    if (run->frozen && entry->needs == NEEDS_CHANGE)
        return refuse(refusal, ERROR_FROZEN, "the run is frozen");
    bool over = run->state == RUN_FINISHED || run->state == RUN_LOST;
    if (over || (entry->needs == NEEDS_CHANGE && run->state == RUN_STOPPING))
        return refuse(refusal, ERROR_STATE, "the run is %s: %s is not possible any more", run_state_name(run->state),
                      entry->name);
    return 0;
}
