/* resumed.c: what is said of a run that goes on: at its first control point, and to its program. */
#include <inttypes.h>
#include <string.h>

#include "trainer/config.h"
#include "trainer/declare.h"
#include "trainer/json.h"
#include "trainer/tell.h"

#define SHOWN_BYTES 64u /* of a text in the message */
#define MESSAGE_BYTES (TRIMTAB_TEXT_MAX - 512)
#define CONFIG_BYTES (TRIMTAB_CONFIG_MAX / 2) /* of its settings; the id beside them may take most of the rest */

bool trimtab_resumed(const trimtab_run *run, trimtab_saved *newest)
{
    static const trimtab_saved nothing = {"", "", 0, 0, 0};
    bool resumed = run_is_live(run) && run->resume.asked && run->resume.lived;

    if (newest)
        *newest = nothing;
    if (!resumed || !newest)
        return resumed;
    const struct resume_checkpoint *earlier = &run->resume.earlier;
    if (earlier->id)
        *newest = (trimtab_saved){earlier->id, earlier->path, earlier->step, earlier->bytes, 0};
    newest->last_step = run->resume.step;
    return true;
}

/* ---- values ---- */

/* Of a choice `text` is its name. */
static bool is_text(const struct value *value)
{
    return value->type == VALUE_STRING || value->type == VALUE_CHOICE;
}

static struct value value_now(const struct setting *setting)
{
    struct value value = setting->told;

    if (value.type == VALUE_CHOICE)
        value.text = text_from(setting->choice[value.integer]);
    return value;
}

/* A choice is the same where its name is: it may have moved among the others. */
static bool is_same(const struct value *a, const struct value *b)
{
    if (a->type != VALUE_CHOICE || b->type != VALUE_CHOICE)
        return value_same(a, b);
    return a->text.size == b->text.size && (a->text.size == 0 || memcmp(a->text.data, b->text.data, a->text.size) == 0);
}

static void add_json(struct buf *out, const struct value *value)
{
    if (is_text(value))
        json_string(out, value->text.data, value->text.size);
    else if (value->type == VALUE_DOUBLE)
        json_double(out, value->number);
    else if (value->type == VALUE_BOOL)
        buf_text(out, value->integer ? "true" : "false");
    else
        json_int(out, value->integer);
}

/* For a person: a long text is cut. */
static void add_shown(struct buf *out, const struct value *value)
{
    struct value shown = *value;
    struct buf cut;

    if (!is_text(value) || value->text.size <= SHOWN_BYTES) {
        add_json(out, value);
        return;
    }
    buf_init(&cut);
    text_clean(&cut, value->text.data, value->text.size, SHOWN_BYTES);
    buf_text(&cut, "...");
    shown.text = text_of(cut.data, cut.size);
    if (!cut.failed)
        add_json(out, &shown);
    buf_finish(&cut);
}

/* ---- what differs ---- */

struct difference {
    struct buf config;  /* members of "settings" */
    struct buf message; /* "lr is 0.001 and was 0.0003; " ... */
    uint32_t unsaid;    /* in the message, for want of room */
    uint32_t omitted;   /* in the config */
};

static void add_difference(struct difference *difference, const char *name, const struct value *now,
                           const struct value *before)
{
    struct buf *config = &difference->config, *message = &difference->message;
    size_t size = config->size;

    if (size > 0)
        buf_char(config, ',');
    json_string(config, name, strlen(name));
    buf_char(config, ':');
    add_json(config, before);
    if (config->size > CONFIG_BYTES) {
        config->size = size;
        difference->omitted++;
    }
    if (message->size > MESSAGE_BYTES) {
        difference->unsaid++;
        return;
    }
    buf_printf(message, "%s%s is ", message->size > 0 ? "; " : "", name);
    add_shown(message, now);
    buf_text(message, " and was ");
    add_shown(message, before);
}

static void compare(const trimtab_run *run, struct difference *difference)
{
    for (uint32_t i = 0; i < run->settings; i++) {
        const struct setting *setting = run->setting[i];
        const struct resume_setting *known = resume_setting(&run->resume, setting->name);
        struct value now = value_now(setting);
        if (known && !is_same(&now, &known->value))
            add_difference(difference, setting->name, &now, &known->value);
    }
}

/* ---- telling it ---- */

static void tell_difference(trimtab_run *run, const struct difference *difference)
{
    const struct resume *resume = &run->resume;
    struct buf text;

    buf_init(&text);
    buf_text(&text, "resumed");
    if (resume->has_step)
        buf_printf(&text, " after step %" PRId64, resume->step);
    buf_text(&text, ": ");
    buf_add(&text, difference->message.data, difference->message.size);
    if (difference->message.size == 0)
        buf_text(&text, "all settings are as they were");
    if (difference->unsaid > 0)
        buf_printf(&text, "; and %" PRIu32 " more", difference->unsaid);
    if (!text.failed)
        (void)tell_message(run, TRIMTAB_INFO, buf_string(&text));
    buf_finish(&text);
}

static void tell_config(trimtab_run *run, const struct difference *difference)
{
    const struct resume *resume = &run->resume;
    struct buf json;

    buf_init(&json);
    buf_printf(&json, "{\"life\":%" PRIu64 ",\"step\":", resume->life);
    if (resume->has_step)
        json_int(&json, resume->step);
    else
        buf_text(&json, "null");
    buf_text(&json, ",\"checkpoint\":");
    if (resume->earlier.id)
        json_string(&json, resume->earlier.id, strlen(resume->earlier.id));
    else
        buf_text(&json, "null");
    buf_text(&json, ",\"settings\":{");
    buf_add(&json, difference->config.data, difference->config.size);
    buf_char(&json, '}');
    if (difference->omitted > 0)
        buf_printf(&json, ",\"omitted\":%" PRIu32, difference->omitted);
    buf_char(&json, '}');
    if (!json.failed)
        (void)trimtab_config(run, "resumed", buf_string(&json));
    buf_finish(&json);
}

void resume_begin(trimtab_run *run)
{
    struct difference difference = {0};

    if (run->resume.begun)
        return;
    run->resume.begun = true;
    if (run->resume.asked && run->resume.lived) {
        compare(run, &difference);
        if (!difference.config.failed && !difference.message.failed) {
            tell_config(run, &difference);
            tell_difference(run, &difference);
        }
        buf_finish(&difference.config);
        buf_finish(&difference.message);
    }
    resume_keep(run, false);
}
