/* tables.c: the tables of the protocol as the manual shows them. Usage: tables requests|errors|topics|limits|port */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "protocol/protocol.h"

#define EXACT_MAX 9007199254740991.0

static void text(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
    }
}

/* A bound that every whole number of a reader keeps is none. */
static void range(const struct protocol_param *param, const char *of)
{
    bool above = fabs(param->most) < EXACT_MAX, below = fabs(param->least) < EXACT_MAX;
    fputs(of, stdout);
    if (above && below)
        printf(", %.0f to %.0f", param->least, param->most);
    else if (below)
        printf(", at least %.0f", param->least);
}

static void kind(const struct protocol_param *param)
{
    switch (param->kind) {
    case PARAM_INTEGER:
        range(param, "an integer");
        break;
    case PARAM_NUMBER:
        range(param, "a number");
        break;
    case PARAM_TEXT:
        printf("a text of %.0f to %.0f bytes", param->least, param->most);
        break;
    case PARAM_TEXTS:
        printf("a list of %.0f to %.0f texts", param->least, param->most);
        break;
    case PARAM_VALUES:
        printf("an object of %.0f to %.0f names and values", param->least, param->most);
        break;
    case PARAM_COUNTS:
        printf("an object of %.0f to %.0f names and integers", param->least, param->most);
        break;
    case PARAM_CURSOR:
        printf("a cursor: {\"epoch\":E,\"n\":N}");
        break;
    case PARAM_TRUTH:
        printf("true or false");
        break;
    }
}

static void params(enum code code)
{
    size_t count;
    const struct protocol_param *param = protocol_params(code, &count);
    for (size_t i = 0; i < count; i++) {
        printf(".br\n.I ");
        text(protocol_arg_name(param[i].arg));
        printf("\\fR: ");
        kind(&param[i]);
        printf("%s\n", param[i].required ? "; required" : "");
    }
}

static void requests(void)
{
    static const char *const needs[] = {"", "; with a trainer (else 45)",
                                        "; with a trainer (45) that is in its loop (55), of a run not frozen (51)"};
    size_t count;
    const struct protocol_code *code = protocol_codes(&count);
    for (size_t i = 0; i < count; i++) {
        printf(".TP\n.B %d (0x%02X) ", (int)code[i].code, (unsigned)code[i].code);
        text(code[i].name);
        putchar('\n');
        text(code[i].summary);
        printf(".\nRole: %s%s.\n", code[i].role == ROLE_NONE ? "none" : protocol_role_name(code[i].role),
               needs[code[i].needs]);
        params(code[i].code);
    }
}

static void errors(void)
{
#define ERROR(number, NAME, message)                                                                                   \
    printf(".TP\n.B %d (0x%02X)\n", number, (unsigned)(number));                                                       \
    text(message);                                                                                                     \
    if ((number) == ERROR_CODE)                                                                                        \
        printf("; of a second request with a code that is still unanswered on this connection: %s",                    \
               PROTOCOL_SAME_CODE);                                                                                    \
    putchar('\n');
#include "protocol/errors.def"
#undef ERROR
}

static void topics(void)
{
    for (unsigned bit = 1; *protocol_topic_name(bit); bit <<= 1)
        printf("%s%s", bit > 1 ? ", " : "", protocol_topic_name(bit));
    puts(".");
}

static void limits(void)
{
#define LIMIT(NAME, value, unit, what)                                                                                 \
    printf(".TP\n.B %ld %s\n", (long)(value), unit);                                                                   \
    text(what);                                                                                                        \
    putchar('\n');
#include "protocol/limits.def"
#undef LIMIT
}

static void port(void)
{
    printf("The TCP port is %d unless told otherwise; this is version %d of the protocol.\n", PROTOCOL_PORT,
           PROTOCOL_VERSION);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } tables[] = {
        {"requests", requests}, {"errors", errors}, {"topics", topics}, {"limits", limits}, {"port", port},
    };
    for (size_t i = 0; argc == 2 && i < sizeof tables / sizeof *tables; i++) {
        if (strcmp(argv[1], tables[i].name) != 0)
            continue;
        tables[i].print();
        return 0;
    }
    fputs("usage: tables requests|errors|topics|limits|port\n", stderr);
    return 2;
}
