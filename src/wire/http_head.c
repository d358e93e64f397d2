#include "wire/http_head.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int http_refuse(struct http_fault *fault, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault->status = status;
    vsnprintf(fault->detail, sizeof fault->detail, format, args);
    va_end(args);
    return -1;
}

/* ---- texts ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool http_text_is(struct text text, const char *word)
{
    size_t i = 0;
    while (i < text.size && word[i] && lower(text.data[i]) == lower(word[i]))
        i++;
    return i == text.size && !word[i];
}

static bool is_letter_or_digit(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool http_is_token(char c)
{
    return is_letter_or_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

bool http_is_value(char c)
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}

/* *first goes up to the separator, *rest begins after it; false: it is not there, and *first is all. */
static bool split(struct text text, char separator, struct text *first, struct text *rest)
{
    const char *at = text.size ? memchr(text.data, separator, text.size) : NULL;
    *first = text_of(text.data, at ? (size_t)(at - text.data) : text.size);
    *rest = at ? text_of(at + 1, text.size - first->size - 1) : text_of(text.data + text.size, 0);
    return at != NULL;
}

static struct text trimmed(struct text text)
{
    while (text.size && (*text.data == ' ' || *text.data == '\t'))
        text = text_of(text.data + 1, text.size - 1);
    while (text.size && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* ---- look-ups ---- */

const struct text *http_field(const struct http_head *head, const char *name, bool *many)
{
    const struct text *found = NULL;
    *many = false;
    for (size_t i = 0; i < head->fields; i++) {
        if (!http_text_is(head->field[i].name, name))
            continue;
        *many = found != NULL;
        if (*many)
            return NULL;
        found = &head->field[i].value;
    }
    return found;
}

static bool list_names(struct text list, const char *word)
{
    struct text first;
    bool more = true;
    while (more) {
        more = split(list, ',', &first, &list);
        if (http_text_is(trimmed(first), word))
            return true;
    }
    return false;
}

bool http_field_names(const struct http_head *head, const char *name, const char *word)
{
    for (size_t i = 0; i < head->fields; i++) {
        if (http_text_is(head->field[i].name, name) && list_names(head->field[i].value, word))
            return true;
    }
    return false;
}

/* ---- authorities ---- */

static bool is_port(struct text port)
{
    unsigned number = 0;
    for (size_t i = 0; i < port.size && i < 5; i++) {
        if (port.data[i] < '0' || port.data[i] > '9')
            return false;
        number = number * 10 + (unsigned)(port.data[i] - '0');
    }
    return port.size >= 1 && port.size <= 5 && port.data[0] != '0' && number <= 65535;
}

static bool is_host(struct text host, const char *marks)
{
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        if (!is_letter_or_digit(c) && !(c && strchr(marks, c)))
            return false;
    }
    return host.size > 0;
}

/* After its `[`. */
static bool bracketed_authority(struct text authority, struct text *host, struct text *port, bool *ported)
{
    if (!split(authority, ']', host, port) || !memchr(host->data, ':', host->size))
        return false;
    *ported = port->size > 0;
    if (*ported && port->data[0] != ':')
        return false;
    if (*ported)
        *port = text_of(port->data + 1, port->size - 1);
    return is_host(*host, ":.");
}

bool http_authority(struct text authority, struct text *host, struct text *port)
{
    bool ported;
    if (authority.size && authority.data[0] == '[') {
        if (!bracketed_authority(text_of(authority.data + 1, authority.size - 1), host, port, &ported))
            return false;
    } else {
        ported = split(authority, ':', host, port);
        if (!is_host(*host, "-._"))
            return false;
    }
    return !ported || is_port(*port);
}

/* ---- where it ends ---- */

static int check_byte(unsigned char c, unsigned char before, struct http_fault *fault)
{
    if (before == '\r' && c != '\n')
        return http_refuse(fault, 400, "a CR without its LF: end lines with CR LF");
    if (c == '\n' && before != '\r')
        return http_refuse(fault, 400, "an LF without its CR: end lines with CR LF");
    if (c != '\r' && c != '\n' && !http_is_value((char)c))
        return http_refuse(fault, 400, "a control character (0x%02X) in the head", c);
    return 0;
}

static int too_long(bool in_first_line, struct http_fault *fault)
{
    if (in_first_line)
        return http_refuse(fault, 414, "a request line of more than %d bytes", LIMIT_HTTP_HEAD);
    return http_refuse(fault, 431, "a head of more than %d bytes", LIMIT_HTTP_HEAD);
}

/* The request line without its CR LF; size 0 and no data: its end is not among these bytes. */
static struct text first_line(const char *data, size_t size)
{
    size_t start = size >= 2 && data[0] == '\r' ? 2 : 0; /* after an empty line */
    const char *lf = memchr(data + start, '\n', size - start);
    return lf ? text_of(data + start, (size_t)(lf - 1 - (data + start))) : text_of(NULL, 0);
}

static int request_line(struct text line, struct http_head *head, struct http_fault *fault);

/* A line was ended by the LF at data[lf]. 1: the head too. */
static int line_ended(const char *data, size_t lf, struct http_head *head, struct http_fault *fault)
{
    struct text line = first_line(data, lf + 1);
    if (line.data && line.data + line.size + 1 == data + lf && request_line(line, head, fault) < 0)
        return -1;
    return lf >= 2 && data[lf - 2] == '\n';
}

/* As http_head_read. Byte by byte, so that of several faults the first is told, whatever came at once. */
static int find_end(const char *data, size_t size, size_t *seen, struct http_head *head, struct http_fault *fault)
{
    for (; *seen < size && *seen < LIMIT_HTTP_HEAD; ++*seen) {
        size_t at = *seen;
        if (check_byte((unsigned char)data[at], at ? (unsigned char)data[at - 1] : 0, fault) < 0)
            return -1;
        int rc = data[at] == '\n' ? line_ended(data, at, head, fault) : 0;
        if (rc)
            return rc < 0 ? -1 : (int)at + 1;
    }
    if (*seen < LIMIT_HTTP_HEAD)
        return 0;
    return too_long(!first_line(data, LIMIT_HTTP_HEAD).data, fault);
}

/* ---- the request line ---- */

static bool is_token(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!http_is_token(text.data[i]))
            return false;
    }
    return text.size > 0;
}

