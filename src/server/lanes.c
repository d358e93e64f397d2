#include "server/lanes.h"

#include <stdlib.h>

#include "base/clock.h"
#include "server/output.h"
#include "store/summary.h"

enum { LANE_TEXTS = 6 };

struct lane_row {
    struct store_row row;
    char *texts[LANE_TEXTS];
};

static void row_finish(struct lane_row *row)
{
    for (size_t i = 0; i < LANE_TEXTS; i++)
        free(row->texts[i]);
}

/* Texts are moved into the row's own memory. */
static bool row_copy(struct lane_row *to, const struct store_row *from)
{
    const char *texts[LANE_TEXTS] = {from->actor,  from->address, from->canonical,
                                     from->reason, from->detail,  from->result};
    to->row = *from;
    for (size_t i = 0; i < LANE_TEXTS; i++)
        to->texts[i] = NULL;
    for (size_t i = 0; i < LANE_TEXTS; i++)
        if (!(to->texts[i] = strdup(texts[i] ? texts[i] : ""))) {
            row_finish(to);
            return false;
        }
    to->row.actor = to->texts[0];
    to->row.address = to->texts[1];
    to->row.canonical = to->texts[2];
    to->row.reason = to->texts[3];
    to->row.detail = to->texts[4];
    to->row.result = to->texts[5];
    return true;
}

void lanes_init(struct lanes *lanes, uv_loop_t *loop, struct store *store, const char *run, int run_fd, bool exclusive)
{
    *lanes = (struct lanes){.loop = loop, .store = store, .run_fd = run_fd, .exclusive = exclusive, .next_job = 1};
    snprintf(lanes->run, sizeof lanes->run, "%s", run);
    lanes->asks_end = &lanes->asks;
}

static void ask_destroy(struct lane_ask *ask)
{
    buf_finish(&ask->out);
    free(ask->history);
    free(ask);
}

void lanes_finish(struct lanes *lanes)
{
    for (size_t i = 0; i < lanes->rows_count; i++)
        row_finish(&lanes->rows[i]);
    free(lanes->rows);
    free(lanes->plain);
    while (lanes->asks) {
        struct lane_ask *ask = lanes->asks;
        lanes->asks = ask->next;
        ask_destroy(ask);
    }
    if (lanes->reader)
        store_reader_close(lanes->reader);
}

bool lanes_add(struct lanes *lanes, const struct store_row *row, uint64_t *job)
{
    if (lanes->rows_count >= LANES_ROWS_MAX)
        return false;
    if (lanes->rows_count == lanes->rows_capacity) {
        size_t capacity = lanes->rows_capacity ? lanes->rows_capacity * 2 : 64;
        struct lane_row *rows = realloc(lanes->rows, capacity * sizeof *rows);
        if (!rows)
            return false;
        lanes->rows = rows;
        lanes->rows_capacity = capacity;
    }
    if (!row_copy(&lanes->rows[lanes->rows_count], row))
        return false;
    lanes->rows_count++;
    *job = lanes->next_job;
    return true;
}

static void remove_rows(struct lanes *lanes, size_t at, size_t count)
{
    if (count == 0)
        return;
    for (size_t i = at; i < at + count; i++)
        row_finish(&lanes->rows[i]);
    memmove(lanes->rows + at, lanes->rows + at + count, (lanes->rows_count - at - count) * sizeof *lanes->rows);
    lanes->rows_count -= count;
}

void lanes_take_back(struct lanes *lanes, int kind, uint64_t number)
{
    for (size_t i = lanes->in_flight; i < lanes->rows_count; i++)
        if (lanes->rows[i].row.ticket == number && (int)lanes->rows[i].row.kind == kind) {
            remove_rows(lanes, i, 1);
            return;
        }
}

bool lanes_failing(const struct lanes *lanes)
{
    return lanes->status < 0;
}

static void work_write(uv_work_t *work)
{
    struct lanes *lanes = work->data;
    int64_t begin_ns = clock_monotonic_ns();
    lanes->err = (struct err){0};
    lanes->status = store_commit(lanes->store, &lanes->commit, &lanes->err);
    lanes->commits.took_ns = clock_monotonic_ns() - begin_ns;
}

static void after_write(uv_work_t *work, int cancelled)
{
    struct lanes *lanes = work->data;
    (void)cancelled;
    lanes->writing = false;
    size_t in_flight = lanes->in_flight;
    lanes->in_flight = 0;
    lanes->commits.points += lanes->commit.points;
    if (lanes->status == 0) {
        lanes->commits.count++;
        remove_rows(lanes, 0, in_flight);
        lanes->committed_job = lanes->next_job - 1;
        lanes->stored = lanes->commit.stored;
        lanes->retry_ns = 0;
    } else {
        lanes->commits.failed++;
        lanes->retry_ns = clock_monotonic_ns() + INT64_C(500000000);
    }
    lanes->committed(lanes->owner, lanes->status == 0);
}

