#include "matrix.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <oneapi/dnnl/dnnl.h>
#include <omp.h>

static void multiply(char form_a, char form_b, int inner, struct matrix out, struct matrix a, struct matrix b,
                     float alpha, float beta)
{
    dnnl_status_t status = dnnl_sgemm(form_a, form_b, out.rows, out.columns, inner, alpha, a.values, a.stride, b.values,
                                      b.stride, beta, out.values, out.stride);
    if (status != dnnl_success) {
        fprintf(stderr, "gpt: oneDNN could not multiply two matrices (status %d)\n", (int)status);
        exit(1);
    }
}

void matrix_ab(struct matrix out, struct matrix a, struct matrix b, float alpha, float beta)
{
    assert(a.rows == out.rows && b.columns == out.columns && a.columns == b.rows);
    multiply('N', 'N', a.columns, out, a, b, alpha, beta);
}

void matrix_atb(struct matrix out, struct matrix a, struct matrix b, float alpha, float beta)
{
    assert(a.columns == out.rows && b.columns == out.columns && a.rows == b.rows);
    multiply('T', 'N', a.rows, out, a, b, alpha, beta);
}

void matrix_abt(struct matrix out, struct matrix a, struct matrix b, float alpha, float beta)
{
    assert(a.rows == out.rows && b.rows == out.columns && a.columns == b.columns);
    multiply('N', 'T', a.columns, out, a, b, alpha, beta);
}

/* Setting OMP_NUM_THREADS here would be too late: the OpenMP runtime reads it when it is loaded. */
void matrix_threads(int count)
{
    omp_set_num_threads(count);
}
