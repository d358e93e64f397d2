#include "base/err.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static void set_returns_the_code(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(err_set(&err, ERR_FULL, "no room for %d", 7), ERR_FULL);
    assert_int_equal(err.code, ERR_FULL);
    assert_string_equal(err.text, "no room for 7");
    assert_int_equal(err_set(NULL, ERR_BUSY, "x"), ERR_BUSY);
}

static void errno_is_told_and_kept(void **state)
{
    (void)state;
    struct err err = {0};
    errno = ENOENT;
    assert_int_equal(err_errno(&err, ERR_MISSING, "cannot open %s", "f"), ERR_MISSING);
    assert_string_equal(err.text, "cannot open f: No such file or directory");
    assert_int_equal(errno, ENOENT);
    assert_int_equal(err_errno(NULL, ERR_SYSTEM, "x"), ERR_SYSTEM);
}

static void wrap_keeps_the_code(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_DAMAGED, "inner");
    assert_int_equal(err_wrap(&err, "outer %s", "part"), ERR_DAMAGED);
    assert_string_equal(err.text, "outer part: inner");
    assert_int_equal(err_wrap(NULL, "x"), ERR_OK);
}

static void long_texts_are_cut(void **state)
{
    (void)state;
    struct err err = {0};
    char longer[2 * sizeof err.text];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    err_set(&err, ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    errno = EIO;
    err_errno(&err, ERR_INVALID, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    err_wrap(&err, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
}

static void each_code_has_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(err_sentence(ERR_NOMEM), "out of memory");
    assert_string_equal(err_sentence(ERR_CLOSED), "closed by the other side");
    assert_string_equal(err_sentence(ERR_OK), "no error");
    assert_string_equal(err_sentence(77), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_code),     cmocka_unit_test(errno_is_told_and_kept),
        cmocka_unit_test(wrap_keeps_the_code),      cmocka_unit_test(long_texts_are_cut),
        cmocka_unit_test(each_code_has_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
