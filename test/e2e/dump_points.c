/* dump_points.c: prints every stored point of a run, in the order in which it was stored: SERIES STEP TIME_NS VALUE. */
#include <inttypes.h>
#include <stdio.h>

#include "store/store.h"

static int print_point(void *context, const char *series, int64_t step, int64_t time_ns, double value)
{
    (void)context;
    printf("%s %" PRId64 " %" PRId64 " %.17g\n", series, step, time_ns, value);
    return 0;
}

int main(int argc, char **argv)
{
    struct store_reader *reader = NULL;
    struct err err = {0};
    if (argc != 2)
        return 2;
    if (store_reader_open(&reader, argv[1], false, &err) < 0 || store_points(reader, print_point, NULL, &err) < 0) {
        fprintf(stderr, "dump_points: %s\n", err.text);
        return 1;
    }
    store_reader_close(reader);
    return 0;
}
