#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens_json.h"

#define TIME_MOST 9.2e9 /* seconds whose nanoseconds an int64 holds */
#define TEXT_BYTES 256  /* more than any text here may have */
#define DAMAGED "the run's file `tokens` is damaged: "

struct cursor {
    const char *at, *end;
};

/* ---- words of JSON ---- */

static void skip_space(struct cursor *in)
{
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\r' || *in->at == '\n'))
        in->at++;
}

static bool take(struct cursor *in, char c)
{
    skip_space(in);
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

/* One character of a text, its escape undone; negative: there is none. */
static int take_character(struct cursor *in)
{
    unsigned char c = in->at < in->end ? (unsigned char)*in->at++ : 0;
    if (c == '\\') {
        c = in->at < in->end ? (unsigned char)*in->at++ : 0;
        return c == '"' || c == '\\' || c == '/' ? c : -1;
    }
    return c < 0x20 ? -1 : c;
}

static bool take_text(struct cursor *in, char text[TEXT_BYTES])
{
    size_t size = 0;
    if (!take(in, '"'))
        return false;
    while (in->at < in->end && *in->at != '"') {
        int c = take_character(in);
        if (c < 0 || size == TEXT_BYTES - 1)
            return false;
        text[size++] = (char)c;
    }
    text[size] = '\0';
    return take(in, '"');
}

static bool take_word(struct cursor *in, const char *word)
{
    size_t size = strlen(word);
    if (!take(in, word[0]) || (size_t)(in->end - in->at) < size - 1 || memcmp(in->at, word + 1, size - 1) != 0)
        return false;
    in->at += size - 1;
    return true;
}

static size_t take_digits(struct cursor *in, char *copy, size_t room)
{
    size_t size = 0;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9' && size < room)
        copy[size++] = *in->at++;
    return size;
}

/* Seconds since the epoch: digits, perhaps a point and digits. */
static bool take_time(struct cursor *in, int64_t *time_ns)
{
    char copy[32];
    skip_space(in);
    size_t whole = take_digits(in, copy, 12), size = whole, fraction = 1;
    if (in->at < in->end && *in->at == '.') {
        copy[size++] = *in->at++;
        fraction = take_digits(in, copy + size, 12);
        size += fraction;
    }
    copy[size] = '\0';
    double seconds = strtod(copy, NULL);
    if (whole == 0 || fraction == 0 || (whole > 1 && copy[0] == '0') || !(seconds > 0 && seconds < TIME_MOST))
        return false;
    *time_ns = (int64_t)llround(seconds * 1e6) * 1000;
    return true;
}

/* ---- the members of an entry ---- */

static bool take_name(struct cursor *in, struct token *token)
{
    char text[TEXT_BYTES];
    if (!take_text(in, text) || !grant_is_name(text, strlen(text)))
        return false;
    memcpy(token->grant.name, text, strlen(text) + 1);
    return true;
}

static bool take_role(struct cursor *in, struct token *token)
{
    char text[TEXT_BYTES];
    if (!take_text(in, text))
        return false;
    for (enum role role = ROLE_VIEWER; role <= ROLE_ADMIN; role++)
        if (strcmp(text, protocol_role_name(role)) == 0)
            token->grant.role = role;
    return token->grant.role != ROLE_NONE;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hash(struct cursor *in, struct token *token)
{
    char text[TEXT_BYTES];
    if (!take_text(in, text) || strlen(text) != TOKEN_HASH * 2)
        return false;
    for (size_t i = 0; i < TOKEN_HASH; i++) {
        int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        token->hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool take_created(struct cursor *in, struct token *token)
{
    return take_time(in, &token->grant.created_ns);
}

static bool take_expires(struct cursor *in, struct token *token)
{
    return take_time(in, &token->grant.expires_ns);
}

static bool take_agent(struct cursor *in, struct token *token)
{
    return token->grant.agent = take_word(in, "true");
}

static bool take_rate(struct cursor *in, struct token *token)
{
    char text[TEXT_BYTES];
    return take_text(in, text) && grant_rate_read(&token->grant, text, NULL) == 0;
}

static bool take_allow(struct cursor *in, struct token *token)
{
    struct grant *grant = &token->grant;
    char text[TEXT_BYTES];
    if (!take(in, '['))
        return false;
    do {
        if (grant->allows == LIMIT_GRANT_ALLOWS || !take_text(in, text) ||
            grant_allow_read(&grant->allow[grant->allows++], text, NULL) < 0)
            return false;
    } while (take(in, ','));
    return take(in, ']');
}

/* ---- entries ---- */

static const struct {
    const char *name;
    bool is_needed;
    bool (*take)(struct cursor *in, struct token *token);
} members[] = {
    {"name", true, take_name},       {"role", true, take_role},    {"hash", true, take_hash},
    {"created", true, take_created}, {"agent", false, take_agent}, {"expires", false, take_expires},
    {"allow", false, take_allow},    {"rate", false, take_rate},
};

#define MEMBERS (sizeof members / sizeof *members)

/* NULL, or what is wrong with it. */
static const char *take_member(struct cursor *in, struct token *token, bool seen[MEMBERS])
{
    char name[TEXT_BYTES];
    if (!take_text(in, name) || !take(in, ':'))
        return "is no JSON";
    for (size_t i = 0; i < MEMBERS; i++) {
        if (strcmp(name, members[i].name) != 0)
            continue;
        if (seen[i])
            return "has a member twice";
        seen[i] = true;
        return members[i].take(in, token) ? NULL : "has a member whose value is none";
    }
    return "has a member that is not known";
}

static const char *take_members(struct cursor *in, struct token *token)
{
    bool seen[MEMBERS] = {false};
    if (!take(in, '{'))
        return "is no JSON object";
    do {
        const char *fault = take_member(in, token, seen);
        if (fault)
            return fault;
    } while (take(in, ','));
    for (size_t i = 0; i < MEMBERS; i++)
        if (members[i].is_needed && !seen[i])
            return "lacks a member";
    return take(in, '}') ? NULL : "is no JSON";
}

static bool is_told_before(const struct tokens *tokens, const struct token *token)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (strcmp(tokens->item[i].grant.name, token->grant.name) == 0 ||
            memcmp(tokens->item[i].hash, token->hash, TOKEN_HASH) == 0)
            return true;
    return false;
}

static int take_entry(struct cursor *in, struct tokens *tokens, struct err *err)
{
    struct err why;
    if (tokens->count == LIMIT_TOKENS)
        return err_set(err, ERR_INVALID, DAMAGED "it holds more than %d", LIMIT_TOKENS);
    struct token *grown = realloc(tokens->item, (tokens->count + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_NOMEM, "out of memory");
    tokens->item = grown;
    struct token *token = &grown[tokens->count];
    *token = (struct token){0};
    const char *fault = take_members(in, token);
    if (!fault && is_told_before(tokens, token))
        fault = "stands there twice";
    if (!fault && grant_check(&token->grant, &why) < 0)
        fault = why.text;
    if (fault)
        return err_set(err, ERR_INVALID, DAMAGED "entry %zu %s", tokens->count + 1, fault);
    tokens->count++;
    return 0;
}

static int take_entries(struct cursor *in, struct tokens *tokens, struct err *err)
{
    int code = 0;
    if (take(in, ']'))
        return 0;
    do
        code = take_entry(in, tokens, err);
    while (code == 0 && take(in, ','));
    if (code == 0 && !take(in, ']'))
        code = err_set(err, ERR_INVALID, DAMAGED "its list has no end");
    return code;
}

static bool take_head(struct cursor *in)
{
    char name[TEXT_BYTES];
    return take(in, '{') && take_text(in, name) && strcmp(name, "version") == 0 && take(in, ':') && take(in, '1') &&
           take(in, ',') && take_text(in, name) && strcmp(name, "tokens") == 0 && take(in, ':') && take(in, '[');
}

static bool take_tail(struct cursor *in)
{
    bool closed = take(in, '}');
    skip_space(in);
    return closed && in->at == in->end;
}

int tokens_parse(const char *text, size_t size, struct tokens *tokens, struct err *err)
{
    struct cursor in = {.at = text, .end = text + size};
    *tokens = (struct tokens){0};
    int code = take_head(&in) ? take_entries(&in, tokens, err)
                              : err_set(err, ERR_INVALID, DAMAGED "it does not begin with {\"version\":1,\"tokens\":[");
    if (code == 0 && !take_tail(&in))
        code = err_set(err, ERR_INVALID, DAMAGED "it goes on behind the list of tokens");
    if (code < 0)
        tokens_finish(tokens);
    return code;
}
