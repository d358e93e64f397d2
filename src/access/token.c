#include "access/token.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>
#include <sys/random.h>

enum { TOKEN_RANDOM = 32 };

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool token_hash(const char *text, size_t size, uint8_t hash[TOKEN_HASH])
{
    memset(hash, 0, TOKEN_HASH);
    return SHA256((const unsigned char *)text, size, hash) != NULL;
}

static int fill(uint8_t *random, size_t size, struct err *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom(random + done, size - done, 0);
        if (got < 0 && errno != EINTR)
            return err_errno(err, ERR_SYSTEM, "no random numbers for a token");
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

/* base64url (RFC 4648 section 5) without padding: six bits a digit, from the first byte's highest on. */
static void spell(const uint8_t random[TOKEN_RANDOM], char *text)
{
    for (size_t bit = 0; bit < TOKEN_RANDOM * 8; bit += 6) {
        unsigned next = bit / 8 + 1 < TOKEN_RANDOM ? random[bit / 8 + 1] : 0;
        unsigned pair = (unsigned)random[bit / 8] << 8 | next;
        *text++ = digits[pair >> (10 - bit % 8) & 63];
    }
    *text = '\0';
}

int token_make(char text[TOKEN_TEXT], uint8_t hash[TOKEN_HASH], struct err *err)
{
    uint8_t random[TOKEN_RANDOM];
    int code = fill(random, sizeof random, err);
    memcpy(text, "tt_", sizeof "tt_");
    if (code < 0)
        return code;
    spell(random, text + strlen("tt_"));
    OPENSSL_cleanse(random, sizeof random);
    return token_hash(text, TOKEN_TEXT - 1, hash) ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

bool token_hash_is(const uint8_t hash[TOKEN_HASH], const uint8_t other[TOKEN_HASH])
{
    return CRYPTO_memcmp(hash, other, TOKEN_HASH) == 0;
}
