/* check_points.c: is what a run.db holds as it should be? SQLite's own check, every point in its place, every roll-up
 * the fold of its points (unit/check_run.h). Prints how many there are; status 1 and a sentence where it is not. */
#include <inttypes.h>
#include <stdio.h>

#include "../unit/check_run.h"

int main(int argc, char **argv)
{
    struct check check;
    if (argc != 2)
        return 2;
    bool sound = check_run(&check, argv[1], 0);
    if (sound)
        printf("points %" PRIu64 " chunks %" PRIu64 " pages %" PRIu64 " blocks %" PRIu64 "\n", check.points,
               check.chunks, check.pages, check.blocks);
    else
        fprintf(stderr, "%s: %s\n", argv[1], check.why);
    check_finish(&check);
    return !sound;
}
