#include "trainer/resume.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "trainer/declare.h"
#include "trainer/tell.h"

#define LIFE "life" /* name of the record that counts */
#define LOOK_NS INT64_C(10000000000)

void resume_init(struct resume *resume, bool asked)
{
    const char *said = getenv("TRIMTAB_RESUME");

    *resume = (struct resume){.asked = asked || (said && strcmp(said, "1") == 0), .life = 1, .file = {.fd = -1}};
}

static void checkpoint_forget(struct resume_checkpoint *checkpoint)
{
    free(checkpoint->id);
    free(checkpoint->path);
    *checkpoint = (struct resume_checkpoint){0};
}

void resume_finish(struct resume *resume)
{
    for (uint32_t i = 0; i < resume->known_count; i++) {
        free(resume->known[i].name);
        free(resume->known[i].text);
    }
    free(resume->known);
    checkpoint_forget(&resume->earlier);
    checkpoint_forget(&resume->newest);
    resume_file_close(&resume->file);
}

const struct resume_setting *resume_setting(const struct resume *resume, const char *name)
{
    for (uint32_t i = 0; i < resume->known_count; i++)
        if (strcmp(resume->known[i].name, name) == 0)
            return &resume->known[i];
    return NULL;
}

uint64_t resume_revision(const struct resume *resume, const char *name)
{
    const struct resume_setting *known = resume_setting(resume, name);

    return known ? known->revision : 0;
}

/* ---- reading ---- */

static char *copy_of(struct text text)
{
    return strndup(text.size > 0 ? text.data : "", text.size);
}

static void learn_setting(struct resume *resume, const struct record_setting *setting)
{
    struct resume_setting known = {
        .name = copy_of(setting->name), .value = setting->value, .revision = setting->revision};
    struct resume_setting *grown = run_grow(resume->known, resume->known_count, &resume->known_capacity, sizeof known);

    if (setting->type == VALUE_CHOICE)
        known.value.text = setting->choice[setting->value.integer];
    if (setting->type == VALUE_CHOICE || setting->type == VALUE_STRING) {
        known.text = copy_of(known.value.text);
        known.value.text.data = known.text;
    }
    if (grown)
        resume->known = grown;
    if (grown && known.name && (known.text || !known.value.text.data)) {
        resume->known[resume->known_count++] = known;
        return;
    }
    free(known.name);
    free(known.text);
}

static void learn_checkpoint(struct resume_checkpoint *checkpoint, const struct record *record)
{
    checkpoint_forget(checkpoint);
    checkpoint->id = copy_of(record->checkpoint.id);
    checkpoint->path = copy_of(record->checkpoint.path);
    checkpoint->step = record->step;
    checkpoint->bytes = record->checkpoint.bytes;
    if (!checkpoint->id || !checkpoint->path)
        checkpoint_forget(checkpoint);
}

static void learn_life(struct resume *resume, struct text count)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%.*s", (int)(count.size < 20 ? count.size : 20), count.data);
    resume->life = strtoull(digits, NULL, 10) + 1;
}

static void learn(struct resume *resume, const struct record *record)
{
    switch (record->kind) {
    case RECORD_SETTING:
        learn_setting(resume, &record->setting);
        break;
    case RECORD_CHECKPOINT:
        learn_checkpoint(&resume->earlier, record);
        learn_checkpoint(&resume->newest, record);
        break;
    case RECORD_STEP:
        resume->has_step = true;
        resume->step = record->step;
        break;
    case RECORD_CONFIG:
        if (text_is(record->config.name, LIFE))
            learn_life(resume, record->config.json);
        break;
    default:
        break;
    }
}

static void read_records(struct resume *resume, const struct buf *kept)
{
    struct record record;
    size_t at = 0, skip;
    long size = 1;

    while (at < kept->size && size > 0) {
        size = record_decode((const uint8_t *)kept->data + at, kept->size - at, &record, &skip);
        if (size > 0)
            learn(resume, &record);
        at += size > 0 ? (size_t)size : 0;
    }
    if (at < kept->size) /* of a version whose half was sound: not of this one's records */
        (void)err_set(&resume->err, ERR_VERSION, "the file %s: %s", RESUME_FILE_NAME, err_sentence(ERR_VERSION));
}

/* The mailbox that the last life left knows the step to the last control point, where no server has removed it. */
static void learn_step(trimtab_run *run, const struct holder *last)
{
    struct mailbox mailbox;
    int64_t step;

    if (last->ordinal == 0 || mailbox_open(&mailbox, run->folder.local_fd, &last->incarnation, NULL) < 0)
        return;
    if (mailbox_progress(&mailbox, &step) && run_holds_step(step)) {
        run->resume.has_step = true;
        run->resume.step = step;
    }
    mailbox_close(&mailbox);
}

