/* latency.c: how long a client waits for its reply.
 *
 * latency ADDRESS ping|set REQUESTS PAUSE_US
 *   Sends one request after the other over TCP, each once the one before is answered and a random pause of up to
 * PAUSE_US has passed: without it each request would begin in the same phase of the server's tick and of the trainer's
 * step. Prints "SENT_NS REPLIED_NS TICKET" a request: CLOCK_REALTIME, which the outcome's time is of as well; 0: no
 * ticket. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <trimtab/client.h>

#include "stopwatch.h"

#define PATIENCE 60.0
#define WARM_UP 10 /* requests that are not counted */

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014) */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void pause_up_to(int64_t most_us, uint64_t *state)
{
    if (most_us <= 0)
        return;
    int64_t us = (int64_t)(random_next(state) % (uint64_t)most_us);
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

/* Each `set` changes the value. */
static void build_request(char *out, size_t size, bool set, int64_t number)
{
    if (set)
        snprintf(out, size, "{\"code\":20,\"settings\":{\"lr\":%s}}", number % 2 ? "0.001" : "0.002");
    else
        snprintf(out, size, "{\"code\":2}");
}

static unsigned long long ticket_of(const char *reply)
{
    const char *ticket = strstr(reply, "\"ticket\":");
    return ticket ? strtoull(ticket + strlen("\"ticket\":"), NULL, 10) : 0;
}

static int ask(trimtab_client *client, bool set, int64_t number)
{
    char request[96];
    const char *reply;
    build_request(request, sizeof request, set, number);
    int64_t sent_ns = stopwatch_read(CLOCK_REALTIME);
    if (trimtab_client_call(client, request, &reply, PATIENCE) < 0) {
        fprintf(stderr, "latency: %s\n", trimtab_client_error(client));
        return -1;
    }
    int64_t replied_ns = stopwatch_read(CLOCK_REALTIME);
    if (!strstr(reply, set ? "\"outcome\":\"applied\"" : "\"result\"")) {
        fprintf(stderr, "latency: not what was asked for: %s\n", reply);
        return -1;
    }
    if (number >= WARM_UP)
        printf("%lld %lld %llu\n", (long long)sent_ns, (long long)replied_ns, ticket_of(reply));
    return 0;
}

static int ask_all(trimtab_client *client, bool set, int64_t requests, int64_t pause_us)
{
    uint64_t state = 1;
    for (int64_t i = 0; i < requests + WARM_UP; i++) {
        pause_up_to(pause_us, &state);
        if (ask(client, set, i) < 0)
            return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5 || (strcmp(argv[2], "ping") != 0 && strcmp(argv[2], "set") != 0) || atoll(argv[3]) < 1)
        return 2;
    trimtab_client *client = trimtab_client_create();
    int status = trimtab_client_connect_address(client, argv[1], PATIENCE);
    if (status < 0)
        fprintf(stderr, "latency: %s\n", trimtab_client_error(client));
    else
        status = ask_all(client, strcmp(argv[2], "set") == 0, atoll(argv[3]), atoll(argv[4]));
    trimtab_client_close(client);
    return status < 0 ? 1 : 0;
}
