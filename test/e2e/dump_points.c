/* dump_points.c: prints every stored point of a run, series by series, each in the order in which it was logged: SERIES
 * STEP TIME_US VALUE. Status 1 where one cannot be read. */
#include <inttypes.h>
#include <stdio.h>

#include "store/store.h"

static int print_point(void *context, const struct store_point *point)
{
    (void)context;
    printf("%s %" PRId64 " %" PRId64 " %.17g\n", point->series, point->step, point->time_us, point->value);
    return 0;
}

int main(int argc, char **argv)
{
    struct store_reader *reader = NULL;
    struct store_points_ask ask = {.superseded = true, .each = print_point};
    struct err err = {0};
    if (argc != 2)
        return 2;
    if (store_reader_open(&reader, argv[1], false, &err) < 0 || store_points(reader, &ask, &err) < 0) {
        fprintf(stderr, "dump_points: %s\n", err.text);
        return 1;
    }
    store_reader_close(reader);
    if (ask.lost)
        fprintf(stderr, "dump_points: %" PRIu64 " points of %" PRIu64 " are damaged\n", ask.lost, ask.total);
    return ask.lost != 0;
}
