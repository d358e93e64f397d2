#include <stdlib.h>

#include "model/copy.h"
#include "model/run.h"
#include "model/said.h"

void said_finish(struct said *said)
{
    free(said->text);
    free(said->by);
    *said = (struct said){0};
}

void run_said(struct run *run, uint64_t id, uint32_t level, struct text text, const char *by, int64_t step,
              int64_t time_ns)
{
    struct said fresh = {.id = id, .level = level, .step = step, .time_ns = time_ns};
    fresh.text = text_copy(text);
    fresh.by = text_copy(text_from(by));
    if (!fresh.text || !fresh.by) {
        said_finish(&fresh);
        run->failed = true;
        return;
    }
    if (run->messages_count == LIMIT_MESSAGES_SHOWN) {
        said_finish(&run->messages[0]);
        memmove(run->messages, run->messages + 1, --run->messages_count * sizeof fresh);
    }
    run->messages[run->messages_count++] = fresh;
}
