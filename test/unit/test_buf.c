#include "base/buf.h"

#include <string.h>

#include "unit.h"

static void bytes_come_in_order(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_text(&buf, "ab");
    buf_char(&buf, 'c');
    buf_u8(&buf, 1);
    buf_u32(&buf, 0x05040302);
    buf_u64(&buf, UINT64_C(0x0d0c0b0a09080706));
    assert_int_equal(buf.size, 16);
    assert_memory_equal(buf.data, "abc\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd", 16);
    buf_finish(&buf);
    buf_finish(&buf);
    assert_null(buf.data);
}

static void printf_adds_without_its_zero(void **state)
{
    (void)state;
    struct buf buf;
    char longer[300];
    buf_init(&buf);
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    buf_printf(&buf, "%d-", 42);
    buf_printf(&buf, "%s", longer);
    assert_int_equal(buf.size, 3 + 299);
    assert_int_equal(strlen(buf_string(&buf)), 3 + 299);
    assert_memory_equal(buf.data, "42-xxx", 6);
    assert_int_equal(buf.size, 3 + 299);
    buf_finish(&buf);
}

static void string_of_an_empty_buf_is_empty(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    assert_string_equal(buf_string(&buf), "");
    buf_finish(&buf);
}

static void drop_removes_from_the_front(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_drop(&buf, 3);
    buf_text(&buf, "abcdef");
    buf_drop(&buf, 0);
    buf_drop(&buf, 2);
    assert_string_equal(buf_string(&buf), "cdef");
    buf_drop(&buf, 100);
    assert_int_equal(buf.size, 0);
    buf_finish(&buf);
}

static void failure_stays_until_cleared(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    buf_text(&buf, "kept");
    assert_false(buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    buf_text(&buf, "lost");
    buf_printf(&buf, "lost");
    assert_int_equal(buf.size, 4);
    assert_string_equal(buf_string(&buf), "");
    buf_clear(&buf);
    assert_false(buf.failed);
    buf_text(&buf, "new");
    assert_string_equal(buf_string(&buf), "new");
    buf_finish(&buf);
}

static void grows_over_many_additions(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf);
    for (uint32_t i = 0; i < 100000; i++)
        buf_u32(&buf, i);
    assert_false(buf.failed);
    assert_int_equal(buf.size, 400000);
    for (uint32_t i = 0; i < 100000; i += 999)
        assert_memory_equal(buf.data + (size_t)4 * i, &i, 4);
    buf_finish(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_come_in_order),
        cmocka_unit_test(printf_adds_without_its_zero),
        cmocka_unit_test(string_of_an_empty_buf_is_empty),
        cmocka_unit_test(drop_removes_from_the_front),
        cmocka_unit_test(failure_stays_until_cleared),
        cmocka_unit_test(grows_over_many_additions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
