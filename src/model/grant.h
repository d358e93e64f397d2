/* grant.h: what somebody who is connected may do: a role, and within it perhaps only some settings (in a range),
 * actions and requests, so many in a time, until a time. Plain data: no I/O, no clock. */
#ifndef MODEL_GRANT_H
#define MODEL_GRANT_H

#include "base/err.h"
#include "model/request.h"

#define GRANT_NAME_BYTES 64 /* at most */
#define GRANT_RATE_MOST 1000000

/* A setting, an action, or a request's name (pause, resume, stop, advance, say). Such a name without a range means the
 * request and nothing else; with a range, the setting of that name. set and act are not allowed by these words. */
struct grant_allow {
    char name[129];
    bool bounded; /* of a setting: least <= value <= greatest */
    double least, greatest;
};

struct grant {
    char name[GRANT_NAME_BYTES + 1]; /* the actor in the audit */
    enum role role;
    bool agent;         /* a program: a person's set withdraws its pending ones of the same settings */
    int64_t created_ns; /* real clock */
    int64_t expires_ns; /* real clock; 0: never */
    uint32_t rate;      /* control requests in rate_ns; 0: as many as come */
    int64_t rate_ns;
    uint32_t allows; /* 0: whatever the role may */
    struct grant_allow allow[LIMIT_GRANT_ALLOWS];
};

/* Is it one that can be made? A sound name (grant_is_name); a role that is one; allow and rate of a controller only;
 * no name allowed twice. 0, or ERR_INVALID with a sentence. */
int grant_check(const struct grant *grant, struct err *err);
/* 1 to GRANT_NAME_BYTES of UTF-8, nothing that steers a terminal, no space at either end. */
bool grant_is_name(const char *text, size_t size);

/* May this grant ask for this code at all? By its role; and where it lists what it allows, a request that needs the
 * role controller must be named there, set and act by at least one setting or action, and cancel always may (of its own
 * tickets: the server looks). Roles above controller are never limited by a list: such a grant is not made. 0, or -1
 * (44). `grant` NULL: nobody yet, role none. */
int grant_permits_code(const struct grant *grant, const struct protocol_code *entry, struct refusal *refusal);
/* And this very request, which is well formed and whose code is permitted? set: each setting is listed and its value
 * within the range; act: the action is listed. 0, or -1 (44) with a sentence that names what is allowed. */
int grant_permits_request(const struct grant *grant, const struct request *request, struct refusal *refusal);

/* "lr=1e-5..1e-3", "checkpoint": 0, or ERR_INVALID with a sentence. And back: at most 200 bytes with the zero. */
int grant_allow_read(struct grant_allow *allow, const char *text, struct err *err);
void grant_allow_write(const struct grant_allow *allow, char text[200]);
/* "20/h", "5/s", "100/d", "3/min": likewise. */
int grant_rate_read(struct grant *grant, const char *text, struct err *err);
void grant_rate_write(const struct grant *grant, char text[32]); /* "" where there is none */

#endif
