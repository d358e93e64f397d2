#include "fake_server.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static char *id_of(const char *line)
{
    json_t *request = json_loads(line, 0, NULL);
    char *id = json_dumps(json_object_get(request, "id"), JSON_ENCODE_ANY);
    json_decref(request);
    return id;
}

static bool expect(FILE *in, const char *text, char **id)
{
    char *line = NULL;
    size_t capacity = 0;
    bool found = getline(&line, &capacity, in) > 0 && strstr(line, text);
    free(*id);
    *id = found ? id_of(line) : NULL;
    free(line);
    return found;
}

static void send_bytes(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        data += sent;
        size -= (size_t)sent;
    }
}

static void send_step(int fd, const struct fake_step *step, const char *id)
{
    const char *at = step->size ? NULL : strchr(step->send, '@');
    size_t size = step->size ? step->size : strlen(step->send);
    for (unsigned i = 0; i <= step->repeat; i++) {
        send_bytes(fd, step->send, at ? (size_t)(at - step->send) : size);
        if (at && id)
            send_bytes(fd, id, strlen(id));
        if (at)
            send_bytes(fd, at + 1, strlen(at + 1));
    }
}

static void *serve(void *context)
{
    struct fake_server *server = context;
    char *id = NULL;
    struct pollfd ready = {.fd = server->listening, .events = POLLIN};
    poll(&ready, 1, -1);
    int fd = accept(server->listening, NULL, NULL);
    FILE *in = fdopen(fd, "r");
    for (const struct fake_step *step = server->steps; (step->expect || step->send) && !server->failed; step++) {
        if (step->expect && !expect(in, step->expect, &id))
            server->failed = step;
        else if (step->send)
            send_step(fd, step, id);
    }
    while (!server->hang_up && getc(in) != EOF)
        continue;
    free(id);
    fclose(in);
    return NULL;
}

void fake_server_start(struct fake_server *server, int listening)
{
    server->listening = listening;
    server->failed = NULL;
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

void fake_server_start_tcp(struct fake_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(server->address, sizeof server->address, "127.0.0.1:%u", ntohs(address.sin_port));
    fake_server_start(server, fd);
}

void fake_server_end(struct fake_server *server)
{
    pthread_join(server->thread, NULL);
    close(server->listening);
    if (server->failed)
        fail_msg("this line did not come: %s", server->failed->expect);
}

trimtab_client *fake_server_meet(struct fake_server *server, const struct fake_step *steps)
{
    server->steps = steps;
    fake_server_start_tcp(server);
    trimtab_client *client = trimtab_client_create();
    assert_int_equal(trimtab_client_connect_address(client, server->address, SOON), TRIMTAB_CLIENT_OK);
    return client;
}

void fake_server_leave(trimtab_client *client, struct fake_server *server)
{
    trimtab_client_close(client);
    fake_server_end(server);
}

void fake_server_pong(trimtab_client *client)
{
    const char *reply;
    assert_int_equal(trimtab_client_call(client, "{\"code\":2,\"id\":\"p\"}", &reply, SOON), TRIMTAB_CLIENT_OK);
    assert_string_equal(reply, "{\"code\":2,\"id\":\"p\",\"result\":{}}");
}
