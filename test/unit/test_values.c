#include "cli/values.h"

#include <string.h>

#include "unit.h"

static const char described[] = "[{\"name\":\"lr\",\"type\":\"double\"},{\"name\":\"steps\",\"type\":\"int\"},"
                                "{\"name\":\"on\",\"type\":\"bool\"},{\"name\":\"schedule\",\"type\":\"choice\"},"
                                "{\"name\":\"prompt\",\"type\":\"string\"},{\"name\":\"a=b\",\"type\":\"int\"}]";

/* What NAME=VALUE... become, as JSON; or the sentence. */
static void expect(const char *const *operands, const char *json, const char *sentence)
{
    struct buf why = {0};
    json_t *list = json_loads(described, 0, NULL);
    json_t *values = values_read_all(list, "setting", (char *const *)(uintptr_t)operands, &why);
    json_t *expected = json ? json_loads(json, 0, NULL) : NULL;
    assert_string_equal(buf_string(&why), sentence ? sentence : "");
    assert_true(json ? json_equal(values, expected) : values == NULL);
    json_decref(expected);
    json_decref(values);
    json_decref(list);
    buf_finish(&why);
}

#define GIVES(json, ...) expect((const char *const[]){__VA_ARGS__, NULL}, json, NULL)
#define REFUSED(sentence, ...) expect((const char *const[]){__VA_ARGS__, NULL}, NULL, sentence)

static void a_value_has_the_type_that_is_described(void **state)
{
    (void)state;
    GIVES("{\"lr\":0.0003,\"schedule\":\"1e3\",\"on\":false}", "lr=3e-4", "schedule=1e3", "on=off");
    GIVES("{\"lr\":3.0,\"steps\":3,\"prompt\":\"3\"}", "lr=3", "steps=3", "prompt=3");
    GIVES("{\"steps\":10000}", "steps=1e4");
    GIVES("{\"steps\":-9223372036854775808}", "steps=-9223372036854775808");
    GIVES("{\"on\":true}", "on=yes");
    GIVES("{\"prompt\":\"\"}", "prompt=");
    GIVES("{\"prompt\":\"a=b = c\"}", "prompt=a=b = c");
    GIVES("{\"a=b\":3}", "a=b=3");
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    REFUSED("lr takes a number, not `fast`", "lr=fast");
    REFUSED("lr takes a number, not `nan`", "lr=nan");
    REFUSED("lr takes a number, not `1e999`", "lr=1e999");
    REFUSED("lr takes a number, not ``", "lr=");
    REFUSED("steps takes a whole number, not `1.5`", "steps=1.5");
    REFUSED("steps takes a whole number, not `1e300`", "steps=1e300");
    REFUSED("steps takes a whole number, not `9223372036854775808`", "steps=9223372036854775808");
    REFUSED("on takes true or false, not `2`", "on=2");
    REFUSED("prompt takes a text in UTF-8, not `\xff`", "prompt=\xff");
    REFUSED("lr is given twice", "lr=1", "lr=2");
    REFUSED("`lr` is not NAME=VALUE", "lr");
    REFUSED("no setting is called `lrr`; did you mean `lr`?", "lrr=1");
    REFUSED("no setting is called `momentum`", "momentum=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_has_the_type_that_is_described),
        cmocka_unit_test(what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
