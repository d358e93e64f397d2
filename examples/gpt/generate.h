/* Text written by the model. */
#ifndef GPT_GENERATE_H
#define GPT_GENERATE_H

#include "failure.h"
#include "model.h"
#include "rng.h"
#include "text.h"

struct generate_request {
    const char *prompt; /* may be empty */
    int length;         /* characters to write, at least 1 */
    double temperature; /* 0: always the likeliest character; higher: more surprising */
};

/* Writes request->length characters and a zero into `out`: what follows the prompt. 0, or -1 with the reason: a
 * character of the prompt does not occur in the text that the model learns from. */
int generate(struct model *model, const struct text *text, struct rng *rng, const struct generate_request *request,
             char *out, struct failure *why);

#endif
