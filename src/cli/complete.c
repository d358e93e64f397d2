#include "cli/complete.h"

#include <ctype.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/tokens.h"
#include "base/clock.h"
#include "base/folder.h"
#include "cli/named.h"
#include "cli/print.h"
#include "cli/say.h"
#include "protocol/protocol.h"
#include "trimtab/client.h"

#define DESCRIBE_NS INT64_C(300000000)

/* What has been typed: the last word, and what was made of those before it. */
struct typed {
    const struct args_spec *spec;
    const char *word;
    const struct args_option *option; /* the word is its value, or NULL */
    const char *first;                /* operand, or NULL */
    const char *run, *address;        /* values of --run and --connect, or NULL */
    bool options_ended, is_rest;      /* is_rest: it stands behind a '=', where nothing is known */
    struct buf out;
};

/* ---- one candidate ---- */

/* Neither a shell nor readline does anything with these: a name that a run has declared must not become a command. */
static bool is_plain(const char *text)
{
    struct buf harmless = {0};
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("/._-+%,", *c) && !((unsigned char)*c & 0x80))
            return false;
    print_text(&harmless, text);
    bool same = strcmp(buf_string(&harmless), text) == 0;
    buf_finish(&harmless);
    return same && *text && *text != '-';
}

static void offer(struct typed *typed, const char *before, const char *text, const char *after)
{
    size_t start = typed->out.size, size = strlen(typed->word);
    buf_printf(&typed->out, "%s%s%s\n", before, text, after);
    bool fits = !typed->out.failed && strncmp(typed->out.data + start, typed->word, size) == 0;
    if (!fits || !is_plain(text))
        typed->out.size = start;
}

/* ---- what a run has declared ---- */

struct search {
    trimtab_client *client;
    int64_t until_ns;
    size_t found;
};

static double seconds_left(const struct search *search)
{
    return (double)(search->until_ns - clock_monotonic_ns()) * 1e-9;
}

/* Stops at the second. */
static int try_run(void *context, const char *path)
{
    struct search *search = context;
    trimtab_client *client = trimtab_client_create();
    if (trimtab_client_connect_run(client, path, seconds_left(search)) != TRIMTAB_CLIENT_OK) {
        trimtab_client_close(client);
        return 0;
    }
    trimtab_client_close(search->client);
    search->client = client;
    return ++search->found > 1;
}

/* The run that was named, else the only live one; NULL. */
static json_t *describe(const struct typed *typed)
{
    struct search search = {.until_ns = clock_monotonic_ns() + DESCRIBE_NS};
    const char *reply, *run = typed->run ? typed->run : getenv("TRIMTAB_RUN");
    char path[PATH_MAX];
    json_t *described = NULL;
    if (typed->address) {
        search.client = trimtab_client_create();
        trimtab_client_set_token(search.client, getenv("TRIMTAB_TOKEN"));
        search.found = trimtab_client_connect_address(search.client, typed->address, seconds_left(&search)) == 0;
    } else if (run && *run) {
        if (named_find(run, path))
            try_run(&search, path);
    } else {
        folder_each_known(try_run, &search);
    }
    if (search.found == 1 && trimtab_client_call(search.client, "{\"code\":4}", &reply, seconds_left(&search)) == 0)
        described = json_loads(reply, JSON_ALLOW_NUL, NULL);
    trimtab_client_close(search.client);
    return described;
}

static void offer_described(struct typed *typed, const char *list, const char *after)
{
    json_t *described = describe(typed), *item;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(described, "result"), list), i, item)
        offer(typed, "", field_text(item, "name"), after);
    json_decref(described);
}

/* ---- from the tables ---- */

static void offer_verbs(struct typed *typed)
{
#define VERB(name, summary) offer(typed, "", #name, "");
#include "cli/verbs.def"
#undef VERB
    offer(typed, "", "help", "");
}

static int offer_run(void *context, const char *path)
{
    struct typed *typed = context;
    offer(typed, "", path, "");
    return 0;
}

static void offer_runs(struct typed *typed)
{
    folder_each_known(offer_run, typed);
}

/* Behind the last comma of what is typed already. */
static void offer_topics(struct typed *typed)
{
    const char *comma = strrchr(typed->word, ',');
    char *before = strndup(typed->word, comma ? (size_t)(comma + 1 - typed->word) : 0);
    for (unsigned bit = 1; before && *protocol_topic_name(bit); bit <<= 1)
        offer(typed, before, protocol_topic_name(bit), "");
    free(before);
}

static void offer_options(struct typed *typed)
{
    for (size_t g = 0; g < ARGS_GROUPS_MAX; g++)
        for (size_t i = 0; i < typed->spec->groups[g].count; i++)
            offer(typed, "--", typed->spec->groups[g].option[i].name, "");
    offer(typed, "--", "help", "");
}

/* Settings, actions, and the requests that are allowed by their own names. */
static void offer_allowed(struct typed *typed)
{
    static const char *const requests[] = {"pause", "resume", "advance", "stop", "say"};
    offer_described(typed, "settings", "");
    offer_described(typed, "actions", "");
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        offer(typed, "", requests[i], "");
}

static int offer_tokens_of(void *context, const char *path)
{
    struct typed *typed = context;
    struct tokens tokens;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    tokens_read(fd, &tokens, NULL);
    for (size_t i = 0; i < tokens.count; i++)
        offer(typed, "", tokens.item[i].grant.name, "");
    tokens_finish(&tokens);
    close(fd);
    return 0;
}

