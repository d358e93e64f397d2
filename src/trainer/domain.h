/* domain.h: which values a setting or a parameter may take. */
#ifndef TRAINER_DOMAIN_H
#define TRAINER_DOMAIN_H

#include "base/err.h"
#include "base/value.h"

struct domain {
    enum value_type type;
    bool bounded; /* of a double or an int */
    struct value min, max;
    uint32_t choices; /* of a choice: how many */
    uint32_t bytes;   /* of a string: at most so many */
};

/* min == max == 0: unbounded; an infinite bound, or the end of what an int can hold, is none on that side. False where
 * the bounds are in the wrong order or no numbers. */
bool domain_double(struct domain *domain, double min, double max);
bool domain_int(struct domain *domain, int64_t min, int64_t max);
void domain_string(struct domain *domain, uint32_t bytes);
/* Of another type; of a string without a bound of its own. */
void domain_plain(struct domain *domain, enum value_type type, uint32_t choices);

/* 0, or ERR_INVALID with a sentence that begins with `what` and `name`: "setting lr ...". */
int domain_check(const struct domain *domain, const char *what, const char *name, const struct value *value,
                 struct err *err);

#endif
