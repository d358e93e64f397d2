#include "exchange/tensor.h"

#include <math.h>
#include <string.h>

/* TensorFlow's enum DataType. */
enum { TYPE_FLOAT = 1, TYPE_DOUBLE = 2, TYPE_INT32 = 3, TYPE_INT64 = 9, TYPE_BFLOAT16 = 14, TYPE_HALF = 19 };

/* ---- bits ---- */

static double float_of(uint32_t bits)
{
    float number;
    memcpy(&number, &bits, sizeof number);
    return (double)number;
}

static double double_of(uint64_t bits)
{
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
static double half_of(uint32_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023), number;
    if (exponent == 31)
        number = fraction > 0 ? NAN : INFINITY;
    else
        number = exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -number : number;
}

/* ---- where the number stands ---- */

static bool is_one(const Tb__TensorShape *shape)
{
    if (!shape)
        return true;
    if (shape->unknown_rank)
        return false;
    for (size_t i = 0; i < shape->n_dim; i++)
        if (shape->dim[i]->size != 1)
            return false;
    return true;
}

static uint64_t content(const ProtobufCBinaryData *bytes)
{
    uint64_t bits = 0;
    memcpy(&bits, bytes->data, bytes->len);
    return bits;
}

static bool from_content(const Tb__TensorProto *tensor, double *number)
{
    static const struct {
        int32_t type;
        size_t bytes;
    } widths[] = {{TYPE_FLOAT, 4}, {TYPE_DOUBLE, 8},   {TYPE_INT32, 4},
                  {TYPE_INT64, 8}, {TYPE_BFLOAT16, 2}, {TYPE_HALF, 2}};
    size_t width = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (widths[i].type == tensor->dtype)
            width = widths[i].bytes;
    if (width == 0 || tensor->tensor_content.len != width)
        return false;
    uint64_t bits = content(&tensor->tensor_content);
    switch (tensor->dtype) {
    case TYPE_FLOAT:
        *number = float_of((uint32_t)bits);
        break;
    case TYPE_DOUBLE:
        *number = double_of(bits);
        break;
    case TYPE_INT32:
        *number = (double)(int32_t)(uint32_t)bits;
        break;
    case TYPE_INT64:
        *number = (double)(int64_t)bits;
        break;
    case TYPE_BFLOAT16:
        *number = float_of((uint32_t)bits << 16);
        break;
    default:
        *number = half_of((uint32_t)bits);
        break;
    }
    return true;
}

/* What TensorFlow leaves out of a list is zero. */
static bool from_list(const Tb__TensorProto *tensor, double *number)
{
    size_t count = SIZE_MAX;
    *number = 0;
    switch (tensor->dtype) {
    case TYPE_FLOAT:
        if ((count = tensor->n_float_val) == 1)
            *number = (double)tensor->float_val[0];
        break;
    case TYPE_DOUBLE:
        if ((count = tensor->n_double_val) == 1)
            *number = tensor->double_val[0];
        break;
    case TYPE_INT32:
        if ((count = tensor->n_int_val) == 1)
            *number = (double)tensor->int_val[0];
        break;
    case TYPE_INT64:
        if ((count = tensor->n_int64_val) == 1)
            *number = (double)tensor->int64_val[0];
        break;
    case TYPE_BFLOAT16:
        if ((count = tensor->n_half_val) == 1)
            *number = float_of((uint32_t)tensor->half_val[0] << 16);
        break;
    case TYPE_HALF:
        if ((count = tensor->n_half_val) == 1)
            *number = half_of((uint32_t)tensor->half_val[0]);
        break;
    default:
        break;
    }
    return count <= 1;
}

bool tensor_number(const Tb__TensorProto *tensor, double *number)
{
    if (!is_one(tensor->tensor_shape))
        return false;
    return tensor->tensor_content.len ? from_content(tensor, number) : from_list(tensor, number);
}
