/* message_nlm.c
 * Arguments and results of the lock manager. Versions 1 and 3 count ranges in 32 bits, version 4 in 64; the rest is the
 * same, so message_nlm_args.h is read once for each width.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "message.h"

#include <string.h>

#include "nlm4.h"
#include "nlm_prot.h"

/* What a line says about a lock */
typedef struct {
    netobj   cookie, fh, owner;
    char     cookie_bytes[4], fh_bytes[28];
    char    *caller;
    char    *owner_text;
    int32_t   svid;
    uint64_t  offset, length;
    bool exclusive;
} lock_words;

static netobj
netobj_of(char *bytes, unsigned len)
{
    netobj object = { .n_len = len, .n_bytes = bytes };
    return object;
}

static void
set_cookie(lock_words *words, int64_t cookie)
{
    uint32_t wire = g_htonl((uint32_t)cookie);

    memcpy(words->cookie_bytes, &wire, 4);
    words->cookie = netobj_of(words->cookie_bytes, 4);
}

/* A call gets the next cookie ... */
static void
read_cookie(const message *m, lock_words *words)
{
    m->sc->last_cookie = m->call->cookie = (uint32_t)line_number(m->line, "cookie", m->sc->last_cookie + 1);
    set_cookie(words, m->call->cookie);
}

/* ... its reply the same, and the *_RES of an asynchronous call, which is a call itself, the last. */
static void
read_result_cookie(const message *m, lock_words *words)
{
    set_cookie(words, line_number(m->line, "cookie", m->call->cookie ? m->call->cookie : m->sc->last_cookie));
}

/* Linux names the owner SVID@host; the caller of a callback is still the client. */
static void
read_lock(const message *m, lock_words *words)
{
    host *client = g_ptr_array_index(m->sc->hosts, 0);
    const char *caller = line_value(m->line, "caller"), *owner = line_value(m->line, "owner");

    words->caller = (char *)(caller ? caller : client->name);
    words->svid = (int32_t)line_number(m->line, "svid", 1);
    words->offset = (uint64_t)line_number(m->line, "offset", 0);
    words->length = (uint64_t)line_number(m->line, "length", 0);
    words->exclusive = !line_word(m->line, "shared");
    words->owner_text = owner ? g_strdup(owner) : g_strdup_printf("%d@%s", words->svid, words->caller);
    words->owner = netobj_of(words->owner_text, (unsigned)strlen(words->owner_text));
    message_file_handle(m, words->fh_bytes);
    words->fh = netobj_of(words->fh_bytes, sizeof words->fh_bytes);
}

static int
read_status(const message *m)
{
    static const char *const names[] = {
        "NLM_GRANTED", "NLM_DENIED", "NLM_DENIED_NOLOCKS", "NLM_BLOCKED", "NLM_DENIED_GRACE_PERIOD",
        "NLM_DEADLCK", "NLM_ROFS", "NLM_STALE_FH", "NLM_FBIG", "NLM_FAILED",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        if (line_word(m->line, names[i]))
            return (int)i;
    int64_t number = line_number(m->line, "status", -1);
    if (number >= 0)
        return (int)number;
    line_fail(m->line, "a status such as NLM_GRANTED is missing");
}

#define NLM(name) nlm_##name
#define ENCODE(name) encode1_##name
#include "message_nlm_args.h"
#undef NLM
#undef ENCODE
#define NLM(name) nlm4_##name
#define ENCODE(name) encode4_##name
#include "message_nlm_args.h"

#define BOTH_WIDTHS(name) \
    static bool_t \
    encode_##name(XDR *xdr, const message *m) \
    { \
        return m->version == 4 ? encode4_##name(xdr, m) : encode1_##name(xdr, m); \
    }
BOTH_WIDTHS(test)
BOTH_WIDTHS(lock)
BOTH_WIDTHS(cancel)
BOTH_WIDTHS(unlock)
BOTH_WIDTHS(share)
BOTH_WIDTHS(free_all)
BOTH_WIDTHS(test_res)
BOTH_WIDTHS(res)
BOTH_WIDTHS(share_res)

/* Linux's statd tells its own lockd of a reboot: a name, a state, and the 16 bytes lockd gave it. */
static bool_t
encode_nsm_notify(XDR *xdr, const message *m)
{
    const char *name = line_value(m->line, "name");
    char *text = (char *)(name ? name : "server");
    int state = (int)line_number(m->line, "state", 3);
    char private_bytes[16] = { 0 };

    return xdr_string(xdr, &text, 1024) && xdr_int(xdr, &state) && xdr_opaque(xdr, private_bytes, sizeof private_bytes);
}

/* A *_MSG is answered by another call, but RPC still owes it an empty reply. */
const procedure nlm_procedures[NLM_PROCEDURES] = {
    [0] = { "NULL", encode_nothing, encode_nothing },
    [1] = { "TEST", encode_test, encode_test_res },
    [2] = { "LOCK", encode_lock, encode_res },
    [3] = { "CANCEL", encode_cancel, encode_res },
    [4] = { "UNLOCK", encode_unlock, encode_res },
    [5] = { "GRANTED", encode_test, encode_res },
    [6] = { "TEST_MSG", encode_test, encode_nothing },
    [7] = { "LOCK_MSG", encode_lock, encode_nothing },
    [8] = { "CANCEL_MSG", encode_cancel, encode_nothing },
    [9] = { "UNLOCK_MSG", encode_unlock, encode_nothing },
    [10] = { "GRANTED_MSG", encode_test, encode_nothing },
    [11] = { "TEST_RES", encode_test_res, encode_nothing },
    [12] = { "LOCK_RES", encode_res, encode_nothing },
    [13] = { "CANCEL_RES", encode_res, encode_nothing },
    [14] = { "UNLOCK_RES", encode_res, encode_nothing },
    [15] = { "GRANTED_RES", encode_res, encode_nothing },
    [16] = { "NSM_NOTIFY", encode_nsm_notify, encode_nothing },
    [20] = { "SHARE", encode_share, encode_share_res },
    [21] = { "UNSHARE", encode_share, encode_share_res },
    [22] = { "NM_LOCK", encode_lock, encode_res },
    [23] = { "FREE_ALL", encode_free_all, encode_nothing },
};
