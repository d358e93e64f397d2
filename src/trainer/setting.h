/* setting.h: one setting: what it is, where its value lives, what was last told of it. */
#ifndef TRAINER_SETTING_H
#define TRAINER_SETTING_H

#include <string.h>

#include <trimtab/trimtab.h>

#include "channel/record.h"
#include "trainer/domain.h"
#include "trainer/setting_text.h"

struct setting {
    uint32_t id; /* 1, 2, 3, ... */
    char *name, *unit, *doc;
    struct domain domain;
    char *choice[TRIMTAB_CHOICES_MAX];
    void *variable; /* or NULL and the functions below */
    int (*set)(void *user, trimtab_value *value, trimtab_result *why);
    void (*get)(void *user, trimtab_value *value);
    void *user;
    uint32_t watch;            /* of a variable that is no string: its place in the run's watches */
    struct value told;         /* what clients know */
    struct value held;         /* what a setter without a getter last took */
    struct setting_text *text; /* of a string: where their bytes are; else NULL */
    uint64_t revision;         /* how many requests were applied to it */
    uint64_t ticket;           /* of the request whose value is in force; 0: none */
};

/* A bound variable, in as little memory as the hot path can do with. */
struct watch {
    const void *variable;
    uint64_t told;  /* its bits */
    uint32_t bytes; /* 8, 4 or 1 */
};

static inline uint64_t watch_bits(const struct watch *watch)
{
    uint64_t wide;
    uint32_t narrow;

    if (__builtin_expect(watch->bytes == 8, 1)) {
        memcpy(&wide, watch->variable, 8);
        return wide;
    }
    if (watch->bytes == 1)
        return *(const uint8_t *)watch->variable;
    memcpy(&narrow, watch->variable, 4);
    return narrow;
}

/* How large a variable of this type is, and what is in it. Not of a string. */
uint32_t setting_bytes(enum value_type type);
uint64_t setting_bits(const struct setting *setting);
/* Does the run's watch see its changes? */
static inline bool setting_is_watched(const struct setting *setting)
{
    return setting->variable && !setting->text;
}
/* Must it be read to see a change? */
static inline bool setting_is_polled(const struct setting *setting)
{
    return setting->get || (setting->variable && setting->text);
}
/* Takes this for what it was told and holds: of a setting that is being made. */
void setting_begin(struct setting *setting, const trimtab_value *value);

/* The value in effect now; a text lives until it is read again, or told. */
struct value setting_read(const struct setting *setting);
/* Gives it this value (checked already). 0, or what the setter returned after it told `why`. */
int setting_write(struct setting *setting, const struct value *value, trimtab_result *why);
/* Is what is in effect another value than was told, by bits? */
bool setting_has_changed(const struct setting *setting);

/* Tells each value that changed since it was last told: by the trainer's own code (ticket 0), or while the request of
 * that ticket was carried out. Where the journal has little room they wait: requests come first. */
void settings_tell_changes(trimtab_run *run, uint64_t ticket);
/* Tells what is in effect. */
void setting_tell(trimtab_run *run, struct setting *setting, uint64_t ticket, uint64_t overrides);

void setting_destroy(struct setting *setting);

#endif