void resume_open(trimtab_run *run, const struct holder *last)
{
    struct resume *resume = &run->resume;
    struct buf kept;

    buf_init(&kept);
    if (resume_file_open(&resume->file, run->folder.run_fd, &kept, &resume->err) == 0)
        read_records(resume, &kept);
    buf_finish(&kept);
    learn_step(run, last);
    resume->lived = resume->lived || last->ordinal > 0 || resume->file.sequence > 0;
    if (resume->lived && resume->life < 2)
        resume->life = 2;
}

void resume_tell_fault(trimtab_run *run)
{
    char text[sizeof run->resume.err.text + 128];

    if (run->resume.err.code == 0)
        return;
    (void)snprintf(text, sizeof text, "%s; what earlier lives of the run left there is not known, revisions begin at 0",
                   run->resume.err.text);
    (void)tell_message(run, TRIMTAB_WARNING, text);
}

/* ---- writing ---- */

/* Of the choices only the one in effect is kept: at its place, behind empty ones. */
static void set_choice(struct record_setting *setting, int64_t index, struct text name)
{
    setting->choices = (uint32_t)index + 1;
    for (int64_t i = 0; i < index; i++)
        setting->choice[i] = text_of("", 0);
    setting->choice[index] = name;
    setting->value = value_integer(VALUE_CHOICE, index);
}

static void begin_setting(struct record *record, const char *name, struct value value, uint64_t revision)
{
    record->kind = RECORD_SETTING;
    record->flags = 0;
    record->step = record->time_ns = 0;
    record->setting =
        (struct record_setting){.name = text_from(name), .type = value.type, .value = value, .revision = revision};
}

static void keep_setting(const struct setting *setting, bool read, struct buf *out)
{
    struct value value = read ? setting_read(setting) : setting->told;
    struct record record;

    begin_setting(&record, setting->name, value, setting->revision);
    if (value.type == VALUE_CHOICE)
        set_choice(&record.setting, value.integer, text_from(setting->choice[value.integer]));
    (void)record_encode(out, &record);
}

static void keep_known(const struct resume_setting *known, struct buf *out)
{
    size_t size = out->size;
    struct record record;

    begin_setting(&record, known->name, known->value, known->revision);
    if (known->value.type == VALUE_CHOICE)
        set_choice(&record.setting, known->value.integer, known->value.text);
    (void)record_encode(out, &record);
    if (out->size > RESUME_FILE_MAX)
        out->size = size;
}

static bool is_declared(const trimtab_run *run, const char *name)
{
    for (uint32_t i = 0; i < run->settings; i++)
        if (strcmp(run->setting[i]->name, name) == 0)
            return true;
    return false;
}

static void keep_life(const trimtab_run *run, struct buf *out)
{
    const struct resume_checkpoint *newest = &run->resume.newest;
    struct record record = {.kind = RECORD_STEP, .step = run->resume.begun ? run->step : run->resume.step};
    char life[24];

    if (run->resume.begun || run->resume.has_step)
        (void)record_encode(out, &record);
    (void)snprintf(life, sizeof life, "%" PRIu64, run->resume.life);
    record.kind = RECORD_CONFIG;
    record.config.name = text_from(LIFE);
    record.config.json = text_from(life);
    (void)record_encode(out, &record);
    if (!newest->id)
        return;
    record.kind = RECORD_CHECKPOINT;
    record.step = newest->step;
    record.checkpoint.id = text_from(newest->id);
    record.checkpoint.path = text_from(newest->path);
    record.checkpoint.bytes = newest->bytes;
    (void)record_encode(out, &record);
}

/* Settings of earlier lives that this one has not declared come last: they are what is left out where room is short. */
void resume_keep(trimtab_run *run, bool read)
{
    struct resume *resume = &run->resume;
    struct buf out;

    buf_init(&out);
    keep_life(run, &out);
    for (uint32_t i = 0; i < run->settings; i++)
        keep_setting(run->setting[i], read, &out);
    for (uint32_t i = 0; i < resume->known_count && out.size <= RESUME_FILE_MAX; i++)
        if (!is_declared(run, resume->known[i].name))
            keep_known(&resume->known[i], &out);
    if (!out.failed)
        (void)resume_file_write(&resume->file, out.data, out.size);
    buf_finish(&out);
    resume->kept_step = run->step;
    resume->kept_ns = clock_monotonic_ns();
}

/* Elsewhere than on a local disk a write may take long; there the step is kept only when something happens. */
void resume_look(trimtab_run *run, int64_t now_ns)
{
    const struct resume *resume = &run->resume;

    if (resume->begun && run->folder.is_local && run->step != resume->kept_step && now_ns - resume->kept_ns >= LOOK_NS)
        resume_keep(run, false);
}

void resume_checkpoint(trimtab_run *run, const char *id, const char *path, uint64_t bytes)
{
    struct record record = {.step = run->step};

    record.checkpoint.id = text_from(id);
    record.checkpoint.path = text_from(path ? path : "");
    record.checkpoint.bytes = bytes;
    learn_checkpoint(&run->resume.newest, &record);
    resume_keep(run, false);
}
