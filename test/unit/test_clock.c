#include "base/clock.h"

#include <time.h>

#include "unit.h"

static void real_is_the_time_of_day(void **state)
{
    (void)state;
    time_t before = time(NULL);
    int64_t now = clock_real_ns();
    time_t after = time(NULL);
    assert_true(now / 1000000000 >= before - 1 && now / 1000000000 <= after + 1);
}

static void the_others_do_not_go_back(void **state)
{
    (void)state;
    int64_t monotonic = clock_monotonic_ns(), cpu = clock_cpu_ns(), start = cpu;
    for (int i = 0; i < 100000; i++) {
        int64_t now = clock_monotonic_ns(), used = clock_cpu_ns();
        assert_true(now >= monotonic && used >= cpu);
        monotonic = now;
        cpu = used;
    }
    assert_true(cpu > start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_is_the_time_of_day),
        cmocka_unit_test(the_others_do_not_go_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
