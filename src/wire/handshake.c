#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "wire/websocket.h"

enum { KEY = 24, SHA1 = 20 };

static int refuse(struct http_fault *fault, int status, const char *detail)
{
    fault->status = status;
    snprintf(fault->detail, sizeof fault->detail, "%s", detail);
    return -1;
}

static bool is_base64(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/* 16 bytes in base64: the last of the 22 digits has four bits that mean nothing and are 0. */
static bool is_key(struct text key)
{
    if (key.size != KEY || memcmp(key.data + 22, "==", 2) != 0 || !memchr("AQgw", key.data[21], 4))
        return false;
    for (size_t i = 0; i < 22; i++)
        if (!is_base64(key.data[i]))
            return false;
    return true;
}

/* What else has to be so before version and key count; NULL when it is. */
static const char *head_fault(const struct http_head *head)
{
    if (!text_is(head->method, "GET") || head->minor != 1)
        return "a WebSocket begins with GET and HTTP/1.1";
    if (!head->upgrade || !http_field_names(head, "Upgrade", "websocket"))
        return "a WebSocket needs `Connection: Upgrade` and `Upgrade: websocket`";
    if (head->body == HTTP_CHUNKED || (head->body == HTTP_LENGTH && head->length > 0))
        return "the request that begins a WebSocket has no body";
    return NULL;
}

/* RFC 6455, 4.2.2: SHA-1 of the key with this GUID behind it. */
static bool add_accept(struct text key, char accept[29])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY + sizeof guid - 1];
    unsigned char digest[EVP_MAX_MD_SIZE];
    memcpy(text, key.data, KEY);
    memcpy(text + KEY, guid, sizeof guid - 1);
    if (!EVP_Digest(text, sizeof text, digest, NULL, EVP_sha1(), NULL))
        return false;
    EVP_EncodeBlock((unsigned char *)accept, digest, SHA1);
    return true;
}

int websocket_accept(const struct http_head *head, char accept[29], struct http_fault *fault)
{
    bool many = false, two_versions = false;
    const char *wrong = head_fault(head);
    if (wrong)
        return refuse(fault, 400, wrong);
    const struct text *version = http_field(head, "Sec-WebSocket-Version", &two_versions);
    if (!version)
        return refuse(fault, 400, "a WebSocket needs one `Sec-WebSocket-Version: 13`");
    if (!text_is(*version, "13"))
        return refuse(fault, 426, "only version 13 of WebSocket is spoken here");
    const struct text *key = http_field(head, "Sec-WebSocket-Key", &many);
    if (!key || !is_key(*key))
        return refuse(fault, 400, "a WebSocket needs one `Sec-WebSocket-Key`: 16 bytes in base64");
    if (!add_accept(*key, accept))
        return refuse(fault, 503, "the server has no memory for this WebSocket");
    return 0;
}
