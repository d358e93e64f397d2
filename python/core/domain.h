/* domain.h: which values a setting takes, and how they look in Python and in libtrimtab. */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core.h"

struct domain {
    trimtab_type type;
    bool bounded; /* of a double or an int */
    double min, max;
    int64_t integer_min, integer_max;
    PyObject *choices; /* of a choice: a tuple of str; else NULL */
};

/* What the constructor of a setting was given; NULL or None: not given. */
struct domain_given {
    PyObject *min, *max, *choices;
};

/* The domain of settings whose value is like `sample`. 0, or -1 with TypeError or ValueError. */
int domain_init(struct domain *domain, const char *name, PyObject *sample, const struct domain_given *given);
void domain_finish(struct domain *domain);
/* The same type and choices? */
bool domain_equal(const struct domain *one, const struct domain *other);
bool domain_same_range(const struct domain *one, const struct domain *other);
const char *domain_type_name(trimtab_type type);

/* What was asked for, checked: a float, int, bool or str. NULL with ValueError, in the words of the server. */
PyObject *domain_accept(const struct domain *domain, const char *name, PyObject *value);
/* What a program left in the place of a setting, as such a value: any number for a number. NULL with TypeError or
 * ValueError where it cannot be one. */
PyObject *domain_read(const struct domain *domain, const char *name, PyObject *value);

/* Of such a value. A text lives as long as the object. */
void domain_to_c(const struct domain *domain, PyObject *value, trimtab_value *out);
/* A new reference, NULL with an exception. */
PyObject *domain_from_c(const struct domain *domain, const trimtab_value *value);

#endif
