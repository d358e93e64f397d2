#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <trimtab/trimtab.h>

#include "server/server.h"
#include "wire/server_view.h"

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
    struct rusage used = {0};
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

void stats_view(const struct server *server, struct stats_view *view)
{
    *view = (struct stats_view){.version = TRIMTAB_VERSION,
                                .pid = getpid(),
                                .uptime = (double)(server->mono_ns - server->began_mono_ns) * 1e-9,
                                .cpu = cpu_seconds(),
                                .resident = resident_bytes(),
                                .turns = server->turns,
                                .clients_now = clients_people(server),
                                .clients_most = server->clients_peak,
                                .clients_ever = server->clients_ever,
                                .answered = server->requests_answered,
                                .refused = server->requests_refused,
                                .bytes_in = server->bytes_in,
                                .bytes_out = server->bytes_out,
                                .published = server->hub.next,
                                .held = server->hub.next - server->hub.first,
                                .held_bytes = (server->hub.next - server->hub.first) * sizeof(struct event) +
                                              server->hub.text_bytes,
                                .thinned = server->hub.thinned,
                                .gaps = server->gaps,
                                .commits = server->lanes.commits.count,
                                .commits_failed = server->lanes.commits.failed,
                                .points = server->lanes.commits.points,
                                .last_commit = (double)server->lanes.commits.took_ns * 1e-9};
}

void stats_write(const struct server *server, struct buf *line)
{
    struct stats_view view;
    stats_view(server, &view);
    result_stats(line, &view);
}
