#include "trainer/open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "channel/journal_folder.h"
#include "trainer/declare.h"
#include "trainer/environment.h"

static int keep_name(trimtab_run *run, const char *what, const char *given, char **kept)
{
    if (!run_is_name(given))
        return err_set(&run->err, ERR_INVALID, "%s is 1 to %d bytes of UTF-8 without control characters", what,
                       TRIMTAB_NAME_MAX);
    *kept = run_copy_text(given);
    return *kept ? 0 : err_set(&run->err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
}

static const char *default_name(const trimtab_options *options)
{
    if (options->project)
        return options->project;
    return run_is_name(program_invocation_short_name) ? program_invocation_short_name : "run";
}

static int choose_names(trimtab_run *run, const trimtab_options *options)
{
    const char *name = options->name ? options->name : default_name(options);
    int code = keep_name(run, "a run's name", name, &run->name);

    if (code == 0 && options->project)
        code = keep_name(run, "a project's name", options->project, &run->project);
    if (code == 0)
        code = keep_name(run, "a language's name", options->language ? options->language : "C", &run->language);
    return code;
}

/* A resumed run for which no folder is named: the newest of its project and name that nobody trains; else a new one. */
static int choose_folder(trimtab_run *run, const trimtab_options *options, char path[PATH_MAX])
{
    const char *given = getenv("TRIMTAB_RUN");
    const char *project = run->project ? run->project : run->name;
    bool named = options->run || (given && *given);

    if (run->resume.asked && !named && run_newest_left(project, run->name, path, NULL) == 0)
        return 0;
    return folder_choose(options->run, project, path, &run->err);
}

static int open_folder(trimtab_run *run, const trimtab_options *options)
{
    char path[PATH_MAX];
    int code = choose_folder(run, options, path);

    if (code == 0)
        code = folder_open(&run->folder, path, false, &run->err);
    if (code < 0)
        return code;
    run->journal_fd = openat(run->folder.local_fd, "journal/0", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run->journal_fd < 0)
        return err_errno(&run->err, ERR_SYSTEM, "cannot open the journal of %s", run->folder.path);
    return 0;
}

static int there_is_one(void *context, struct segment_id *id)
{
    (void)context;
    (void)id;
    return 1;
}

static bool has_journal(const trimtab_run *run)
{
    return journal_folder_each(run->journal_fd, there_is_one, NULL, NULL) == 1;
}

/* Greater than that of every life before this one: what has a lesser one is taken for read. Where the file that names
 * the last life says nothing, and the run is not new, the clock gives it. */
static uint64_t next_ordinal(const trimtab_run *run, const struct holder *last)
{
    if (last->ordinal > 0)
        return last->ordinal + 1;
    bool is_new = faccessat(run->folder.run_fd, "run.db", F_OK, 0) < 0 && !has_journal(run);
    return is_new ? 1 : (uint64_t)(clock_real_ns() / 1000000); /* no two lives begin in one millisecond */
}

static int take_lock(trimtab_run *run)
{
    struct holder last = {0};

    if (lock_is_ours(run->folder.run_fd, "trainer"))
        return err_set(&run->err, ERR_BUSY, "%s is recorded by this process already (pid %ld)", run->folder.path,
                       (long)getpid());
    run->lock_fd = lock_take(run->folder.run_fd, "trainer", &last, &run->err);
    if (run->lock_fd == ERR_BUSY)
        return err_set(&run->err, ERR_BUSY, "%s is recorded by another process (pid %ld)", run->folder.path,
                       (long)last.pid);
    if (run->lock_fd < 0)
        return err_wrap(&run->err, "%.200s", run->folder.path);
    run->ordinal = next_ordinal(run, &last);
    run->resume.lived = has_journal(run);
    resume_open(run, &last);
    if (getrandom(&run->incarnation, sizeof run->incarnation, GRND_NONBLOCK) != (ssize_t)sizeof run->incarnation)
        return err_errno(&run->err, ERR_SYSTEM, "no random bits");
    /* Before the first segment: two lives of a run must never have the same ordinal. */
    struct holder self = {.pid = getpid(), .incarnation = run->incarnation, .ordinal = run->ordinal};
    memcpy(self.run, run->name, strlen(run->name)); /* a name: at most UTF8_NAME_MAX bytes */
    return lock_name(run->lock_fd, &self, &run->err);
}

static int learn(trimtab_run *run)
{
    struct record record;

    if (!environment_learn(run))
        return err_set(&run->err, ERR_NOMEM, "%s", err_sentence(ERR_NOMEM));
    declare_run(run, &record);
    record.step = record.time_ns = 0;
    return declare_count(run, &record) == TRIMTAB_OK ? 0 : run->err.code;
}

static int begin_channel(trimtab_run *run)
{
    char name[MAILBOX_NAME];
    int code = mailbox_create(&run->mailbox, run->folder.local_fd, &run->incarnation, run->ordinal, &run->err);

    if (code < 0)
        return code;
    run->state = RUN_RUNNING;
    run->state_time_ns = run->started_ns;
    code = journal_writer_init(&run->journal, run->journal_fd, &run->incarnation, run->ordinal, declare_restate, run,
                               &run->err);
    if (code < 0) {
        mailbox_name(name, &run->incarnation);
        (void)unlinkat(run->folder.local_fd, name, 0);
    }
    return code;
}

static int mark_owner(trimtab_run *run)
{
    uint8_t *mark = fork_mark_create();

    if (!mark)
        return err_set(&run->err, ERR_SYSTEM, "this system cannot tell a forked process from its parent");
    *mark = MARK_NONE;
    run->mark = mark;
    return 0;
}

int open_run(trimtab_run *run, const trimtab_options *options)
{
    int code = choose_names(run, options);

    if (code == 0)
        code = mark_owner(run);
    if (code == 0)
        code = open_folder(run, options);
    if (code == 0)
        code = take_lock(run);
    if (code == 0)
        code = learn(run);
    if (code == 0)
        code = begin_channel(run);
    if (code < 0)
        return code;
    pulse_init(&run->pulse, run->folder.local_fd);
    pulse_beat(&run->pulse, clock_monotonic_ns());
    run->err = (struct err){0}; /* of what was looked for and rightly not found */
    __atomic_store_n(run->mark, MARK_LIVE, __ATOMIC_RELEASE);
    (void)nonfinite_declare(run);
    resume_tell_fault(run);
    return 0;
}

void open_undo(trimtab_run *run)
{
    bool owner = run_is_live(run);

    if (owner)
        journal_writer_finish(&run->journal);
    else
        journal_writer_abandon(&run->journal);
    pulse_finish(&run->pulse);
    mailbox_close(&run->mailbox);
    if (run->mark != &run->no_mark)
        fork_mark_destroy(run->mark);
    run->mark = &run->no_mark;
    if (owner)
        lock_free(run->lock_fd);
    else if (run->lock_fd >= 0)
        (void)close(run->lock_fd);
    run->lock_fd = -1;
    if (run->journal_fd >= 0)
        (void)close(run->journal_fd);
    run->journal_fd = -1;
    folder_close(&run->folder);
    resume_file_close(&run->resume.file);
}
