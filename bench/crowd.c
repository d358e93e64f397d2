/* crowd.c: many clients in one process, so that the server's own memory and time can be told from theirs.
 *
 * crowd ADDRESS READERS REQUEST SILENT REQUEST
 *   Connects so many readers and so many silent ones, sends on each its REQUEST, and says "ready" once all are
 * answered. Then it reads what comes and does what it is told on standard input, a line each: hush    the silent ones
 * are not read any more          hear   they are read again begin   waits are measured from now on tell    answers
 * "WAITS P50_NS P99_NS MOST_NS" of the readers' waits since `begin`: from a line's newest point (the time that the
 * trainer gave it) until the line is here count   answers "LEAST MOST THINNED GAPS": points told or thinned of the
 * reader that got fewest, of the one that got most; of these merely counted, in all; gaps that the silent ones were
 * told It ends with its input. */
#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stopwatch.h"

enum { EVENTS = 512, PART = 262144, RECEIVE_BYTES = 4096 };

struct member {
    int fd;
    bool is_reader, answered;
    char *rest; /* of a line that is not whole yet */
    size_t rest_size;
    uint64_t points, thinned, gaps;
};

struct crowd {
    struct member *members;
    size_t readers, count, answered;
    int epoll_fd;
    bool measuring;
    int64_t *waits;
    size_t waits_count, waits_room;
};

static int fail(const char *what)
{
    fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
    return -1;
}

static bool begins(const char *line, const char *begin)
{
    return strncmp(line, begin, strlen(begin)) == 0;
}

/* ---- what comes ---- */

static void add_wait(struct crowd *crowd, int64_t wait_ns)
{
    if (crowd->waits_count == crowd->waits_room) {
        size_t room = crowd->waits_room ? crowd->waits_room * 2 : 65536;
        int64_t *more = realloc(crowd->waits, room * sizeof *more);
        if (!more)
            abort();
        crowd->waits = more;
        crowd->waits_room = room;
    }
    crowd->waits[crowd->waits_count++] = wait_ns;
}

/* "points":[[id,step,time,value],...],"thinned":n */
static void take_points(struct crowd *crowd, struct member *member, const char *line, int64_t now_ns)
{
    const char *points = strstr(line, "\"points\":["), *newest = NULL, *thinned = strstr(line, "\"thinned\":");
    for (const char *at = points ? points + strlen("\"points\":[") : ""; (at = strchr(at, '[')); at++) {
        member->points++;
        newest = at;
    }
    if (thinned)
        member->thinned += strtoull(thinned + strlen("\"thinned\":"), NULL, 10);
    if (!crowd->measuring || !newest || !member->is_reader)
        return;
    const char *time = strchr(strchr(newest, ',') + 1, ',') + 1;
    add_wait(crowd, now_ns - (int64_t)(strtod(time, NULL) * 1e9));
}

static void take_line(struct crowd *crowd, struct member *member, const char *line, int64_t now_ns)
{
    if (!member->answered) {
        member->answered = begins(line, "{\"code\":");
        crowd->answered += member->answered;
        if (!member->answered)
            fprintf(stderr, "crowd: %.200s\n", line);
    } else if (begins(line, "{\"event\":\"scalars\"")) {
        take_points(crowd, member, line, now_ns);
    } else if (begins(line, "{\"event\":\"gap\"")) {
        member->gaps++;
    }
}

static void keep_rest(struct member *member, const char *rest, size_t size)
{
    char *kept = size ? malloc(size) : NULL;
    if (size && !kept)
        abort();
    if (size)
        memcpy(kept, rest, size);
    free(member->rest);
    member->rest = kept;
    member->rest_size = size;
}

static int member_read(struct crowd *crowd, struct member *member)
{
    static char data[PART * 4 + 1];
    if (member->rest_size > PART * 3)
        abort();
    memcpy(data, member->rest ? member->rest : "", member->rest_size);
    ssize_t got = recv(member->fd, data + member->rest_size, PART, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got <= 0)
        return fail("the server closed a connection");
    int64_t now_ns = stopwatch_read(CLOCK_REALTIME);
    char *line = data, *end = data + member->rest_size + got, *lf;
    for (; (lf = memchr(line, '\n', (size_t)(end - line))); line = lf + 1) {
        *lf = '\0';
        take_line(crowd, member, line, now_ns);
    }
    keep_rest(member, line, (size_t)(end - line));
    return 0;
}

/* ---- what it is told ---- */

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void tell(struct crowd *crowd)
{
    size_t count = crowd->waits_count;
    if (count)
        qsort(crowd->waits, count, sizeof *crowd->waits, compare);
    printf("%zu %lld %lld %lld\n", count, count ? (long long)crowd->waits[count / 2] : 0,
           count ? (long long)crowd->waits[count * 99 / 100] : 0, count ? (long long)crowd->waits[count - 1] : 0);
}

