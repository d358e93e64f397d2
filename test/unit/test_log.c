#include "base/log.h"

#include <string.h>
#include <unistd.h>

#include "unit.h"

static size_t read_pipe(int fd, char *text, size_t size)
{
    ssize_t got = read(fd, text, size - 1);
    assert_true(got >= 0);
    text[got] = '\0';
    return (size_t)got;
}

static void one_line_each_from_the_least_level(void **state)
{
    (void)state;
    int ends[2];
    char text[4096];
    assert_int_equal(pipe(ends), 0);
    log_set(ends[1], LOG_WARNING);
    log_line(LOG_INFO, "not told");
    log_line(LOG_WARNING, "disk at %d %%", 97);
    log_line(LOG_ERROR, "two\nlines\x1b[2J");
    log_set(-1, LOG_DEBUG);
    log_line(LOG_ERROR, "silent");
    close(ends[1]);
    read_pipe(ends[0], text, sizeof text);
    close(ends[0]);
    char *first = text, *second = strchr(text, '\n');
    assert_non_null(second);
    *second++ = '\0';
    assert_int_equal(strlen(first), strlen("2024-01-01T00:00:00.000Z warning disk at 97 %"));
    assert_non_null(strstr(first, "Z warning disk at 97 %"));
    assert_non_null(strstr(second, "Z error two?lines?[2J\n"));
    assert_ptr_equal(strchr(second, '\n') + 1, second + strlen(second));
}

static void a_long_line_is_cut_and_ends(void **state)
{
    (void)state;
    int ends[2];
    char text[4096], longer[3000];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(pipe(ends), 0);
    log_set(ends[1], LOG_DEBUG);
    log_line(LOG_DEBUG, "%s", longer);
    log_set(-1, LOG_DEBUG);
    close(ends[1]);
    size_t size = read_pipe(ends[0], text, sizeof text);
    close(ends[0]);
    assert_true(size > 900 && size <= 1024);
    assert_int_equal(text[size - 1], '\n');
    assert_int_equal(text[size - 2], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_line_each_from_the_least_level),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
