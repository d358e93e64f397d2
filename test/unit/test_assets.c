/* The page as it stands in the program. */
#include "unit.h"

#include <string.h>

#include "assets/assets.h"

static const struct asset *find(const char *path)
{
    return asset_find(text_from(path));
}

static void test_find(void **state)
{
    (void)state;
    const struct asset *index = find("/");
    assert_non_null(index);
    assert_ptr_equal(index, find("/index.html"));
    assert_string_equal(index->type, "text/html; charset=utf-8");
    assert_memory_equal(index->bytes, "<!DOCTYPE html>", 15);
    assert_string_equal(find("/uplot.js")->type, "text/javascript; charset=utf-8");
    assert_string_equal(find("/uplot.css")->type, "text/css; charset=utf-8");
    assert_string_equal(find("/icon.svg")->type, "image/svg+xml");
    assert_string_equal(find("/uplot.LICENSE")->type, "text/plain; charset=utf-8");
    assert_memory_equal(find("/uplot.LICENSE")->bytes, "The MIT License", 15);
}

static void test_find_nothing(void **state)
{
    (void)state;
    static const char *const none[] = {"",           "//",         "/index.htm",  "/index.html/", "/INDEX.HTML",
                                       "index.html", "/assets.py", "/../uplot.js"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(find(none[i]));
    assert_null(asset_find(text_of("/uplot.js", 8)));
    assert_null(asset_find(text_of("/uplot.js\0", 10)));
}

static void check_etag(const struct asset *asset)
{
    assert_int_equal(strlen(asset->etag), 66);
    assert_int_equal(strspn(asset->etag + 1, "0123456789abcdef"), 64);
    assert_true(asset->etag[0] == '"' && asset->etag[65] == '"');
}

static void test_list(void **state)
{
    (void)state;
    size_t count;
    const struct asset *list = asset_list(&count);
    assert_true(count > 4);
    for (size_t i = 0; i < count; i++) {
        assert_true(list[i].size > 0 && list[i].path[0] == '/');
        assert_ptr_equal(find(list[i].path), &list[i]);
        check_etag(&list[i]);
        assert_true(i == 0 || strcmp(list[i - 1].path, list[i].path) < 0);
        assert_true(i == 0 || strcmp(list[i - 1].etag, list[i].etag) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_find_nothing),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
