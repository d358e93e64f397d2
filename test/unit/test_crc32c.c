#include "base/crc32c.h"

#include <string.h>

#include "unit.h"

typedef uint32_t crc_fn(uint32_t crc, const void *data, size_t size);

/* RFC 3720, appendix B.4, and the check value of the CRC catalogues. */
static void check_vectors(crc_fn *crc)
{
    uint8_t bytes[48];
    memset(bytes, 0, 32);
    assert_int_equal(crc(0, bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    assert_int_equal(crc(0, bytes, 32), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(crc(0, bytes, 32), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(crc(0, bytes, 32), 0x113fdb5c);
    static const uint8_t iscsi_read[48] = {0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0, 0,
                                           0x14, 0,    0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0, 0x18,
                                           0x28, 0,    0, 0, 0, 0, 0, 0, 2, 0, 0, 0,    0, 0, 0, 0};
    assert_int_equal(crc(0, iscsi_read, 48), 0xd9963a56);
    assert_int_equal(crc(0, "123456789", 9), 0xe3069283);
    assert_int_equal(crc(0, "", 0), 0);
}

static void vectors(void **state)
{
    (void)state;
    check_vectors(crc32c);
}

static void vectors_of_the_table(void **state)
{
    (void)state;
    check_vectors(crc32c_table);
}

static void both_agree_at_every_size_and_place(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint32_t random = 12345;
    for (size_t i = 0; i < sizeof bytes; i++) {
        random = random * 1664525 + 1013904223;
        bytes[i] = (uint8_t)(random >> 24);
    }
    for (size_t start = 0; start < 9; start++)
        for (size_t size = 0; start + size <= sizeof bytes; size++)
            assert_int_equal(crc32c(random, bytes + start, size), crc32c_table(random, bytes + start, size));
}

static void goes_on_where_it_stopped(void **state)
{
    (void)state;
    const char *text = "the quick brown fox jumps over the lazy dog";
    uint32_t whole = crc32c(0, text, strlen(text));
    for (size_t cut = 0; cut <= strlen(text); cut++)
        assert_int_equal(crc32c(crc32c(0, text, cut), text + cut, strlen(text) - cut), whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors),
        cmocka_unit_test(vectors_of_the_table),
        cmocka_unit_test(both_agree_at_every_size_and_place),
        cmocka_unit_test(goes_on_where_it_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