static void count(const struct crowd *crowd)
{
    uint64_t least = UINT64_MAX, most = 0, thinned = 0, gaps = 0;
    for (size_t i = 0; i < crowd->count; i++) {
        const struct member *member = &crowd->members[i];
        uint64_t all = member->points + member->thinned;
        if (!member->is_reader) {
            gaps += member->gaps > 0;
            continue;
        }
        least = all < least ? all : least;
        most = all > most ? all : most;
        thinned += member->thinned;
    }
    printf("%llu %llu %llu %llu\n", (unsigned long long)least, (unsigned long long)most, (unsigned long long)thinned,
           (unsigned long long)gaps);
}

static void hear(struct crowd *crowd, bool on)
{
    for (size_t i = crowd->readers; i < crowd->count; i++) {
        struct epoll_event event = {.events = on ? EPOLLIN : 0, .data.u64 = i};
        epoll_ctl(crowd->epoll_fd, EPOLL_CTL_MOD, crowd->members[i].fd, &event);
    }
}

/* False at the end of input. */
static bool obey(struct crowd *crowd)
{
    char line[64];
    if (!fgets(line, sizeof line, stdin))
        return false;
    if (begins(line, "hush") || begins(line, "hear"))
        hear(crowd, begins(line, "hear"));
    if (begins(line, "begin")) {
        crowd->waits_count = 0;
        crowd->measuring = true;
    }
    if (begins(line, "tell"))
        tell(crowd);
    if (begins(line, "count"))
        count(crowd);
    fflush(stdout);
    return true;
}

/* ---- who is there ---- */

static int dial(const struct sockaddr_in *address, bool little)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), bytes = RECEIVE_BYTES;
    struct linger at_once = {.l_onoff = 1}; /* no port stays taken afterwards */
    if (fd < 0)
        return fail("socket");
    if (little)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0)
        return fail("connect");
    return fd;
}

static int enter(struct crowd *crowd, size_t i, const struct sockaddr_in *address, const char *request)
{
    struct member *member = &crowd->members[i];
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
    char line[256];
    int size = snprintf(line, sizeof line, "%s\n", request);
    member->is_reader = i < crowd->readers;
    member->fd = dial(address, !member->is_reader);
    if (member->fd < 0)
        return -1;
    if (size >= (int)sizeof line || send(member->fd, line, (size_t)size, MSG_NOSIGNAL) != size)
        return fail("send");
    return epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, member->fd, &event) < 0 ? fail("epoll") : 0;
}

static int parse_address(const char *text, struct sockaddr_in *address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return -1;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1))};
    return inet_pton(AF_INET, host, &address->sin_addr) == 1 ? 0 : -1;
}

/* One turn: 0 to go on, 1 at the end of input. */
static int turn(struct crowd *crowd)
{
    struct epoll_event told[EVENTS];
    int got = epoll_wait(crowd->epoll_fd, told, EVENTS, -1);
    for (int i = 0; i < got; i++) {
        if (told[i].data.u64 == UINT64_MAX) {
            if (!obey(crowd))
                return 1;
        } else if (member_read(crowd, &crowd->members[told[i].data.u64]) < 0) {
            return -1;
        }
    }
    return 0;
}

static int assemble(struct crowd *crowd, const struct sockaddr_in *address, char **requests)
{
    for (size_t i = 0; i < crowd->count; i++)
        if (enter(crowd, i, address, requests[i < crowd->readers ? 0 : 2]) < 0)
            return -1;
    while (crowd->answered < crowd->count)
        if (turn(crowd) < 0)
            return -1;
    struct epoll_event input = {.events = EPOLLIN, .data.u64 = UINT64_MAX};
    printf("ready\n");
    fflush(stdout);
    return epoll_ctl(crowd->epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0 ? fail("epoll") : 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    struct rlimit files;
    if (argc != 6 || parse_address(argv[1], &address) < 0 || atoll(argv[2]) < 0 || atoll(argv[4]) < 0)
        return 2;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setvbuf(stdin, NULL, _IONBF, 0); /* epoll tells of what is not read yet */
    struct crowd crowd = {.readers = (size_t)atoll(argv[2]),
                          .count = (size_t)(atoll(argv[2]) + atoll(argv[4])),
                          .epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    crowd.members = calloc(crowd.count ? crowd.count : 1, sizeof *crowd.members);
    int status = crowd.members && crowd.epoll_fd >= 0 ? assemble(&crowd, &address, argv + 3) : -1;
    while (status == 0)
        status = turn(&crowd);
    return status < 0;
}
