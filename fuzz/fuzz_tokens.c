/* RUN/tokens: what is taken is sound JSON, holds grants that can be made, and is written and read back as the same. */
#include "replay.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "access/tokens_json.h"

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void check_same(const struct token *a, const struct token *b)
{
    const struct grant *x = &a->grant, *y = &b->grant;
    must(memcmp(a->hash, b->hash, TOKEN_HASH) == 0 && strcmp(x->name, y->name) == 0);
    must(x->role == y->role && x->agent == y->agent && x->rate == y->rate && x->rate_ns == y->rate_ns);
    must(x->created_ns == y->created_ns && x->expires_ns == y->expires_ns && x->allows == y->allows);
    for (uint32_t i = 0; i < x->allows; i++) {
        must(strcmp(x->allow[i].name, y->allow[i].name) == 0 && x->allow[i].bounded == y->allow[i].bounded);
        must(x->allow[i].least == y->allow[i].least && x->allow[i].greatest == y->allow[i].greatest);
    }
}

static void check_json(const char *text, size_t size)
{
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    must(root != NULL);
    json_decref(root);
}

static void check(const struct tokens *tokens)
{
    struct buf text = {0};
    struct tokens again;
    must(tokens->count <= LIMIT_TOKENS);
    for (size_t i = 0; i < tokens->count; i++)
        must(grant_check(&tokens->item[i].grant, NULL) == 0);
    tokens_write(tokens, &text);
    must(!text.failed && text.size <= TOKENS_BYTES);
    check_json(text.data, text.size);
    must(tokens_parse(text.data, text.size, &again, NULL) == 0 && again.count == tokens->count);
    for (size_t i = 0; i < again.count; i++)
        check_same(&tokens->item[i], &again.item[i]);
    tokens_finish(&again);
    buf_finish(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct tokens tokens;
    struct err err = {0};
    if (tokens_parse(text, size, &tokens, &err) == 0) {
        check_json(text, size);
        check(&tokens);
    } else {
        must(err.code == ERR_INVALID && err.text[0] && !tokens.item && tokens.count == 0);
    }
    tokens_finish(&tokens);
    return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv)
{
    return replay_main(argc, argv);
}
#endif
