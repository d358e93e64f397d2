/* spin.c: a trainer that does nothing but control points, as fast as it can. Ends when asked to stop, and in any case
 * after `spin SECONDS`. The run is $TRIMTAB_RUN. */
#include <stdlib.h>
#include <unistd.h>

#include <trimtab/trimtab.h>

int main(int argc, char **argv)
{
    trimtab_options options = {.name = "spin", .quiet = true};
    double lr = 0.5;
    if (argc != 2 || atoi(argv[1]) < 1)
        return 2;
    alarm((unsigned)atoi(argv[1]));
    trimtab_run *run = trimtab_open(&options);
    if (trimtab_setting_double(run, "lr", &lr, 0, 1, "learning rate") != TRIMTAB_OK)
        return 1;
    for (int64_t step = 0; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++)
        ;
    trimtab_close(run);
    return 0;
}
