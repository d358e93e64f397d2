#include "access/tokens.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "no_memory.h"
#include "temp.h"
#include "unit.h"

#define NOW INT64_C(1763123456123456000)
#define HOUR INT64_C(3600000000000)

/* SHA-256 of "abc" (FIPS 180-4) and of 2 others that differ in a digit. */
#define HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HASH2 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"

static struct grant grant_named(const char *name)
{
    struct grant grant = {.role = ROLE_VIEWER};
    snprintf(grant.name, sizeof grant.name, "%s", name);
    return grant;
}

static void add_named(int fd, const char *name, char text[TOKEN_TEXT])
{
    struct grant grant = grant_named(name);
    struct err err = {0};
    if (tokens_add(fd, &grant, NOW, text, &err) != 0)
        fail_msg("%s: %s", name, err.text);
}

static size_t count_of(int fd)
{
    struct tokens tokens;
    assert_int_equal(tokens_read(fd, &tokens, NULL), 0);
    size_t count = tokens.count;
    tokens_finish(&tokens);
    return count;
}

/* ---- one token ---- */

static void a_token_is_43_digits_of_its_256_bits(void **state)
{
    (void)state;
    char text[TOKEN_TEXT], other[TOKEN_TEXT];
    uint8_t hash[TOKEN_HASH], again[TOKEN_HASH], abc[TOKEN_HASH];
    unsigned seen[128] = {0};
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(token_make(text, hash, NULL), 0);
        assert_int_equal(strlen(text), TOKEN_TEXT - 1);
        assert_memory_equal(text, "tt_", 3);
        assert_int_equal(strspn(text + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
        token_hash(text, strlen(text), again);
        assert_memory_equal(hash, again, TOKEN_HASH);
        for (size_t at = 3; at < 45; at++)
            seen[(unsigned char)text[at]]++;
        /* 256 bits are 42 digits and 4 bits: the last digit is a multiple of 4. */
        assert_non_null(strchr("AEIMQUYcgkosw048", text[45]));
    }
    /* 42,000 digits, 656 of each of 64 expected; 500 to 820 is more than 6 standard deviations either way. */
    for (const char *c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; *c; c++)
        assert_in_range(seen[(unsigned char)*c], 500, 820);
    assert_int_equal(token_make(other, again, NULL), 0);
    assert_string_not_equal(text, other);
    token_hash("abc", 3, abc);
    assert_int_equal(abc[0], 0xba);
    assert_int_equal(abc[31], 0xad);
}

/* ---- adding, finding, revoking ---- */

static void what_was_added_is_found_until_it_is_revoked(void **state)
{
    struct temp *temp = *state;
    struct tokens tokens;
    struct stat status;
    struct err err;
    char anna[TOKEN_TEXT], bot[TOKEN_TEXT];
    assert_int_equal(count_of(temp->fd), 0);
    add_named(temp->fd, "anna", anna);
    add_named(temp->fd, "bot", bot);
    assert_int_equal(fstatat(temp->fd, "tokens", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(tokens_read(temp->fd, &tokens, NULL), 0);
    assert_string_equal(tokens_find(&tokens, anna, strlen(anna), NOW)->grant.name, "anna");
    assert_string_equal(tokens_find(&tokens, bot, strlen(bot), NOW)->grant.name, "bot");
    assert_ptr_equal(tokens_named(&tokens, "bot"), &tokens.item[1]);
    assert_null(tokens_named(&tokens, "bo"));
    assert_null(tokens_find(&tokens, anna, strlen(anna) - 1, NOW));
    assert_null(tokens_find(&tokens, "", 0, NOW));
    anna[10] = (char)(anna[10] == 'x' ? 'y' : 'x');
    assert_null(tokens_find(&tokens, anna, strlen(anna), NOW));
    tokens_finish(&tokens);
    tokens_finish(&tokens);
    assert_int_equal(tokens_revoke(temp->fd, "carl", &err), ERR_MISSING);
    assert_string_equal(err.text, "there is no token named carl");
    assert_int_equal(tokens_revoke(temp->fd, "anna", NULL), 0);
    assert_int_equal(tokens_read(temp->fd, &tokens, NULL), 0);
    assert_int_equal(tokens.count, 1);
    assert_string_equal(tokens_find(&tokens, bot, strlen(bot), NOW)->grant.name, "bot");
    tokens_finish(&tokens);
    assert_int_equal(temp_entries(temp->fd), 2);
}

static void the_file_holds_no_token(void **state)
{
    struct temp *temp = *state;
    char text[TOKEN_TEXT], file[4096];
    add_named(temp->fd, "anna", text);
    assert_true(file_read_small(temp->fd, "tokens", file, sizeof file, NULL) > 0);
    assert_null(strstr(file, text + 3));
    assert_non_null(strstr(file, "\"anna\""));
}

static void a_name_is_taken_while_its_token_lives(void **state)
{
    struct temp *temp = *state;
    struct grant grant = grant_named("anna");
    struct err err;
    char text[TOKEN_TEXT];
    grant.expires_ns = NOW + HOUR;
    assert_int_equal(tokens_add(temp->fd, &grant, NOW, text, NULL), 0);
    assert_int_equal(tokens_add(temp->fd, &grant, NOW + HOUR - 1000, text, &err), ERR_INVALID);
    assert_string_equal(err.text, "there is a token named anna: revoke it first, or choose another name");
    assert_string_equal(text, "");
    grant.expires_ns = NOW + 3 * HOUR;
    assert_int_equal(tokens_add(temp->fd, &grant, NOW + HOUR, text, NULL), 0);
    assert_int_equal(count_of(temp->fd), 1);
}

static void an_expired_one_is_nobodys(void **state)
{
    struct temp *temp = *state;
    struct grant grant = grant_named("anna");
    struct tokens tokens;
    char text[TOKEN_TEXT];
    grant.expires_ns = NOW + HOUR;
    assert_int_equal(tokens_add(temp->fd, &grant, NOW, text, NULL), 0);
    assert_int_equal(tokens_read(temp->fd, &tokens, NULL), 0);
    assert_non_null(tokens_find(&tokens, text, strlen(text), NOW + HOUR - 1));
    assert_null(tokens_find(&tokens, text, strlen(text), NOW + HOUR));
    assert_non_null(tokens_named(&tokens, "anna"));
    tokens_finish(&tokens);
}

static void numbered_names(void **state)
{
    struct temp *temp = *state;
    char text[TOKEN_TEXT], long_name[GRANT_NAME_BYTES + 1], expected[80];
    for (int i = 1; i <= 11; i++) {
        struct grant grant = grant_named("link");
        assert_int_equal(tokens_add_numbered(temp->fd, &grant, NOW, text, NULL), 0);
        snprintf(expected, sizeof expected, i == 1 ? "link" : "link-%d", i);
        assert_string_equal(grant.name, expected);
    }
    assert_int_equal(tokens_revoke(temp->fd, "link-3", NULL), 0);
    struct grant grant = grant_named("link");
    assert_int_equal(tokens_add_numbered(temp->fd, &grant, NOW, text, NULL), 0);
    assert_string_equal(grant.name, "link-3");
    memset(long_name, 'x', 61);
    memcpy(long_name + 61, "\xe2\x82\xac", 4); /* a character of three bytes where the number has to stand */
    for (int i = 1; i <= 2; i++) {
        grant = grant_named(long_name);
        assert_int_equal(tokens_add_numbered(temp->fd, &grant, NOW, text, NULL), 0);
    }
    memcpy(long_name + 61, "-2", 3);
    assert_string_equal(grant.name, long_name);
}

static void there_is_room_for_so_many(void **state)
{
    struct temp *temp = *state;
    struct grant grant = grant_named("one more");
    struct err err;
    char text[TOKEN_TEXT], name[20];
    for (int i = 0; i < LIMIT_TOKENS; i++) {
        snprintf(name, sizeof name, "t%d", i);
        add_named(temp->fd, name, text);
    }
    assert_int_equal(tokens_add(temp->fd, &grant, NOW, text, &err), ERR_INVALID);
    assert_string_equal(err.text, "a run has at most 256 tokens: revoke some");
    assert_int_equal(count_of(temp->fd), LIMIT_TOKENS);
    assert_int_equal(tokens_revoke(temp->fd, "t100", NULL), 0);
    assert_int_equal(tokens_add(temp->fd, &grant, NOW, text, NULL), 0);
}

/* ---- property: what is written is read back ---- */

static unsigned random_below(unsigned limit)
{
    return (unsigned)random() % limit;
}

static double random_number(void)
{
    static const double some[] = {0, 1e-5, 0.001, 1, 1e300, 5e-324, 0.1 + 0.2, 123456.789};
    return some[random_below(sizeof some / sizeof *some)];
}

static void random_allow(struct grant *grant)
{
    struct grant_allow *allow = &grant->allow[grant->allows];
    double a = random_number(), b = random_number();
    *allow = (struct grant_allow){.bounded = random_below(2)};
    size_t filler = random_below(100);
    snprintf(allow->name, sizeof allow->name, "s%u/\"\\\xc3\xa9%0*d", grant->allows, (int)filler + 1, 7);
    if (allow->bounded) {
        allow->least = a < b ? a : b;
        allow->greatest = a < b ? b : a;
    }
    grant->allows++;
}

static struct grant random_grant(unsigned number)
{
    static const char *const rates[] = {"1/s", "20/h", "3/min", "1000000/d"};
    struct grant grant = {.role = (enum role)(ROLE_VIEWER + random_below(3)), .agent = random_below(2)};
    snprintf(grant.name, sizeof grant.name, "n%u \"\\/ \xf0\x9f\x90\xa2", number);
    if (random_below(2))
        grant.expires_ns = NOW + HOUR + 1000 * (int64_t)random();
    for (unsigned left = grant.role == ROLE_CONTROLLER ? random_below(LIMIT_GRANT_ALLOWS + 1) : 0; left > 0; left--)
        random_allow(&grant);
    if (grant.role == ROLE_CONTROLLER && random_below(2))
        assert_int_equal(grant_rate_read(&grant, rates[random_below(4)], NULL), 0);
    return grant;
}

static void assert_same_grant(const struct grant *a, const struct grant *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->agent, b->agent);
    assert_int_equal(a->created_ns, b->created_ns);
    assert_int_equal(a->expires_ns, b->expires_ns);
    assert_int_equal(a->rate, b->rate);
    assert_int_equal(a->rate_ns, b->rate_ns);
    assert_int_equal(a->allows, b->allows);
    for (uint32_t i = 0; i < a->allows; i++) {
        assert_string_equal(a->allow[i].name, b->allow[i].name);
        assert_int_equal(a->allow[i].bounded, b->allow[i].bounded);
        assert_true(a->allow[i].least == b->allow[i].least && a->allow[i].greatest == b->allow[i].greatest);
    }
}

static void what_is_written_is_read_back(void **state)
{
    struct temp *temp = *state;
    static struct grant made[60];
    static char text[60][TOKEN_TEXT];
    struct tokens tokens;
    struct err err = {0};
    srandom(7);
    for (unsigned i = 0; i < 60; i++) {
        int64_t now_ns = NOW + 1000 * (int64_t)random_below(1000000);
        made[i] = random_grant(i);
        if (tokens_add(temp->fd, &made[i], now_ns, text[i], &err) != 0)
            fail_msg("%s", err.text);
        made[i].created_ns = now_ns;
        assert_int_equal(tokens_read(temp->fd, &tokens, NULL), 0);
        assert_int_equal(tokens.count, i + 1);
        for (unsigned j = 0; j <= i; j++) {
            assert_same_grant(&tokens.item[j].grant, &made[j]);
            assert_ptr_equal(tokens_find(&tokens, text[j], strlen(text[j]), NOW), &tokens.item[j]);
        }
        tokens_finish(&tokens);
    }
}

/* ---- damage ---- */

static void write_file(int fd, const char *text)
{
    assert_int_equal(file_replace(fd, "tokens", 0600, text, strlen(text), NULL), 0);
}

static void assert_damaged(int fd, const char *text)
{
    struct tokens tokens = {.count = 7};
    struct err err = {0};
    struct grant grant = grant_named("new");
    char token[TOKEN_TEXT];
    write_file(fd, text);
    if (tokens_read(fd, &tokens, &err) != ERR_INVALID || strncmp(err.text, "the run's file `tokens` ", 24) != 0)
        fail_msg("%s: %d %s", text, err.code, err.text);
    assert_true(tokens.count == 0 && !tokens.item);
    assert_int_equal(tokens_add(fd, &grant, NOW, token, NULL), ERR_INVALID); /* and what is there is not lost */
}

#define FILE_OF(entry) "{\"version\":1,\"tokens\":[" entry "]}"
#define SOUND "\"name\":\"a\",\"role\":\"controller\",\"hash\":\"" HASH "\",\"created\":1763123456.5"

static void damaged_files(void **state)
{
    struct temp *temp = *state;
    struct tokens tokens;
    static const char *const damaged[] = {
        "",
        "{",
        "null",
        "[]",
        "{}",
        "{\"version\":1}",
        "{\"version\":2,\"tokens\":[]}",
        "{\"version\":1,\"tokens\":{}}",
        "{\"version\":1,\"tokens\":[],\"more\":1}",
        "{\"version\":1,\"version\":1,\"tokens\":[]}",
        "{\"version\":1,\"tokens\":[]} x",
        FILE_OF("{}"),
        FILE_OF("1"),
        FILE_OF("{" SOUND ",\"limit\":1}"),
        FILE_OF("{" SOUND ",\"allow\":[]}"),
        FILE_OF("{" SOUND ",\"allow\":\"lr\"}"),
        FILE_OF("{" SOUND ",\"allow\":[1]}"),
        FILE_OF("{" SOUND ",\"allow\":[\"lr=1\"]}"),
        FILE_OF("{" SOUND ",\"allow\":[\"lr\",\"lr\"]}"),
        FILE_OF("{" SOUND ",\"rate\":\"20\"}"),
        FILE_OF("{" SOUND ",\"rate\":20}"),
        FILE_OF("{" SOUND ",\"agent\":1}"),
        FILE_OF("{" SOUND ",\"agent\":false}"),
        FILE_OF("{" SOUND ",}"),
        FILE_OF("{" SOUND "},"),
        FILE_OF("{" SOUND ",\"allow\":[\"lr\",]}"),
        FILE_OF("{" SOUND ",\"expires\":1.2.3}"),
        FILE_OF("{" SOUND ",\"expires\":0}"),
        FILE_OF("{" SOUND ",\"expires\":\"x\"}"),
        FILE_OF("{" SOUND ",\"expires\":null}"),
        FILE_OF("{" SOUND ",\"expires\":1e30}"),
        FILE_OF("{" SOUND ",\"expires\":-1}"),
        FILE_OF("{" SOUND ",\"role\":\"admin\"}"),
        FILE_OF("{\"name\":\"a\",\"role\":\"boss\",\"hash\":\"" HASH "\",\"created\":1}"),
        FILE_OF("{\"name\":\"a\",\"role\":\"none\",\"hash\":\"" HASH "\",\"created\":1}"),
        FILE_OF("{\"name\":\"\",\"role\":\"viewer\",\"hash\":\"" HASH "\",\"created\":1}"),
        FILE_OF("{\"name\":\"a\\u0000\",\"role\":\"viewer\",\"hash\":\"" HASH "\",\"created\":1}"),
        FILE_OF("{\"name\":\"a\\u001b\",\"role\":\"viewer\",\"hash\":\"" HASH "\",\"created\":1}"),
        FILE_OF("{\"name\":\"a\",\"role\":\"viewer\",\"hash\":\"BA\",\"created\":1}"),
        FILE_OF("{\"name\":\"a\",\"role\":\"viewer\",\"hash\":\"" HASH "00\",\"created\":1}"),
        FILE_OF("{\"name\":\"a\",\"role\":\"viewer\",\"hash\":\"" HASH "\"}"),
        FILE_OF("{\"name\":\"a\",\"role\":\"viewer\",\"hash\":\"" HASH "\",\"created\":1,\"rate\":\"1/s\"}"),
        FILE_OF("{" SOUND "},{" SOUND "}"),
        FILE_OF("{" SOUND "},{\"name\":\"b\",\"role\":\"viewer\",\"hash\":\"" HASH "\",\"created\":1}"),
        FILE_OF("{" SOUND "},{\"name\":\"a\",\"role\":\"viewer\",\"hash\":\"" HASH2 "\",\"created\":1}"),
    };
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        assert_damaged(temp->fd, damaged[i]);
    write_file(temp->fd, FILE_OF("{" SOUND ",\"allow\":[\"lr=0..1\"],\"rate\":\"1/s\"}"));
    assert_int_equal(tokens_read(temp->fd, &tokens, NULL), 0);
    assert_string_equal(tokens_find(&tokens, "abc", 3, NOW)->grant.name, "a");
    tokens_finish(&tokens);
}

/* Each byte lost, and each byte another: never more than one token, and only what could have been written. */
static void every_damaged_byte(void **state)
{
    struct temp *temp = *state;
    static const char sound[] =
        FILE_OF("{" SOUND ",\"expires\":1763127056.5,\"allow\":[\"lr=1e-05..0.001\"],\"rate\":\"20/h\"}");
    char text[sizeof sound];
    struct tokens tokens;
    for (size_t i = 0; i < sizeof sound - 1; i++) {
        memcpy(text, sound, i);
        text[i] = '\0';
        assert_damaged(temp->fd, text);
        memcpy(text, sound, sizeof sound);
        text[i] ^= 0x01;
        write_file(temp->fd, text);
        if (tokens_read(temp->fd, &tokens, NULL) == 0) {
            assert_int_equal(tokens.count, 1);
            assert_int_equal(grant_check(&tokens.item[0].grant, NULL), 0);
            assert_int_equal(tokens.item[0].grant.role, ROLE_CONTROLLER);
            assert_int_equal(tokens.item[0].grant.allows, 1);
        }
        tokens_finish(&tokens);
    }
}

static void assert_refused(int fd, const char *sentence)
{
    struct tokens tokens;
    struct err err = {0};
    assert_int_equal(tokens_read(fd, &tokens, &err), ERR_INVALID);
    assert_string_equal(err.text, sentence);
}

static void a_file_that_others_reach(void **state)
{
    struct temp *temp = *state;
    static const mode_t modes[] = {0604, 0640, 0620, 0602, 0610, 0601};
    char text[TOKEN_TEXT];
    add_named(temp->fd, "anna", text);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_int_equal(fchmodat(temp->fd, "tokens", modes[i], 0), 0);
        assert_refused(temp->fd, "the run's file `tokens` is open to others: chmod 600 tokens, and revoke what they "
                                 "may have added");
    }
    assert_int_equal(fchmodat(temp->fd, "tokens", 0400, 0), 0);
    assert_int_equal(count_of(temp->fd), 1);
}

static void what_is_not_a_file(void **state)
{
    struct temp *temp = *state;
    char text[TOKEN_TEXT];
    add_named(temp->fd, "anna", text);
    assert_int_equal(renameat(temp->fd, "tokens", temp->fd, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", temp->fd, "tokens"), 0);
    assert_refused(temp->fd, "the run's `tokens` is a symbolic link: it has to be a file of the run's own");
    assert_int_equal(unlinkat(temp->fd, "tokens", 0), 0);
    assert_int_equal(mkfifoat(temp->fd, "tokens", 0600), 0);
    assert_refused(temp->fd, "the run's `tokens` is not a file");
    assert_int_equal(unlinkat(temp->fd, "tokens", 0), 0);
    assert_int_equal(mkdirat(temp->fd, "tokens", 0700), 0);
    assert_refused(temp->fd, "the run's `tokens` is not a file");
}

static void a_file_that_is_too_long(void **state)
{
    struct temp *temp = *state;
    char text[TOKEN_TEXT];
    add_named(temp->fd, "anna", text);
    int fd = openat(temp->fd, "tokens", O_WRONLY);
    assert_int_equal(ftruncate(fd, 4194305), 0);
    close(fd);
    assert_refused(temp->fd, "the run's file `tokens` is damaged: it is too long");
}

/* ---- others, and a full disk ---- */

struct writer {
    int fd, number;
};

static void *add_twenty(void *context)
{
    const struct writer *writer = context;
    char text[TOKEN_TEXT];
    for (int i = 0; i < 20; i++) {
        struct grant grant = grant_named("link");
        snprintf(grant.name, sizeof grant.name, i % 2 ? "link" : "w%d-%d", writer->number, i);
        if (tokens_add_numbered(writer->fd, &grant, NOW, text, NULL) != 0)
            return NULL;
    }
    return context;
}

static void writers_take_turns(void **state)
{
    struct temp *temp = *state;
    pthread_t threads[3];
    struct writer writer[4];
    void *done;
    int how;
    for (int i = 0; i < 4; i++)
        writer[i] = (struct writer){temp->fd, i};
    pid_t child = fork();
    if (child == 0)
        _exit(add_twenty(&writer[3]) ? 0 : 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_twenty, &writer[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &done);
        assert_non_null(done);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_int_equal(count_of(temp->fd), 80);
}

static void a_full_disk_changes_nothing(void **state)
{
    struct temp *temp = *state;
    struct grant grant = grant_named("bot");
    struct rlimit before, none;
    struct err err;
    char text[TOKEN_TEXT];
    add_named(temp->fd, "anna", text);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int code = tokens_add(temp->fd, &grant, NOW, text, &err);
    int revoked = tokens_revoke(temp->fd, "anna", NULL);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, ERR_SYSTEM);
    assert_string_equal(err.text, "cannot write tokens: File too large");
    assert_string_equal(text, "");
    assert_int_equal(revoked, 0); /* the file without it is short enough */
    assert_int_equal(temp_entries(temp->fd), 2);
}

/* ---- memory ---- */

/* A long text, whose memory grows while it is read. */
#define LONG_ALLOW                                                                                                     \
    "optimiser/learning_rate/of/the/head/and/of/all/that/lies/behind/it/but/the/embedding/and/its/layer/norms/of/x"    \
    "=1.25e-5..1.25e-3"

/* In a file of its own: what is there before, and what is after. */
static void add_without_memory(int fd, long n, bool once)
{
    struct grant grant = grant_named("bot");
    struct tokens tokens;
    char text[TOKEN_TEXT];
    size_t before = count_of(fd);
    snprintf(grant.name, sizeof grant.name, "bot%ld%d", n, once);
    once ? no_memory_once(n) : no_memory_after(n);
    int code = tokens_add(fd, &grant, NOW, text, NULL);
    no_memory_came();
    assert_int_equal(count_of(fd), before + (code == 0));
    assert_int_equal(tokens_read(fd, &tokens, NULL), 0);
    assert_int_equal(tokens_find(&tokens, text, strlen(text), NOW) != NULL, code == 0);
    tokens_finish(&tokens);
    if (code == 0)
        assert_int_equal(tokens_revoke(fd, grant.name, NULL), 0);
}

static void without_memory_nothing_is_lost(void **state)
{
    struct temp *temp = *state;
    struct grant grant = grant_named("anna");
    char text[TOKEN_TEXT];
    grant.role = ROLE_CONTROLLER;
    grant.allows = 1;
    assert_int_equal(grant_allow_read(&grant.allow[0], LONG_ALLOW, NULL), 0);
    assert_int_equal(tokens_add(temp->fd, &grant, NOW, text, NULL), 0);
    for (long n = 0; n < 250; n++) {
        add_without_memory(temp->fd, n, true);
        add_without_memory(temp->fd, n, false);
    }
}

/* A limit is read as it was written, or not at all. */
static void without_memory_a_limit_is_what_it_was(void **state)
{
    struct temp *temp = *state;
    struct grant grant = grant_named("anna");
    struct tokens tokens;
    char text[TOKEN_TEXT];
    bool came = true;
    long n = 0;
    grant.role = ROLE_CONTROLLER;
    grant.allows = 1;
    assert_int_equal(grant_allow_read(&grant.allow[0], LONG_ALLOW, NULL), 0);
    assert_int_equal(tokens_add(temp->fd, &grant, NOW, text, NULL), 0);
    grant.created_ns = NOW;
    for (; came && n < NO_MEMORY_ROUNDS_MAX; n++) {
        no_memory_once(n);
        int code = tokens_read(temp->fd, &tokens, NULL);
        came = no_memory_came();
        assert_int_equal(tokens.count, code == 0);
        if (code == 0)
            assert_same_grant(&tokens.item[0].grant, &grant);
        tokens_finish(&tokens);
    }
    assert_true(n < NO_MEMORY_ROUNDS_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, temp_setup, temp_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_43_digits_of_its_256_bits),
        TEST(what_was_added_is_found_until_it_is_revoked),
        TEST(the_file_holds_no_token),
        TEST(a_name_is_taken_while_its_token_lives),
        TEST(an_expired_one_is_nobodys),
        TEST(numbered_names),
        TEST(there_is_room_for_so_many),
        TEST(what_is_written_is_read_back),
        TEST(damaged_files),
        TEST(every_damaged_byte),
        TEST(a_file_that_others_reach),
        TEST(what_is_not_a_file),
        TEST(a_file_that_is_too_long),
        TEST(writers_take_turns),
        TEST(a_full_disk_changes_nothing),
        TEST(without_memory_nothing_is_lost),
        TEST(without_memory_a_limit_is_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
