#include <inttypes.h>

#include "base/clock.h"
#include "trainer/apply.h"
#include "trainer/declare.h"
#include "trainer/tell.h"

/* About four looks at the connection a second, but no clock read at most control points. */
#define LOOK_NS INT64_C(250000000)
#define INTERVAL_MAX 1024
#define WAIT_MS 100
/* Requests are taken while this much room is left: what is carried out can be told. Values that are strings take more;
 * but of the last 64 KiB of a segment, all there is on a full disk, something must do for a stop. */
#define REQUEST_ROOM (16u * 1024)
#define REQUEST_ROOM_STRING (4u * (TRIMTAB_STRING_MAX + 64))
#define REQUEST_ROOM_MOST (48u * 1024)

/* ---- the connection ---- */

static void look_at_server(trimtab_run *run, int64_t now_ns)
{
    pulse_look(&run->pulse, now_ns);
    start_look(run, now_ns);
    notice_look(run, now_ns);
}

static void look(trimtab_run *run)
{
    int64_t now_ns = clock_monotonic_ns();
    int64_t took_ns = now_ns - run->looked_ns;
    int64_t interval = took_ns > 0 ? run->interval * LOOK_NS / took_ns : INTERVAL_MAX;

    run->interval = (int32_t)(interval < 1 ? 1 : interval > INTERVAL_MAX ? INTERVAL_MAX : interval);
    run->countdown = run->interval;
    run->looked_ns = now_ns;
    look_at_server(run, now_ns);
    resume_look(run, now_ns);
}

/* ---- requests and pauses ---- */

static bool is_interrupted(const trimtab_run *run)
{
    return __atomic_load_n(&run->interrupted, __ATOMIC_ACQUIRE);
}

static uint32_t request_room(const trimtab_run *run)
{
    uint32_t room = REQUEST_ROOM + run->strings * REQUEST_ROOM_STRING;

    return room < REQUEST_ROOM_MOST ? room : REQUEST_ROOM_MOST;
}

static void take_requests(trimtab_run *run)
{
    struct mailbox_request request;

    if (!mailbox_attention(&run->mailbox, run->step))
        return;
    while (run_is_live(run) && tell_untold(run) && journal_has_room(&run->journal, request_room(run)) &&
           mailbox_take(&run->mailbox, run->step, &request) == 1)
        apply_request(run, &request);
}

static void end_long_pause(trimtab_run *run)
{
    (void)tell_message(run, TRIMTAB_WARNING, "the pause lasted as long as max_pause allows: the run goes on by itself");
    tell_state(run, RUN_RUNNING, 0);
}

static void pause_begin(trimtab_run *run)
{
    uint64_t ticket = run->pause_ticket;

    run->pause_step = RUN_NO_STEP;
    tell_state(run, RUN_PAUSED, ticket);
}

/* False: the program wants to go on, paused as the run is. Between before and after the run belongs to others: it is
 * not even read, and of what was read before nothing is used later. */
static bool wait_once(const trimtab_run *run, int timeout_ms)
{
    struct trimtab_waiter waiter = run->waiter; /* meanwhile it may be replaced */
    int fd = run->pulse.fd;

    if (waiter.before)
        waiter.before(waiter.user);
    pulse_wait(fd, timeout_ms);
    return !waiter.after || waiter.after(waiter.user) == 0;
}

static void wait_while_paused(trimtab_run *run)
{
    while (run->state == RUN_PAUSED && !is_interrupted(run) && run_is_live(run)) {
        int64_t now_ns = clock_monotonic_ns();
        int64_t left_ms = WAIT_MS;
        if (run->max_pause_ns > 0)
            left_ms = (run->max_pause_ns - (now_ns - run->paused_ns) + 999999) / 1000000;
        if (left_ms <= 0) {
            end_long_pause(run);
            return;
        }
        look_at_server(run, now_ns);
        if (!wait_once(run, (int)(left_ms < WAIT_MS ? left_ms : WAIT_MS)))
            return; /* at once: what is asked meanwhile waits for the next control point */
        take_requests(run);
    }
}

/* ---- the control point ---- */

static bool should_stop(const trimtab_run *run, int64_t step)
{
    return run->state == RUN_STOPPING || is_interrupted(run) || (run->total_steps > 0 && step >= run->total_steps);
}

static void arm(trimtab_run *run)
{
    int64_t alarm_step = run->total_steps > 0 ? run->total_steps : RUN_NO_STEP;

    if (run->pause_step < alarm_step)
        alarm_step = run->pause_step;
    if (run->state != RUN_RUNNING || run->untold.ticket != 0 || run->nonfinite.series != 0)
        alarm_step = INT64_MIN;
    run->alarm_step = alarm_step;
}

static void carry_out(trimtab_run *run)
{
    settings_tell_changes(run, 0);
    if (!run_is_live(run))
        return; /* what was called forked, and this is the child */
    if (is_interrupted(run) && run->state != RUN_STOPPING)
        tell_state(run, RUN_STOPPING, 0);
    resume_begin(run); /* before anything is asked for: how the values stood */
    (void)tell_untold(run);
    if (run->state == RUN_RUNNING && run->step >= run->pause_step)
        pause_begin(run);
    nonfinite_pause(run);
    take_requests(run);
    wait_while_paused(run);
    if (run_is_live(run) && is_interrupted(run) && run->state != RUN_STOPPING)
        tell_state(run, RUN_STOPPING, 0);
}

