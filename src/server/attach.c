/* attach.c: whether a trainer lives, and its mailbox. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "server/server.h"
#include "server/tell.h"

enum { LOOK_NS = 100000000 };

/* Watches one process; freed in its own close callback. */
struct death {
    uv_poll_t poll;
    int fd;
    struct server *server; /* NULL once nobody cares */
};

int attach_init(struct server *server, const struct journal_position *from, struct err *err)
{
    server->attach.began = *from;
    return journal_reader_create(&server->attach.reader, server->journal_fd, from, err);
}

void attach_wake(struct server *server)
{
    if (server->attach.pulse)
        send(server->attach.pulse->conn.fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void attach_dismiss(struct server *server)
{
    if (server->attach.mailbox.map)
        mailbox_dismiss(&server->attach.mailbox, true);
}

/* ---- the trainer's death ---- */

static void on_death(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct death *death = poll->data;
    uv_poll_stop(poll);
    death->server->attach.died = true;
}

static void on_death_closed(uv_handle_t *handle)
{
    struct death *death = handle->data;
    close(death->fd);
    free(death);
}

static void stop_watching(struct attach *attach)
{
    if (attach->death)
        uv_close((uv_handle_t *)&attach->death->poll, on_death_closed);
    attach->death = NULL;
}

static void watch_process(struct server *server, pid_t pid)
{
    int fd = process_watch(pid, NULL);
    if (fd == ERR_MISSING)
        server->attach.died = true;
    struct death *death = fd >= 0 ? calloc(1, sizeof *death) : NULL;
    if (!death || uv_poll_init(&server->loop, &death->poll, fd) < 0) {
        /* without a watch the lock alone tells, a tenth of a second later */
        if (fd >= 0)
            close(fd);
        free(death);
        return;
    }
    death->fd = fd;
    death->server = server;
    death->poll.data = death;
    uv_poll_start(&death->poll, UV_READABLE, on_death);
    server->attach.death = death;
}

/* ---- attaching ---- */

static void close_mailbox(struct server *server)
{
    mailbox_close(&server->attach.mailbox);
    stop_watching(&server->attach);
    server->attach.died = false;
}

static void trainer_is_gone(struct server *server, uint64_t ordinal)
{
    if (ordinal <= server->attach.gone_ordinal)
        return;
    server->attach.gone_ordinal = ordinal;
    server->attach.caught_up = false;
    journal_reader_gone(server->attach.reader, ordinal);
}

static void open_mailbox(struct server *server, const struct holder *holder)
{
    struct attach *attach = &server->attach;
    if (mailbox_open(&attach->mailbox, server->folder.local_fd, &holder->incarnation, NULL) < 0)
        return; /* the trainer is still making it */
    attach->holder = *holder;
    mailbox_dismiss(&attach->mailbox, false);
    if (holder->ordinal > 1)
        trainer_is_gone(server, holder->ordinal - 1);
    watch_process(server, holder->pid);
    log_line(LOG_INFO, "trainer attached: pid %d", (int)holder->pid);
}

static void look(struct server *server)
{
    struct attach *attach = &server->attach;
    struct holder holder = {0};
    int code = lock_look(server->folder.run_fd, "trainer", &holder, NULL);
    bool known = code == 0 || (code == ERR_MISSING && !attach->mailbox.map); /* of a run.db that was copied */
    if (attach->mailbox.map) {
        /* a file that is gone, or does not say which life it is, is somebody's prank: the process still lives */
        bool another = known && (holder.pid == 0 || (holder.ordinal && holder.ordinal != attach->holder.ordinal));
        if (attach->died || another)
            trainer_is_gone(server, attach->holder.ordinal);
    } else if (known && holder.pid == 0) {
        /* nobody holds it: every life that was read of is over, whatever the file says */
        uint64_t read_of = server->run.trainer.ordinal;
        trainer_is_gone(server, holder.ordinal > read_of ? holder.ordinal : read_of);
    } else if (known && holder.ordinal > attach->gone_ordinal) {
        open_mailbox(server, &holder);
    }
}

void attach_end_seen(struct server *server, uint64_t ordinal)
{
    trainer_is_gone(server, ordinal);
}

/* ---- judging what the dead held ---- */

static bool is_living(const struct attach *attach, const struct incarnation *incarnation)
{
    return attach->mailbox.map && attach->holder.ordinal > attach->gone_ordinal &&
           incarnation_same(&attach->holder.incarnation, incarnation);
}

/* A mailbox found at the start: of the living trainer, or of a dead one (then its requests are lost). */
static void recover_mailbox(struct server *server, const char *name)
{
    struct mailbox mailbox = {0};
    struct incarnation incarnation;
    uint64_t tickets[MAILBOX_SLOTS];
    struct err err = {0};
    if (!incarnation_parse(name + strlen("mailbox."), &incarnation))
        return;
    if (mailbox_open(&mailbox, server->folder.local_fd, &incarnation, &err) < 0) {
        log_line(LOG_WARNING, "%s is left alone: %s", name, err.text);
        return;
    }
    uint32_t count = mailbox_tickets(&mailbox, tickets);
    for (uint32_t i = 0; i < count; i++)
        tickets_recover(server, &mailbox, tickets[i]);
    if (!is_living(&server->attach, &incarnation))
        tickets_trainer_gone(server, &mailbox);
    mailbox_close(&mailbox);
}

/* Mailbox files: at the start of all, later only to remove those of the dead once nothing of theirs is left to tell. */
static void each_mailbox(struct server *server, void (*each)(struct server *, const char *))
{
    int fd = dup(server->folder.local_fd);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return;
    }
    rewinddir(folder);
    for (struct dirent *entry; (entry = readdir(folder));)
        if (strncmp(entry->d_name, "mailbox.", 8) == 0)
            each(server, entry->d_name);
    closedir(folder);
}

static void recover(struct server *server)
{
    each_mailbox(server, recover_mailbox);
    tickets_recovered(server);
    server->attach.recovered = server->attach.remove_mailboxes = true;
}

/* The trainer is gone and its journal has been read to the end. */
static void detach(struct server *server)
{
    struct attach *attach = &server->attach;
    bool seen = attach->mailbox.map && attach->holder.ordinal <= attach->gone_ordinal;
    attach->ended_ordinal = attach->gone_ordinal;
    if (seen) {
        tickets_trainer_gone(server, &attach->mailbox);
        close_mailbox(server);
        attach->remove_mailboxes = true;
    }
    if (server->run.trainer.ordinal <= attach->ended_ordinal && server->run.trainer.ordinal > 0) {
        run_trainer_gone(&server->run, seen ? server->now_ns : 0);
        tell_run(server);
        log_line(LOG_INFO, "trainer gone: the run is %s", run_state_name(server->run.state));
    }
}

static void remove_mailbox(struct server *server, const char *name)
{
    struct incarnation incarnation;
    struct holder holder = {0};
    struct mailbox mailbox = {0};
    if (!incarnation_parse(name + strlen("mailbox."), &incarnation) ||
        mailbox_open(&mailbox, server->folder.local_fd, &incarnation, NULL) < 0)
        return; /* not ours, or of another version: left alone */
    bool wanted = tickets_of(server, mailbox.map->ordinal);
    mailbox_close(&mailbox);
    if (wanted) {
        server->attach.remove_mailboxes = true; /* not yet: a later turn */
        return;
    }
    if (lock_look(server->folder.run_fd, "trainer", &holder, NULL) < 0)
        return;
    /* A trainer that has just begun has its mailbox before its journal: whom the lock names is spared. One that has
     * said its end is about to let go of the lock: its mailbox is removed in a later turn. */
    if (holder.pid == 0 || !incarnation_same(&holder.incarnation, &incarnation))
        unlinkat(server->folder.local_fd, name, 0);
    else if (holder.ordinal <= server->attach.ended_ordinal)
        server->attach.remove_mailboxes = true;
}

static void remove_dead_mailboxes(struct server *server)
{
    if (!server->attach.remove_mailboxes)
        return;
    server->attach.remove_mailboxes = false;
    each_mailbox(server, remove_mailbox);
}

static void note_progress(struct server *server)
{
    const struct attach *attach = &server->attach;
    int64_t step;
    server->run.trainer.attached = attach->recovered && attach->mailbox.map &&
                                   attach->declared_ordinal == attach->holder.ordinal &&
                                   attach->holder.ordinal > attach->gone_ordinal;
    if (server->run.trainer.attached && mailbox_progress(&attach->mailbox, &step))
        run_progress(&server->run, step, server->mono_ns);
}

/* What run.db says is all there is. */
static void begin_read_only(struct server *server)
{
    struct holder holder = {0};
    server->attach.caught_up = server->attach.recovered = true;
    if (lock_look(server->folder.run_fd, "trainer", &holder, NULL) == 0 && holder.pid != 0)
        log_line(LOG_WARNING, "its trainer goes on: what is not in run.db yet is not shown");
    else if (server->run.state != RUN_WAITING)
        run_trainer_gone(&server->run, 0);
}

bool attach_is_over(const struct server *server)
{
    const struct attach *attach = &server->attach;
    if (server->run.state != RUN_FINISHED && server->run.state != RUN_LOST)
        return false;
    if (server->read_only)
        return true;
    if (server->child.started || attach->mailbox.map)
        return false;
    struct journal_position now = journal_reader_position(attach->reader);
    return journal_position_compare(&now, &attach->began) == 0;
}

void attach_turn(struct server *server)
{
    struct attach *attach = &server->attach;
    if (server->read_only) {
        if (!attach->recovered)
            begin_read_only(server);
        return;
    }
    if (attach->died || attach->look_now || server->mono_ns >= attach->next_look_ns) {
        attach->next_look_ns = server->mono_ns + LOOK_NS;
        attach->look_now = false;
        look(server);
        remove_dead_mailboxes(server);
    }
    ingest_turn(server);
    if (attach->caught_up && attach->gone_ordinal > attach->ended_ordinal)
        detach(server);
    if ((attach->caught_up || attach->passed_start) && !attach->recovered)
        recover(server);
    note_progress(server);
}

void attach_finish(struct server *server)
{
    if (server->attach.recovered && !server->read_only)
        remove_dead_mailboxes(server);
    close_mailbox(server);
    journal_reader_destroy(server->attach.reader);
    server->attach.reader = NULL;
}
