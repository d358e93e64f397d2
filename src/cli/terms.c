#include "cli/terms.h"

#include <stdlib.h>
#include <string.h>

#include "cli/say.h"
#include "cli/verbs.h"

#define LONGEST_SECONDS INT64_C(315360000) /* ten years */

int terms_role(const char *option, const char *text, enum role *role)
{
    *role = ROLE_VIEWER;
    if (!text)
        return CLI_DONE;
    for (; *role <= ROLE_ADMIN; (*role)++)
        if (strcmp(text, protocol_role_name(*role)) == 0)
            return CLI_DONE;
    say_wrong("--%s %s is not known: there are viewer, controller and admin", option, text);
    return CLI_USAGE;
}

static int64_t unit_seconds(const char *name)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {"w", 604800}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, name) == 0)
            return units[i].seconds;
    return 0;
}

int terms_expiry(const char *text, int64_t now_ns, int64_t *expires_ns)
{
    *expires_ns = 0;
    if (!text || strcmp(text, "never") == 0)
        return CLI_DONE;
    size_t digits = strspn(text, "0123456789");
    int64_t count = digits <= 9 ? strtol(text, NULL, 10) : 0;
    int64_t seconds = count * unit_seconds(text + digits);
    if (seconds < 1 || seconds > LONGEST_SECONDS) {
        say_wrong("--expires takes a time like 90min, 8h, 7d, 2w, of at most ten years, or never; not `%s`", text);
        return CLI_USAGE;
    }
    *expires_ns = now_ns + seconds * 1000000000;
    return CLI_DONE;
}
