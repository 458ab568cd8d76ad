/* message_nlm_args.h
 * The encoders of one width of NLM: NLM(name) is the type that rpcgen made, ENCODE(name) the function.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define NLM_XDR(name) NLM_XDR_(NLM(name))
#define NLM_XDR_(type) NLM_XDR__(type)
#define NLM_XDR__(type) xdr_##type

static NLM(lock)
ENCODE(fill_lock)(const message *m, lock_words *words)
{
    read_cookie(m, words);
    read_lock(m, words);
    NLM(lock) lock = {
        .caller_name = words->caller, .fh = words->fh, .oh = words->owner, .svid = words->svid,
        .l_offset = words->offset, .l_len = words->length,
    };
    return lock;
}

static bool_t
ENCODE(test)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(testargs) args = { .alock = ENCODE(fill_lock)(m, &words) };

    args.cookie = words.cookie;
    args.exclusive = words.exclusive;
    bool_t ok = NLM_XDR(testargs)(xdr, &args);
    g_free(words.owner_text);
    return ok;
}

static bool_t
ENCODE(lock)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(lockargs) args = { .alock = ENCODE(fill_lock)(m, &words) };

    args.cookie = words.cookie;
    args.exclusive = words.exclusive;
    args.block = line_word(m->line, "block");
    args.reclaim = line_word(m->line, "reclaim");
    args.state = (int)line_number(m->line, "state", 1);
    bool_t ok = NLM_XDR(lockargs)(xdr, &args);
    g_free(words.owner_text);
    return ok;
}

static bool_t
ENCODE(cancel)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(cancargs) args = { .alock = ENCODE(fill_lock)(m, &words) };

    args.cookie = words.cookie;
    args.exclusive = words.exclusive;
    args.block = line_word(m->line, "block");
    bool_t ok = NLM_XDR(cancargs)(xdr, &args);
    g_free(words.owner_text);
    return ok;
}

static bool_t
ENCODE(unlock)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(unlockargs) args = { .alock = ENCODE(fill_lock)(m, &words) };

    args.cookie = words.cookie;
    bool_t ok = NLM_XDR(unlockargs)(xdr, &args);
    g_free(words.owner_text);
    return ok;
}

static bool_t
ENCODE(share)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(shareargs) args = { .reclaim = line_word(m->line, "reclaim") };

    read_cookie(m, &words);
    read_lock(m, &words);
    args.cookie = words.cookie;
    args.share.caller_name = words.caller;
    args.share.fh = words.fh;
    args.share.oh = words.owner;
    args.share.mode = line_number(m->line, "mode", 0);
    args.share.access = line_number(m->line, "access", 3);
    bool_t ok = NLM_XDR(shareargs)(xdr, &args);
    g_free(words.owner_text);
    return ok;
}

static bool_t
ENCODE(free_all)(XDR *xdr, const message *m)
{
    const char *name = line_value(m->line, "name");
    NLM(notify) args = { .name = (char *)(name ? name : "client"), .state = (int)line_number(m->line, "state", 3) };

    return NLM_XDR(notify)(xdr, &args);
}

static bool_t
ENCODE(res)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(res) res = { .stat.stat = read_status(m) };

    read_result_cookie(m, &words);
    res.cookie = words.cookie;
    return NLM_XDR(res)(xdr, &res);
}

/* Who holds a lock that TEST finds taken: svid, offset, length of the reply */
static bool_t
ENCODE(test_res)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(testres) res = { .stat.stat = read_status(m) };

    read_result_cookie(m, &words);
    read_lock(m, &words);
    res.cookie = words.cookie;
    NLM(holder) holder = {
        .exclusive = words.exclusive, .svid = words.svid, .oh = words.owner,
        .l_offset = words.offset, .l_len = words.length,
    };
    res.stat.NLM(testrply_u).holder = holder;
    bool_t ok = NLM_XDR(testres)(xdr, &res);
    g_free(words.owner_text);
    return ok;
}

static bool_t
ENCODE(share_res)(XDR *xdr, const message *m)
{
    lock_words words;
    NLM(shareres) res = { .stat = read_status(m) };

    read_result_cookie(m, &words);
    res.cookie = words.cookie;
    return NLM_XDR(shareres)(xdr, &res);
}

#undef NLM_XDR
#undef NLM_XDR_
#undef NLM_XDR__
