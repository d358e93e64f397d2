#include "cli/chosen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/known.h"
#include "cli/live.h"
#include "cli/named.h"
#include "cli/say.h"
#include "cli/verbs.h"

static int choose(char path[PATH_MAX], const char *given)
{
    const char *named = given ? given : getenv("TRIMTAB_RUN");
    int status = CLI_DONE;
    if (named && *named)
        return named_find(named, path) ? CLI_DONE : CLI_REFUSED;
    trimtab_client_close(live_only(getenv("TRIMTAB_TOKEN"), &status, path));
    return status;
}

int chosen_open(struct chosen *chosen, const char *given)
{
    chosen->run_fd = -1;
    int status = choose(chosen->path, given);
    if (status != CLI_DONE)
        return status;
    chosen->run_fd = open(chosen->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (chosen->run_fd < 0)
        say_wrong("there is no run at %s: %s", chosen->path, strerror(errno));
    else if (!known_is_run(chosen->run_fd))
        say_wrong("%s is no run; `trimtab ls` lists your runs", chosen->path);
    else
        return CLI_DONE;
    chosen_close(chosen);
    return CLI_REFUSED;
}

void chosen_close(struct chosen *chosen)
{
    if (chosen->run_fd >= 0)
        close(chosen->run_fd);
    chosen->run_fd = -1;
}
