/* args.h: the options of a verb. Only long ones; --name value or --name=value; `--` ends them. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ARGS_TEXTS_MAX 64
#define ARGS_GROUPS_MAX 3

struct args_integer {
    bool given;
    int64_t value;
};
struct args_seconds {
    bool given;
    double value; /* finite, not negative */
};
struct args_texts {
    size_t count;
    const char *item[ARGS_TEXTS_MAX];
};

/* A path may be any bytes; a text, which goes into JSON, is UTF-8. */
enum args_kind { ARGS_FLAG, ARGS_PATH, ARGS_TEXT, ARGS_TEXTS, ARGS_INTEGER, ARGS_SECONDS };

struct args_option {
    const char *name; /* without the dashes */
    enum args_kind kind;
    void *target;      /* by kind: bool, const char * (two kinds), struct args_texts, args_integer, args_seconds */
    const char *value; /* what the help calls it; NULL for a flag */
    const char *summary;
};

struct args_group {
    const struct args_option *option;
    size_t count;
};

struct args_spec {
    const char *verb;
    const char *operands; /* for the usage line; "" */
    const char *details;  /* for the help: parameters, examples, what the exit codes mean here */
    size_t least, most;   /* operands */
    bool is_command;      /* the first operand ends the options */
    struct args_group groups[ARGS_GROUPS_MAX];
};

struct args {
    char **operand; /* in argv, ends with NULL */
    size_t count;
};

#define ARGS_GO (-1)

/* argv[0] is the verb; operands are moved together within argv. Returns ARGS_GO with all targets set that were given,
 * or the status to end with: CLI_DONE with the help in `say`, CLI_USAGE with a sentence. */
int args_parse(const struct args_spec *spec, int argc, char **argv, struct args *args, struct buf *say);
/* As args_parse; prints what there is to say. Or, for the shell, completes what was typed (complete.h): CLI_DONE. */
int args_take(const struct args_spec *spec, int argc, char **argv, struct args *args);

/* A whole number, all of the text. */
bool args_read_integer(const char *text, int64_t *value);

#endif