static int read_version(struct text version, struct http_head *head, struct http_fault *fault)
{
    static const char form[] = "HTTP/0.0";
    bool sound = version.size == sizeof form - 1;
    for (size_t i = 0; sound && i < version.size; i++)
        sound = form[i] == '0' ? version.data[i] >= '0' && version.data[i] <= '9' : version.data[i] == form[i];
    if (!sound)
        return http_refuse(fault, 400, "expected a request line like GET / HTTP/1.1");
    head->minor = version.data[7] - '0';
    if (version.data[5] != '1' || head->minor > 1)
        return http_refuse(fault, 505, "%.8s is not spoken here: use HTTP/1.1", version.data);
    return 0;
}

static int read_target(struct text target, struct http_head *head, struct http_fault *fault)
{
    if (target.size > LIMIT_HTTP_TARGET)
        return http_refuse(fault, 414, "a target of more than %d bytes", LIMIT_HTTP_TARGET);
    for (size_t i = 0; i < target.size; i++) {
        char c = target.data[i];
        if (c <= 0x20 || c > 0x7e || c == '#')
            return http_refuse(fault, 400, "the target holds the byte 0x%02X: percent-encode it", (unsigned char)c);
    }
    if (!(target.size && target.data[0] == '/') && !(text_is(target, "*") && text_is(head->method, "OPTIONS")))
        return http_refuse(fault, 400, "expected a target that begins with a slash, such as /metrics");
    split(target, '?', &head->path, &head->query);
    return 0;
}

static int request_line(struct text line, struct http_head *head, struct http_fault *fault)
{
    struct text target, version;
    split(line, ' ', &head->method, &version);
    split(version, ' ', &target, &version);
    if (read_version(version, head, fault) < 0)
        return -1;
    if (!is_token(head->method))
        return http_refuse(fault, 400, "expected a method such as GET at the beginning");
    return read_target(target, head, fault);
}

/* ---- fields ---- */