/* Of the run that was named, else of all that are known. */
static void offer_token(struct typed *typed)
{
    const char *run = typed->run ? typed->run : getenv("TRIMTAB_RUN");
    if (!typed->first) {
        offer(typed, "", "add", "");
        offer(typed, "", "list", "");
        offer(typed, "", "revoke", "");
    } else if (strcmp(typed->first, "revoke") == 0 && run && *run) {
        offer_tokens_of(typed, run);
    } else if (strcmp(typed->first, "revoke") == 0) {
        folder_each_known(offer_tokens_of, typed);
    }
}

/* ---- where the cursor is ---- */

static void offer_value(struct typed *typed)
{
    static const struct {
        const char *option, *value;
    } fixed[] = {
        {"format", "csv"},    {"format", "jsonl"},    {"auth", "none"},       {"level", "info"},
        {"level", "warning"}, {"level", "error"},     {"state", "waiting"},   {"state", "running"},
        {"state", "paused"},  {"state", "stopping"},  {"state", "finished"},  {"state", "lost"},
        {"auth", "token"},    {"role", "viewer"},     {"role", "controller"}, {"role", "admin"},
        {"link", "viewer"},   {"link", "controller"}, {"link", "admin"},      {"link", "none"},
        {"expires", "8h"},    {"expires", "7d"},      {"expires", "30d"},     {"expires", "never"},
    };
    const char *name = typed->option->name;
    if (strcmp(name, "run") == 0)
        offer_runs(typed);
    else if (strcmp(name, "topics") == 0)
        offer_topics(typed);
    else if (strcmp(name, "series") == 0)
        offer_described(typed, "series", "");
    else if (strcmp(name, "allow") == 0)
        offer_allowed(typed);
    else if (strcmp(name, "format") == 0)
        offer(typed, "", strcmp(typed->spec->verb, "sql") == 0 ? "table" : "tensorboard", "");
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(name, fixed[i].option) == 0)
            offer(typed, "", fixed[i].value, "");
}

static void offer_operand(struct typed *typed)
{
    const char *verb = typed->spec->verb;
    if (strcmp(verb, "set") == 0)
        offer_described(typed, "settings", "=");
    else if (strcmp(verb, "act") == 0 && !typed->first)
        offer_described(typed, "actions", "");
    else if (strcmp(verb, "history") == 0)
        offer_described(typed, "series", "");
    else if (strcmp(verb, "token") == 0)
        offer_token(typed);
    else if (strcmp(verb, "rm") == 0 ||
             ((strcmp(verb, "serve") == 0 || strcmp(verb, "export") == 0 || strcmp(verb, "sql") == 0) && !typed->first))
        offer_runs(typed);
}

static const struct args_option *find(const struct args_spec *spec, const char *name, size_t size)
{
    for (size_t g = 0; g < ARGS_GROUPS_MAX; g++)
        for (size_t i = 0; i < spec->groups[g].count; i++)
            if (strlen(spec->groups[g].option[i].name) == size &&
                memcmp(spec->groups[g].option[i].name, name, size) == 0)
                return &spec->groups[g].option[i];
    return NULL;
}

static void take_value(struct typed *typed, const char *value)
{
    if (strcmp(typed->option->name, "run") == 0)
        typed->run = value;
    else if (strcmp(typed->option->name, "connect") == 0)
        typed->address = value;
    typed->option = NULL;
}

static void take_option(struct typed *typed, const char *word)
{
    size_t size = strcspn(word, "=");
    typed->option = find(typed->spec, word, size);
    if (typed->option && typed->option->kind == ARGS_FLAG)
        typed->option = NULL;
    else if (typed->option && word[size])
        take_value(typed, word + size + 1);
}

/* A word that is not the last. */
static void take(struct typed *typed, const char *word)
{
    bool is_equals = strcmp(word, "=") == 0;
    if (typed->option && !is_equals) {
        take_value(typed, word);
    } else if (!typed->option && !typed->options_ended && strcmp(word, "--") == 0) {
        typed->options_ended = true;
    } else if (!typed->option && !typed->options_ended && strncmp(word, "--", 2) == 0) {
        take_option(typed, word + 2);
    } else if (!is_equals && !typed->is_rest && !typed->first) {
        typed->first = word;
        typed->options_ended |= typed->spec->is_command;
    }
    typed->is_rest = is_equals && !typed->option;
}

void complete_verb(const struct args_spec *spec, char *const *words, size_t count)
{
    struct typed typed = {.spec = spec};
    for (size_t i = 0; i + 1 < count; i++)
        take(&typed, words[i]);
    typed.word = words[count - 1];
    if (strcmp(typed.word, "=") == 0) {
        typed.is_rest = !typed.option;
        typed.word = "";
    }
    if (typed.option)
        offer_value(&typed);
    else if (typed.is_rest)
        return;
    else if (!typed.options_ended && (typed.word[0] == '-' || spec->most == 0))
        offer_options(&typed);
    else
        offer_operand(&typed);
    say_out(&typed.out);
    buf_finish(&typed.out);
}

void complete_first(const char *word)
{
    struct typed typed = {.word = word};
    offer_verbs(&typed);
    say_out(&typed.out);
    buf_finish(&typed.out);
}
