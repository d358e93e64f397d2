#include "generate.h"

#include <math.h>
#include <string.h>

static int likeliest(const float *logits, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

static int choose(const float *logits, int count, double temperature, struct rng *rng)
{
    double weights[256], sum = 0;
    int best = likeliest(logits, count);
    if (temperature <= 0)
        return best;
    for (int i = 0; i < count; i++) {
        weights[i] = exp((double)(logits[i] - logits[best]) / temperature);
        sum += weights[i];
    }
    double left = rng_uniform(rng) * sum;
    for (int i = 0; i < count; i++) {
        left -= weights[i];
        if (left < 0)
            return i;
    }
    return best; /* only where rounding left a rest, or the logits are NaN */
}

/* What the model sees: the last characters, at most a context of them. */
struct window {
    uint8_t tokens[1024];
    int count, limit; /* limit: at least 1 */
};

static void window_add(struct window *window, int token)
{
    if (window->count > 0 && window->count == window->limit) {
        window->count--;
        memmove(window->tokens, window->tokens + 1, (size_t)window->count);
    }
    window->tokens[window->count++] = (uint8_t)token;
}

static int take_prompt(struct window *window, const struct text *text, const char *prompt, struct failure *why)
{
    for (const char *at = prompt; *at; at++) {
        int token = text->tokens[(unsigned char)*at];
        if (token < 0)
            return failure_set(why, "The prompt's byte %zu (0x%02x) does not occur in the text that was learnt.",
                               (size_t)(at - prompt) + 1, (unsigned)(unsigned char)*at);
        window_add(window, token);
    }
    if (window->count == 0) /* as at the start of a line, where the text has lines */
        window_add(window, text->tokens['\n'] < 0 ? 0 : text->tokens['\n']);
    return 0;
}

int generate(struct model *model, const struct text *text, struct rng *rng, const struct generate_request *request,
             char *out, struct failure *why)
{
    struct window window = {.limit = model->config.context};
    if (window.limit > (int)sizeof window.tokens)
        window.limit = (int)sizeof window.tokens;
    if (take_prompt(&window, text, request->prompt, why) != 0)
        return -1;
    for (int i = 0; i < request->length; i++) {
        const float *logits = model_forward(model, window.tokens, 1, window.count, NULL);
        logits += (size_t)(window.count - 1) * (size_t)model->config.vocabulary;
        int token = choose(logits, model->config.vocabulary, request->temperature, rng);
        out[i] = (char)text->characters[token];
        window_add(&window, token);
    }
    out[request->length] = 0;
    return 0;
}
