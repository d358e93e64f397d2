/* tensor.h: a tensor that holds one number. */
#ifndef EXCHANGE_TENSOR_H
#define EXCHANGE_TENSOR_H

#include <stdbool.h>

#include "event.pb-c.h"

/* Of type float, double, half, bfloat16, int32 or int64. False: it is of another type, or holds none or several. */
bool tensor_number(const Tb__TensorProto *tensor, double *number);

#endif
