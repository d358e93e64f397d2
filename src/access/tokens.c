#include "access/tokens.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens_file.h"

void tokens_finish(struct tokens *tokens)
{
    free(tokens->item);
    *tokens = (struct tokens){0};
}

/* ---- looking ---- */

bool token_is_over(const struct token *token, int64_t now_ns)
{
    return token->grant.expires_ns != 0 && token->grant.expires_ns <= now_ns;
}

const struct token *tokens_find(const struct tokens *tokens, const char *text, size_t size, int64_t now_ns)
{
    uint8_t hash[TOKEN_HASH];
    const struct token *found = NULL;
    if (!token_hash(text, size, hash))
        return NULL;
    for (size_t i = 0; i < tokens->count; i++)
        if (token_hash_is(tokens->item[i].hash, hash))
            found = &tokens->item[i];
    return found && !token_is_over(found, now_ns) ? found : NULL;
}

const struct token *tokens_named(const struct tokens *tokens, const char *name)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (strcmp(tokens->item[i].grant.name, name) == 0)
            return &tokens->item[i];
    return NULL;
}

/* ---- changing ---- */

static void drop(struct tokens *tokens, size_t i)
{
    memmove(&tokens->item[i], &tokens->item[i + 1], (--tokens->count - i) * sizeof *tokens->item);
}

static void drop_over(struct tokens *tokens, int64_t now_ns)
{
    for (size_t i = tokens->count; i-- > 0;)
        if (token_is_over(&tokens->item[i], now_ns))
            drop(tokens, i);
}

static int append(struct tokens *tokens, const struct grant *grant, const uint8_t hash[TOKEN_HASH], struct err *err)
{
    if (tokens->count >= LIMIT_TOKENS)
        return err_set(err, ERR_INVALID, "a run has at most %d tokens: revoke some", LIMIT_TOKENS);
    struct token *grown = realloc(tokens->item, (tokens->count + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, ERR_NOMEM, "out of memory");
    tokens->item = grown;
    struct token *token = &grown[tokens->count++];
    *token = (struct token){.grant = *grant};
    memcpy(token->hash, hash, TOKEN_HASH);
    return 0;
}

/* Within a turn. */
static int add(int run_fd, struct tokens *tokens, const struct grant *grant, int64_t now_ns, char text[TOKEN_TEXT],
               struct err *err)
{
    struct grant made = *grant;
    uint8_t hash[TOKEN_HASH];
    made.created_ns = now_ns;
    int code = grant_check(grant, err);
    if (code == 0 && tokens_named(tokens, grant->name))
        code = err_set(err, ERR_INVALID, "there is a token named %s: revoke it first, or choose another name",
                       grant->name);
    if (code == 0)
        code = token_make(text, hash, err);
    if (code == 0)
        code = append(tokens, &made, hash, err);
    if (code == 0)
        code = tokens_replace(run_fd, tokens, err);
    if (code < 0)
        OPENSSL_cleanse(text, TOKEN_TEXT);
    return code;
}

int tokens_add(int run_fd, const struct grant *grant, int64_t now_ns, char text[TOKEN_TEXT], struct err *err)
{
    struct tokens tokens;
    text[0] = '\0';
    int turn = tokens_begin(run_fd, &tokens, err);
    if (turn < 0)
        return turn;
    drop_over(&tokens, now_ns);
    int code = add(run_fd, &tokens, grant, now_ns, text, err);
    tokens_end(turn, &tokens);
    return code;
}

/* The number stands behind as much of the name as leaves room for it. */
static void number_name(char name[GRANT_NAME_BYTES + 1], const char *base, size_t number)
{
    char tail[24];
    int size = snprintf(tail, sizeof tail, "-%zu", number);
    size_t kept = strlen(base), room = GRANT_NAME_BYTES - (size_t)size;
    for (kept = kept < room ? kept : room; kept > 0 && ((unsigned char)base[kept] & 0xc0) == 0x80;)
        kept--;
    memcpy(name, base, kept);
    memcpy(name + kept, tail, (size_t)size + 1);
}

int tokens_add_numbered(int run_fd, struct grant *grant, int64_t now_ns, char text[TOKEN_TEXT], struct err *err)
{
    struct tokens tokens;
    char base[sizeof grant->name];
    text[0] = '\0';
    int turn = tokens_begin(run_fd, &tokens, err);
    if (turn < 0)
        return turn;
    drop_over(&tokens, now_ns);
    memcpy(base, grant->name, sizeof base);
    for (size_t number = 2; tokens_named(&tokens, grant->name); number++)
        number_name(grant->name, base, number);
    int code = add(run_fd, &tokens, grant, now_ns, text, err);
    tokens_end(turn, &tokens);
    return code;
}

int tokens_revoke(int run_fd, const char *name, struct err *err)
{
    struct tokens tokens;
    int turn = tokens_begin(run_fd, &tokens, err);
    if (turn < 0)
        return turn;
    const struct token *token = tokens_named(&tokens, name);
    int code = token ? 0 : err_set(err, ERR_MISSING, "there is no token named %s", name);
    if (token)
        drop(&tokens, (size_t)(token - tokens.item));
    if (code == 0)
        code = tokens_replace(run_fd, &tokens, err);
    tokens_end(turn, &tokens);
    return code;
}