void lanes_commit(struct lanes *lanes, uint64_t gone, const struct journal_position *live, bool finish, int64_t now_ns)
{
    if (lanes->writing)
        return;
    struct store_row *plain = realloc(lanes->plain, (lanes->rows_count + 1) * sizeof *plain);
    if (!plain)
        return;
    lanes->plain = plain;
    for (size_t i = 0; i < lanes->rows_count; i++)
        plain[i] = lanes->rows[i].row;
    lanes->in_flight = lanes->rows_count;
    lanes->live = *live;
    lanes->commit = (struct store_commit){.rows = plain,
                                          .rows_count = lanes->rows_count,
                                          .gone_ordinal = gone,
                                          .follower = &lanes->live,
                                          .finish = finish};
    lanes->write_work.data = lanes;
    lanes->last_start_ns = now_ns;
    lanes->next_job++;
    lanes->writing = uv_queue_work(lanes->loop, &lanes->write_work, work_write, after_write) == 0;
    if (!lanes->writing)
        lanes->in_flight = 0;
}

bool lanes_idle(const struct lanes *lanes)
{
    return !lanes->writing && !lanes->reading;
}

static int open_reader(struct lanes *lanes, struct err *err)
{
    if (lanes->reader)
        return 0;
    if (lanes->read_only)
        return store_reader_open_in_place(&lanes->reader, lanes->run, err);
    return lanes->exclusive ? store_reader_share(&lanes->reader, lanes->store, err)
                            : store_reader_open(&lanes->reader, lanes->run, false, err);
}

static int read_store(struct lanes *lanes, struct lane_ask *ask)
{
    const struct lane_history *history = ask->history;
    if (history && history->beside)
        return store_history_beside(lanes->run, history->beside, &history->ask, &ask->out, &ask->err);
    int status = open_reader(lanes, &ask->err);
    if (status)
        return status;
    if (history)
        return store_history(lanes->reader, &history->ask, &ask->out, &ask->err);
    return store_audit_page(lanes->reader, ask->from, ask->limit, ask->ticket, &ask->out, &ask->err);
}

static void work_read(uv_work_t *work)
{
    struct lanes *lanes = work->data;
    struct lane_ask *ask = lanes->asks;
    if (ask->code == CODE_OUTPUT)
        ask->status = output_page(lanes->run_fd, ask->from, ask->limit, &ask->out, &ask->err);
    else if (ask->code == CODE_RUNS)
        ask->status = store_runs(lanes->run, &ask->out, &ask->err);
    else
        ask->status = read_store(lanes, ask);
}

static void start_read(struct lanes *lanes);

static void after_read(uv_work_t *work, int cancelled)
{
    struct lanes *lanes = work->data;
    (void)cancelled;
    struct lane_ask *ask = lanes->asks;
    lanes->asks = ask->next;
    if (!lanes->asks)
        lanes->asks_end = &lanes->asks;
    lanes->asks_count--;
    lanes->reading = false;
    lanes->asked(lanes->owner, ask);
    ask_destroy(ask);
    start_read(lanes);
}

static void start_read(struct lanes *lanes)
{
    if (lanes->reading || !lanes->asks)
        return;
    lanes->read_work.data = lanes;
    lanes->reading = uv_queue_work(lanes->loop, &lanes->read_work, work_read, after_read) == 0;
}

bool lanes_ask(struct lanes *lanes, const struct lane_ask *asked)
{
    struct lane_ask *ask = lanes->asks_count < LIMIT_ASKS_WAITING ? malloc(sizeof *ask) : NULL;
    if (!ask) {
        free(asked->history);
        return false;
    }
    *ask = *asked;
    ask->next = NULL;
    buf_init(&ask->out);
    *lanes->asks_end = ask;
    lanes->asks_end = &ask->next;
    lanes->asks_count++;
    start_read(lanes);
    return true;
}

/* What is not being read yet. */
static struct lane_ask **waiting(struct lanes *lanes)
{
    return lanes->reading ? &lanes->asks->next : &lanes->asks;
}

void lanes_forget_client(struct lanes *lanes, uint64_t client)
{
    struct lane_ask **at = waiting(lanes);
    while (*at) {
        struct lane_ask *ask = *at;
        if (ask->client != client) {
            at = &ask->next;
            continue;
        }
        *at = ask->next;
        ask_destroy(ask);
        lanes->asks_count--;
    }
    lanes->asks_end = at;
}

void lanes_refuse(struct lanes *lanes)
{
    struct lane_ask *ask;
    while ((ask = *waiting(lanes))) {
        *waiting(lanes) = ask->next;
        lanes->asks_count--;
        ask->status = err_set(&ask->err, ERR_CLOSED, "the server is ending; another one may serve this run soon");
        lanes->asked(lanes->owner, ask);
        ask_destroy(ask);
    }
    lanes->asks_end = waiting(lanes);
}
