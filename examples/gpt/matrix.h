/* Matrix products, done by oneDNN. All matrices are row-major. */
#ifndef GPT_MATRIX_H
#define GPT_MATRIX_H

#include <stddef.h>

struct matrix {
    float *values; /* borrowed */
    int rows, columns;
    int stride; /* floats from one row to the next; at least `columns` */
};

/* A view of existing memory; what stands on the right-hand side of a product is only read. */
static inline struct matrix matrix_view(const float *values, int rows, int columns, int stride)
{
    return (struct matrix){(float *)values, rows, columns, stride};
}

static inline struct matrix matrix_of(const float *values, int rows, int columns)
{
    return matrix_view(values, rows, columns, columns);
}

/* out = alpha * a b + beta * out; `t` stands behind a factor that is taken transposed. */
void matrix_ab(struct matrix out, struct matrix a, struct matrix b, float alpha, float beta);
void matrix_atb(struct matrix out, struct matrix a, struct matrix b, float alpha, float beta);
void matrix_abt(struct matrix out, struct matrix a, struct matrix b, float alpha, float beta);

/* How many threads a product may use, at least 1. Call before the first product. */
void matrix_threads(int count);

#endif
