#include "cli/invite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/print.h"

void invite_link(char link[INVITE_LINK_MAX], const char *host, const char *token)
{
    snprintf(link, INVITE_LINK_MAX, "http://%.*s/%s%s", INVITE_HOST_MAX, host, token ? "#token=" : "",
             token ? token : "");
}

int invite_make(int run_fd, const char *host, struct grant *grant, int64_t now_ns, char link[INVITE_LINK_MAX],
                struct err *err)
{
    char token[TOKEN_TEXT];
    int code = tokens_add_numbered(run_fd, grant, now_ns, token, err);
    if (code < 0)
        return code;
    invite_link(link, host, token);
    explicit_bzero(token, sizeof token);
    return 0;
}

void invite_host(char host[INVITE_HOST_MAX], const char *address)
{
    static const struct {
        const char *all, *loopback;
    } wild[] = {{"0.0.0.0:", "127.0.0.1:"}, {"[::]:", "[::1]:"}};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        size_t size = strlen(wild[i].all);
        if (strncmp(address, wild[i].all, size) == 0) {
            snprintf(host, INVITE_HOST_MAX, "%s%s", wild[i].loopback, address + size);
            return;
        }
    }
    snprintf(host, INVITE_HOST_MAX, "%s", address);
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]:", 6) == 0 || strncmp(host, "localhost:", 10) == 0;
}

void invite_print_tunnel(struct buf *out, const char *host)
{
    char here[256] = "HOST";
    const char *port = strrchr(host, ':');
    if (!is_loopback(host) || !port)
        return;
    gethostname(here, sizeof here - 1);
    buf_printf(out, "ssh -L %s:%s ", port + 1, host);
    print_shell_word(out, here);
}