static inline void begin_step(trimtab_run *run, int64_t step)
{
    struct mailbox_map *map = run->mailbox.map;
    uint64_t points = atomic_load_explicit(&map->control_points, memory_order_relaxed);

    run_go_to_step(run, step);
    /* The only writer: a load and a store, no locked addition. */
    atomic_store_explicit(&map->control_points, points + 1, memory_order_relaxed);
}

static int refuse_step(trimtab_run *run, int64_t step)
{
    journal_publish(&run->journal);
    run->at_bad_step = true;
    run->loggable = 0;
    run->alarm_step = INT64_MIN;
    (void)run_refuse(run, TRIMTAB_INVALID, "step %" PRId64 " is not within [-2^55, 2^55)", step);
    return should_stop(run, step) ? TRIMTAB_STOP : TRIMTAB_GO;
}

static __attribute__((noinline)) int control_point_slow(trimtab_run *run, int64_t *step)
{
    if (!run || !step)
        return TRIMTAB_GO;
    if (!run_is_live(run))
        return is_interrupted(run) || (run->total_steps > 0 && *step >= run->total_steps) ? TRIMTAB_STOP : TRIMTAB_GO;
    if (run->busy) {
        (void)run_refuse(run, TRIMTAB_INVALID, "a control point cannot be called inside a control point");
        return TRIMTAB_GO;
    }
    if (!run_holds_step(*step))
        return refuse_step(run, *step);
    run->busy = true;
    run->at_bad_step = false;
    run->loggable = run->series_count;
    run->alarm_step = INT64_MIN; /* leads a control point inside a control point here */
    begin_step(run, *step);
    if (run->countdown <= 0)
        look(run);
    carry_out(run);
    run->busy = false;
    arm(run);
    *step = run->step;
    return should_stop(run, run->step) ? TRIMTAB_STOP : TRIMTAB_GO;
}

static inline bool watches_changed(const trimtab_run *run)
{
    for (uint32_t i = 0; i < run->watches; i++)
        if (watch_bits(&run->watch[i]) != run->watch[i].told)
            return true;
    return false;
}

/* A getter is the program's code: what it calls must not be a control point that begins here. */
static __attribute__((noinline)) bool getters_changed(trimtab_run *run)
{
    bool changed = false;

    run->busy = true;
    run->alarm_step = INT64_MIN;
    for (uint32_t i = 0; i < run->settings && !changed; i++)
        changed = setting_is_polled(run->setting[i]) && setting_has_changed(run->setting[i]);
    run->busy = false;
    arm(run); /* what a getter calls may have changed what is due */
    return changed;
}

int trimtab_control_point(trimtab_run *run, int64_t *step)
{
    if (__builtin_expect(!run || !step || __atomic_load_n(run->mark, __ATOMIC_RELAXED) != MARK_LIVE, 0))
        return control_point_slow(run, step);
    int64_t at = *step;
    /* The countdown comes first: it must not stand still where something else is due at each control point. */
    bool due = --run->countdown <= 0 || at >= run->alarm_step || at < RECORD_STEP_MIN || at > RECORD_STEP_MAX ||
               mailbox_attention(&run->mailbox, at) || watches_changed(run) ||
               (run->getters > 0 && getters_changed(run));
    if (__builtin_expect(due, 0))
        return control_point_slow(run, step);
    begin_step(run, at);
    return TRIMTAB_GO;
}

void trimtab_set_waiter(trimtab_run *run, const trimtab_waiter *waiter)
{
    if (run)
        run->waiter = waiter ? *waiter : (trimtab_waiter){0};
}

int trimtab_total_steps(trimtab_run *run, int64_t total_steps)
{
    struct record record;
    bool possible = total_steps >= 0 && run_holds_step(total_steps);

    if (!run_is_live(run)) {
        if (run && possible)
            run->total_steps = total_steps;
        return TRIMTAB_INERT;
    }
    if (!possible)
        return run_refuse(run, TRIMTAB_INVALID, "a run cannot have %" PRId64 " steps", total_steps);
    if (total_steps == run->total_steps)
        return TRIMTAB_OK;
    run->total_steps = total_steps;
    run->alarm_step = INT64_MIN; /* the next control point arms anew */
    tell_begin(run, &record, RECORD_RUN);
    declare_run(run, &record);
    return tell_put(run, &record);
}

void trimtab_interrupt(trimtab_run *run)
{
    uint8_t live = MARK_LIVE;

    if (!run)
        return;
    __atomic_store_n(&run->interrupted, true, __ATOMIC_RELEASE);
    /* Leads the next control point to the slow path. In a forked child the mark stays what it is. */
    (void)__atomic_compare_exchange_n(run->mark, &live, MARK_INTERRUPTED, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}
