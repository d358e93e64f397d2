#include "channel/segment.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel/journal_folder.h"
#include "journal_fixture.h"

static void names_go_both_ways(void **state)
{
    (void)state;
    struct incarnation incarnation, parsed;
    char name[SEGMENT_NAME];
    uint64_t sequence;
    for (uint8_t i = 0; i < 16; i++)
        incarnation.bytes[i] = (uint8_t)(i * 17);
    segment_name(name, &incarnation, 42);
    assert_string_equal(name, "00112233445566778899aabbccddeeff.0000000042");
    assert_true(segment_parse_name(name, &parsed, &sequence));
    assert_true(incarnation_same(&incarnation, &parsed));
    assert_int_equal(sequence, 42);
    segment_name(name, &incarnation, UINT64_C(9999999999));
    assert_true(segment_parse_name(name, &parsed, &sequence));
    assert_int_equal(sequence, UINT64_C(9999999999));
}

static void other_names_are_not_a_segments(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         ".",
                                         "00112233445566778899aabbccddeeff",
                                         "00112233445566778899aabbccddeeff.",
                                         "00112233445566778899aabbccddeeff.000000004",
                                         "00112233445566778899aabbccddeeff.00000000421",
                                         "00112233445566778899aabbccddeeff.000000004x",
                                         "00112233445566778899AABBCCDDEEFF.0000000042",
                                         "00112233445566778899aabbccddeef.00000000420",
                                         ".00112233445566778899aabbccddeeff.0000000042.12-ab",
                                         "00112233445566778899aabbccddeeff.0000000042~"};
    struct incarnation incarnation;
    uint64_t sequence;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (segment_parse_name(others[i], &incarnation, &sequence))
            fail_msg("%s", others[i]);
}

static void incarnations_go_both_ways(void **state)
{
    (void)state;
    struct incarnation incarnation = {{0xfe, 1, 0x20}}, parsed;
    char text[33];
    incarnation_text(text, &incarnation);
    assert_string_equal(text, "fe012000000000000000000000000000");
    assert_true(incarnation_parse(text, &parsed));
    assert_true(incarnation_same(&incarnation, &parsed));
    parsed.bytes[15] = 1;
    assert_false(incarnation_same(&incarnation, &parsed));
    assert_false(incarnation_parse("fe0120000000000000000000000000000", &parsed));
    assert_false(incarnation_parse("fe01200000000000000000000000000", &parsed));
    assert_false(incarnation_parse("", &parsed));
}

static void positions_are_ordered(void **state)
{
    (void)state;
    const struct journal_position ordered[] = {{{{9}}, 1, 0, 0}, {{{8}}, 1, 0, 16}, {{{7}}, 1, 1, 0},
                                               {{{6}}, 2, 0, 0}, {{{5}}, 2, 0, 1},  {{{4}}, 2, 9, 0}};
    for (int i = 0; i < 6; i++)
        for (int j = 0; j < 6; j++)
            assert_int_equal(journal_position_compare(&ordered[i], &ordered[j]), i < j ? -1 : i > j);
}

static void a_segment_is_opened_by_name_and_checked(void **state)
{
    struct journal_fixture *fixture = *state;
    struct segment_id id = {.sequence = 0};
    struct err err;
    fixture_write(fixture, 3);
    fixture_incarnation(&id.incarnation, 3);
    int fd = segment_open(fixture->fd, &id, &err);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(id.ordinal, 3);
    id.ordinal = 4;
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_DAMAGED);
    id.sequence = 1;
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_MISSING);
}

/* One field of the header after the other. */
static void a_wrong_header_is_refused(void **state)
{
    struct journal_fixture *fixture = *state;
    static const struct {
        size_t offset;
        int code;
    } fields[] = {
        {offsetof(struct segment_header, magic), ERR_DAMAGED},
        {offsetof(struct segment_header, version), ERR_VERSION},
        {offsetof(struct segment_header, header_bytes), ERR_DAMAGED},
        {offsetof(struct segment_header, incarnation), ERR_DAMAGED},
        {offsetof(struct segment_header, sequence), ERR_DAMAGED},
    };
    struct err err;
    fixture_write(fixture, 1);
    int fd = fixture_open_segment(fixture, 1, 0);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct segment_id id = {.sequence = 0};
        uint8_t byte, changed;
        fixture_incarnation(&id.incarnation, 1);
        assert_int_equal(pread(fd, &byte, 1, (off_t)fields[i].offset), 1);
        changed = byte ^ 0x40;
        assert_int_equal(pwrite(fd, &changed, 1, (off_t)fields[i].offset), 1);
        assert_int_equal(segment_open(fixture->fd, &id, &err), fields[i].code);
        assert_non_null(strstr(err.text, "efefef")); /* the file is named */
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)fields[i].offset), 1);
    }
    uint64_t zero = 0;
    struct segment_id id = {.sequence = 0};
    fixture_incarnation(&id.incarnation, 1);
    assert_int_equal(pwrite(fd, &zero, 8, offsetof(struct segment_header, ordinal)), 8);
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_DAMAGED);
    close(fd);
}

static void what_is_no_file_of_the_size_is_refused(void **state)
{
    struct journal_fixture *fixture = *state;
    struct segment_id id = {.sequence = 0};
    struct err err;
    char name[SEGMENT_NAME];
    fixture_incarnation(&id.incarnation, 1);
    fixture_name(name, 1, 0);
    assert_int_equal(mkdirat(fixture->fd, name, 0700), 0);
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_DAMAGED);
    assert_int_equal(unlinkat(fixture->fd, name, AT_REMOVEDIR), 0);
    assert_int_equal(mkfifoat(fixture->fd, name, 0600), 0);
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_DAMAGED);
    assert_int_equal(unlinkat(fixture->fd, name, 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", fixture->fd, name), 0);
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_DAMAGED);
    assert_int_equal(unlinkat(fixture->fd, name, 0), 0);
    assert_int_equal(close(openat(fixture->fd, name, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(segment_open(fixture->fd, &id, &err), ERR_DAMAGED);
}

static int count(void *context, struct segment_id *id)
{
    (void)id;
    ++*(int *)context;
    return 0;
}

static void only_segments_are_listed_and_only_half_made_ones_swept(void **state)
{
    struct journal_fixture *fixture = *state;
    static const char *const others[] = {".efefefefefefefefefefefefefefefef.0000000001.77-1234", ".hidden",
                                         "notes.txt"};
    int segments = 0;
    fixture_write(fixture, 1);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(close(openat(fixture->fd, others[i], O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(journal_folder_each(fixture->fd, count, &segments, NULL), 0);
    assert_int_equal(segments, 1);
    assert_int_equal(journal_folder_bytes(fixture->fd, false), SEGMENT_SIZE);
    assert_int_equal(temp_entries(fixture->fd), 4);
    assert_int_equal(journal_folder_bytes(fixture->fd, true), SEGMENT_SIZE);
    assert_int_equal(temp_entries(fixture->fd), 3);
    assert_int_equal(faccessat(fixture->fd, others[0], F_OK, 0), -1);
    assert_int_equal(journal_folder_each(-1, count, &segments, NULL), ERR_SYSTEM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways),          cmocka_unit_test(other_names_are_not_a_segments),
        cmocka_unit_test(incarnations_go_both_ways),   cmocka_unit_test(positions_are_ordered),
        TEST(a_segment_is_opened_by_name_and_checked), TEST(a_wrong_header_is_refused),
        TEST(what_is_no_file_of_the_size_is_refused),  TEST(only_segments_are_listed_and_only_half_made_ones_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
