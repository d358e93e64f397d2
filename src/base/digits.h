/* digits.h: numbers as decimal digits, into memory that the caller holds. Each returns the end of what it wrote. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdint.h>

enum { DIGITS_MAX = 32 }; /* bytes that any of these writes at most */

char *digits_unsigned(char *at, uint64_t integer);
char *digits_integer(char *at, int64_t integer);
/* Seconds with microseconds, rounded down. */
char *digits_time(char *at, int64_t time_ns);
char *digits_time_us(char *at, int64_t time_us);
/* The shortest that strtod reads back as the same double; "NaN", "Infinity", "-Infinity" in quotes where it is none. */
char *digits_double(char *at, double number);

#endif
