#include <stdio.h>

#include "access/tokens_json.h"
#include "base/digits.h"

/* A name or what is allowed: UTF-8 without control characters. */
static void add_text(struct buf *out, const char *text)
{
    buf_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_char(out, '\\');
        buf_char(out, *text);
    }
    buf_char(out, '"');
}

static void add_time(struct buf *out, const char *member, int64_t time_ns)
{
    char text[DIGITS_MAX];
    char *end = digits_time(text, time_ns);
    buf_printf(out, ",\"%s\":%.*s", member, (int)(end - text), text);
}

static void add_allow(struct buf *out, const struct grant *grant)
{
    char text[200];
    buf_text(out, ",\"allow\":[");
    for (uint32_t i = 0; i < grant->allows; i++) {
        grant_allow_write(&grant->allow[i], text);
        buf_text(out, i ? "," : "");
        add_text(out, text);
    }
    buf_char(out, ']');
}

static void add_entry(struct buf *out, const struct token *token)
{
    const struct grant *grant = &token->grant;
    char rate[32];
    grant_rate_write(grant, rate);
    buf_text(out, "{\"name\":");
    add_text(out, grant->name);
    buf_printf(out, ",\"role\":\"%s\",\"hash\":\"", protocol_role_name(grant->role));
    for (size_t i = 0; i < TOKEN_HASH; i++)
        buf_printf(out, "%02x", token->hash[i]);
    buf_char(out, '"');
    add_time(out, "created", grant->created_ns);
    if (grant->agent)
        buf_text(out, ",\"agent\":true");
    if (grant->expires_ns)
        add_time(out, "expires", grant->expires_ns);
    if (grant->allows)
        add_allow(out, grant);
    if (grant->rate)
        buf_printf(out, ",\"rate\":\"%s\"", rate);
    buf_char(out, '}');
}

/* A line each. */
void tokens_write(const struct tokens *tokens, struct buf *out)
{
    buf_text(out, "{\"version\":1,\"tokens\":[");
    for (size_t i = 0; i < tokens->count; i++) {
        buf_text(out, i ? ",\n" : "\n");
        add_entry(out, &tokens->item[i]);
    }
    buf_text(out, "]}\n");
}
