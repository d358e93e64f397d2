/* Causal self-attention with several heads (Vaswani and others: Attention Is All You Need, 2017), which know how far
 * away something stands from a penalty that grows with the distance (Press, Smith, Lewis: Train Short, Test Long:
 * Attention with Linear Biases Enables Input Length Extrapolation, 2022). */
#ifndef GPT_ATTENTION_H
#define GPT_ATTENTION_H

struct attention_shape {
    int batch, length, heads, width; /* width: of all heads together */
};

/* qkv is [batch * length, 3 * width]: queries, keys and values side by side, each with its heads side by side.
 * mix is [batch * length, width]; weights, kept for the way back, are [batch, heads, length, length]. */
void attention_forward(float *mix, float *weights, const float *qkv, struct attention_shape shape);
/* `scratch` holds length * length floats. */
void attention_backward(float *dqkv, const float *dmix, const float *weights, const float *qkv, float *scratch,
                        struct attention_shape shape);

#endif
