#include "wire/http_answer.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "protocol/protocol.h"

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].status == status)
            return reasons[i].reason;
    }
    return "";
}

int http_status_of(int error)
{
    switch ((enum error)error) {
    case ERROR_NONE:
        return 200;
    case ERROR_CODE:
    case ERROR_JSON:
    case ERROR_PARAMETER:
        return 400;
    case ERROR_AUTHORISED:
        return 403;
    case ERROR_NO_MODEL:
    case ERROR_MODEL:
    case ERROR_EXPIRED:
    case ERROR_CANCELLED:
    case ERROR_LOST:
    case ERROR_REVISION:
    case ERROR_FROZEN:
    case ERROR_STATE:
        return 409;
    case ERROR_LIMIT:
        return 429;
    case ERROR_STORAGE:
    case ERROR_INTERNAL:
        return 503;
    }
    return 500;
}

/* As RFC 9110 5.6.7 wants it: strftime would use the words of the locale. */
static void add_date(struct buf *out, int64_t now_ns)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(now_ns / 1000000000);
    struct tm utc;
    if (!gmtime_r(&seconds, &utc))
        return;
    buf_printf(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[utc.tm_wday], utc.tm_mday, months[utc.tm_mon],
               utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/* `fields`: each ended by CRLF. */
static bool has_field(const char *fields, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = fields; at && *at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        if (strncasecmp(at, name, size) == 0 && at[size] == ':')
            return true;
    }
    return false;
}

static bool has_length(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

void http_answer(struct buf *out, const struct http_answer *answer)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\n", answer->status, http_reason(answer->status));
    if (answer->status != 100) {
        add_date(out, answer->now_ns);
        buf_text(out, "X-Content-Type-Options: nosniff\r\n"
                      "Referrer-Policy: no-referrer\r\n"
                      "Content-Security-Policy: default-src 'self'; frame-ancestors 'none'\r\n");
        if (!has_field(answer->more, "Cache-Control"))
            buf_text(out, "Cache-Control: no-store\r\n");
    }
    if (answer->type)
        buf_printf(out, "Content-Type: %s\r\n", answer->type);
    if (has_length(answer->status))
        buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)answer->length);
    if (answer->close)
        buf_text(out, "Connection: close\r\n");
    buf_text(out, answer->more ? answer->more : "");
    buf_text(out, "\r\n");
}
