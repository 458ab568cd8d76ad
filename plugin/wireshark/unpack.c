/* unpack.c
 * Compressed kernel logs, as logrotate and sosreport leave them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/unpack.h"

#ifdef NLM_HEALTH_HAVE_ZLIB
#include <zlib.h>
#endif

#ifdef NLM_HEALTH_HAVE_LZMA
#include <lzma.h>
#endif

#define PIECE       65536
#define TOO_LARGE   "has more than 64 MiB when it is decompressed; keep the lines with \"lockd\", \"nfs\" and \"RPC\" of it"
#define GZIP_WINDOW (15 + 16)           /* zlib.h, inflateInit2: the largest window, and a header of gzip's */
#define XZ_MEMORY   (256 * 1024 * 1024) /* xz -9 takes 65 MiB */

#if defined(NLM_HEALTH_HAVE_ZLIB) || defined(NLM_HEALTH_HAVE_LZMA)
static char *
end_of(GByteArray *plain, size_t *length)
{
    static const guint8 nul = 0;

    *length = plain->len;
    g_byte_array_append(plain, &nul, 1);
    return (char *)g_byte_array_free(plain, false);
}

static char *
give_up(GByteArray *plain, const char **why, const char *reason)
{
    g_byte_array_unref(plain);
    *why = reason;
    return NULL;
}
#endif

#ifdef NLM_HEALTH_HAVE_ZLIB
/*
 * Several files of gzip one after the other are one (RFC 1952, section 2.2). What a cut file has is taken. By zlib itself,
 * which Wireshark has loaded: GLib's own way to it takes GIO, a megabyte in each run.
 */
static char *
from_gzip(const char *packed, size_t size, size_t most, size_t *length, const char **why)
{
    GByteArray *plain = g_byte_array_new();
    z_stream stream = { .next_in = (Bytef *)(uintptr_t)packed, .avail_in = (uInt)MIN(size, G_MAXUINT32) };
    guint8 piece[PIECE];
    int result = inflateInit2(&stream, GZIP_WINDOW);

    while (result == Z_OK && plain->len <= most) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        result = inflate(&stream, Z_NO_FLUSH);
        g_byte_array_append(plain, piece, (unsigned)(sizeof piece - stream.avail_out));
        if (result == Z_STREAM_END && stream.avail_in > 0)
            result = inflateReset(&stream);
    }
    inflateEnd(&stream);
    if (plain->len > most)
        return give_up(plain, why, TOO_LARGE);
    if (plain->len == 0 && result != Z_STREAM_END)
        return give_up(plain, why, "is compressed by gzip, and damaged");
    return end_of(plain, length);
}
#else
#define from_gzip NULL
#endif

#ifdef NLM_HEALTH_HAVE_LZMA
static char *
from_xz(const char *packed, size_t size, size_t most, size_t *length, const char **why)
{
    GByteArray *plain = g_byte_array_new();
    lzma_stream stream = LZMA_STREAM_INIT;
    guint8 piece[PIECE];
    lzma_ret result = lzma_stream_decoder(&stream, XZ_MEMORY, LZMA_CONCATENATED);

    stream.next_in = (const guint8 *)packed;
    stream.avail_in = size;
    while (result == LZMA_OK && plain->len <= most) {
        stream.next_out = piece;
        stream.avail_out = sizeof piece;
        result = lzma_code(&stream, LZMA_FINISH);
        g_byte_array_append(plain, piece, (unsigned)(sizeof piece - stream.avail_out));
    }
    lzma_end(&stream);
    if (plain->len > most)
        return give_up(plain, why, TOO_LARGE);
    if (plain->len == 0 && result != LZMA_STREAM_END)
        return give_up(plain, why, "is compressed by xz, and damaged");
    return end_of(plain, length);
}
#else
#define from_xz NULL
#endif

/* By their first bytes; unpack NULL: this build has no library for it. */
static const struct {
    const char *magic;
    size_t length;
    char *(*unpack)(const char *packed, size_t size, size_t most, size_t *length, const char **why);
    const char *without;
} formats[] = {
    { "\x1f\x8b\x08", 3, from_gzip, "is compressed by gzip, which this build of the plugin cannot read; decompress it first (gzip -dk)" },
    { "\xfd"
      "7zXZ\0",
      6, from_xz, "is compressed by xz, which this build of the plugin cannot read; decompress it first (xz -dk)" },
};

char *
nh_unpack(const char *packed, size_t size, size_t most, size_t *length, const char **why)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (size < formats[i].length || memcmp(packed, formats[i].magic, formats[i].length) != 0)
            continue;
        if (formats[i].unpack)
            return formats[i].unpack(packed, size, most, length, why);
        *why = formats[i].without;
        return NULL;
    }
    return NULL;
}
