/* hostile.c: a trainer for the page's tests: names as nobody would choose them, many series, and one point far off.
 *
 * hostile [--steps N] [--spike S] [--series N] [--step-us N]
 *   logs "wave" at every step, within -1 and 1, but 777.125 at step S; N series more at every hundredth step;
 *   --steps: ends after so many (never). All names, documents, units and choices would be markup if they were taken so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <trimtab/trimtab.h>

#define MARKUP "<x-hostile onclick=alert(1)>&amp;<img src=x onerror='window.hostile=1'>\"'`"
#define SERIES_MAX 1000
#define EVERY 100

struct hostile {
    int64_t steps, spike, series, step_us;
    double rate;
    int choice;
    char text[256];
    trimtab_run *run;
    trimtab_series wave, more[SERIES_MAX];
};

static int take(struct hostile *hostile, const char *name, const char *value)
{
    int64_t *const places[] = {&hostile->steps, &hostile->spike, &hostile->series, &hostile->step_us};
    static const char *const names[] = {"--steps", "--spike", "--series", "--step-us"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *places[i] = atoll(value);
        return 0;
    }
    return -1;
}

static int tell(void *user, const trimtab_args *args, trimtab_result *result)
{
    struct hostile *hostile = user;
    (void)args;
    trimtab_result_string(result, MARKUP, MARKUP);
    trimtab_message(hostile->run, TRIMTAB_WARNING, MARKUP);
    trimtab_checkpoint(hostile->run, MARKUP, "nowhere", 1);
    return 0;
}

/* A word that no line can be broken in, `length` bytes long. */
static const char *long_word(char *word, size_t length)
{
    memset(word, 'w', length);
    word[length] = '\0';
    return word;
}

static void declare(struct hostile *hostile)
{
    char word[TRIMTAB_TEXT_MAX + 1], half[513];
    const char *const choices[] = {MARKUP, long_word(half, 512), "\xE2\x80\xAEright to left", NULL};
    trimtab_run *run = hostile->run;
    trimtab_setting_double(run, MARKUP, &hostile->rate, 0, 1, long_word(word, TRIMTAB_TEXT_MAX));
    trimtab_setting_double(run, long_word(word, TRIMTAB_NAME_MAX), &hostile->rate, 0, 1, MARKUP);
    trimtab_setting_choice(run, "choice", &hostile->choice, choices, MARKUP);
    trimtab_setting_string(run, "text", hostile->text, sizeof hostile->text, MARKUP);
    trimtab_action(run, MARKUP, tell, hostile, TRIMTAB_STRING(MARKUP, MARKUP));
    trimtab_action(run, "tell", tell, hostile);
}

static void declare_series(struct hostile *hostile)
{
    char name[TRIMTAB_NAME_MAX + 1];
    trimtab_run *run = hostile->run;
    hostile->wave = trimtab_series_declare(run, "wave", "m");
    trimtab_log_at(run, trimtab_series_declare(run, MARKUP, MARKUP), 0, 1);
    trimtab_log_at(run, trimtab_series_declare(run, long_word(name, TRIMTAB_NAME_MAX), NULL), 0, 1);
    trimtab_log_at(run, trimtab_series_declare(run, "na\xC3\xAFve/\xF0\x9F\x8E\xB2 \xE6\x90\x8D\xE5\xA4\xB1", NULL), 0,
                   1);
    for (int64_t i = 0; i < hostile->series; i++) {
        snprintf(name, sizeof name, "layer%03lld/<b>weight</b>", (long long)i);
        hostile->more[i] = trimtab_series_declare(run, name, NULL);
    }
}

static void train(struct hostile *hostile)
{
    trimtab_run *run = hostile->run;
    for (int64_t step = 0; trimtab_control_point(run, &step) != TRIMTAB_STOP; step++) {
        trimtab_log(run, hostile->wave, step == hostile->spike ? 777.125 : sin((double)step / 1000));
        for (int64_t i = 0; i < hostile->series && step % EVERY == 0; i++)
            trimtab_log(run, hostile->more[i], (double)(step + i));
        if (hostile->step_us)
            nanosleep(
                &(struct timespec){.tv_sec = hostile->step_us / 1000000, .tv_nsec = hostile->step_us % 1000000 * 1000},
                NULL);
    }
}

int main(int argc, char **argv)
{
    struct hostile hostile = {.spike = -1, .rate = 0.5, .text = MARKUP};
    for (int i = 1; i + 1 < argc; i += 2)
        if (take(&hostile, argv[i], argv[i + 1]) != 0)
            return 2;
    if (hostile.series > SERIES_MAX)
        return 2;
    hostile.run = trimtab_open(&(trimtab_options){.name = MARKUP, .total_steps = hostile.steps});
    declare(&hostile);
    declare_series(&hostile);
    train(&hostile);
    trimtab_close(hostile.run);
    return 0;
}