static int read_field(struct text line, struct http_head *head, struct http_fault *fault)
{
    struct http_field field;
    if (*line.data == ' ' || *line.data == '\t')
        return http_refuse(fault, 400, "a line that begins with white space: write each field on one line");
    if (!split(line, ':', &field.name, &field.value))
        return http_refuse(fault, 400, "a field without a colon");
    if (!is_token(field.name))
        return http_refuse(fault, 400,
                           "the name of a field is empty or holds what may not stand there (as white space)");
    if (head->fields == LIMIT_HTTP_FIELDS)
        return http_refuse(fault, 431, "more than %d fields", LIMIT_HTTP_FIELDS);
    field.value = trimmed(field.value);
    head->field[head->fields++] = field;
    return 0;
}

/* `at` .. `end`: whole lines, after the request line; the empty one at the end is not among them. */
static int read_fields(const char *at, const char *end, struct http_head *head, struct http_fault *fault)
{
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        if (read_field(text_of(at, (size_t)(lf - 1 - at)), head, fault) < 0)
            return -1;
        at = lf + 1;
    }
    return 0;
}

/* ---- what they mean ---- */

static int read_host(struct http_head *head, struct http_fault *fault)
{
    bool many;
    struct text host, port;
    const struct text *field = http_field(head, "Host", &many);
    if (!field)
        return http_refuse(fault, 400, many ? "more than one Host" : "no Host: every request needs one");
    if (!http_authority(*field, &host, &port))
        return http_refuse(fault, 400, "Host is malformed; expected HOST or HOST:PORT");
    head->host = *field;
    return 0;
}

static int read_length(struct text digits, struct http_head *head, struct http_fault *fault)
{
    bool sound = digits.size >= 1 && digits.size <= 19;
    for (size_t i = 0; sound && i < digits.size; i++) {
        sound = digits.data[i] >= '0' && digits.data[i] <= '9';
        head->length = head->length * 10 + (uint64_t)(digits.data[i] - '0');
    }
    if (!sound)
        return http_refuse(fault, 400, "Content-Length is malformed; expected 1 to 19 digits");
    head->body = HTTP_LENGTH;
    return 0;
}

static int read_framing(struct http_head *head, struct http_fault *fault)
{
    bool many_lengths, many_codings;
    const struct text *length = http_field(head, "Content-Length", &many_lengths);
    const struct text *coding = http_field(head, "Transfer-Encoding", &many_codings);
    if (many_lengths)
        return http_refuse(fault, 400, "more than one Content-Length");
    if (length && (coding || many_codings))
        return http_refuse(fault, 400, "Content-Length beside Transfer-Encoding: send one of them");
    if (length)
        return read_length(*length, head, fault);
    if ((coding || many_codings) && head->minor == 0)
        return http_refuse(fault, 400, "Transfer-Encoding with HTTP/1.0");
    if (many_codings || (coding && !http_text_is(*coding, "chunked")))
        return http_refuse(fault, 501, "a Transfer-Encoding other than chunked");
    head->body = coding ? HTTP_CHUNKED : HTTP_NO_BODY;
    return 0;
}

static int read_expect(struct http_head *head, struct http_fault *fault)
{
    bool many;
    const struct text *expect = http_field(head, "Expect", &many);
    if (many || (expect && !http_text_is(*expect, "100-continue")))
        return http_refuse(fault, 417, "only 100-continue can be expected");
    head->expects_continue = expect && head->minor > 0 && head->body != HTTP_NO_BODY;
    return 0;
}

static void read_connection(struct http_head *head)
{
    bool kept = head->minor > 0 || http_field_names(head, "Connection", "keep-alive");
    head->keep_alive = kept && !http_field_names(head, "Connection", "close");
    head->upgrade = http_field_names(head, "Connection", "upgrade");
}

int http_head_read(const char *data, size_t size, size_t *seen, struct http_head *head, struct http_fault *fault)
{
    int whole = find_end(data, size, seen, head, fault);
    if (whole <= 0)
        return whole;
    struct text line = first_line(data, (size_t)whole);
    head->fields = 0;
    head->length = 0;
    if (request_line(line, head, fault) < 0 ||
        read_fields(line.data + line.size + 2, data + whole - 2, head, fault) < 0 || read_host(head, fault) < 0 ||
        read_framing(head, fault) < 0 || read_expect(head, fault) < 0)
        return -1;
    read_connection(head);
    return whole;
}
