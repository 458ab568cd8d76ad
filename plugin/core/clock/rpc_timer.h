/* rpc_timer.h
 * When a Linux RPC client retransmits, gives up and writes to its log: pure
 * arithmetic over net/sunrpc (xprt.c, clnt.c), fs/lockd/host.c and
 * fs/nfs/client.c.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RPC_TIMER_H
#define NLM_HEALTH_RPC_TIMER_H

#include "core/base/core.h"

/* Families of the RPC timer: enumerator, value of the preference, what kernels. */
/* clang-format off */
#define NH_FAMILIES(X) \
    X(NH_FAMILY_3_10, "3.10-5.0") \
    X(NH_FAMILY_5_2,  "5.2") \
    X(NH_FAMILY_5_3,  "5.3+")
/* clang-format on */

#define NH_ENUM_ROW(id, name) id,
typedef enum { NH_FAMILY_UNKNOWN, NH_FAMILIES(NH_ENUM_ROW) NH_FAMILY_COUNT } nh_family;
#undef NH_ENUM_ROW

/* Public name; static; NULL for NH_FAMILY_UNKNOWN. */
const char *nh_family_name(nh_family family);
/*
 * The family of "auto" (unknown), of its own name, or of a version of Linux as
 * uname -r prints it. false with *error set (caller frees) when that tells none;
 * *family then stays.
 */
bool nh_family_parse(const char *text, nh_family *family, char **error);

typedef enum { NH_POLICY_LOCKD, NH_POLICY_MOUNT } nh_policy_kind;

typedef struct {
    nh_policy_kind kind;
    unsigned nlm_timeout; /* seconds, 3-20 (lockd) */
    unsigned timeo;       /* tenths of a second (mount) */
    unsigned retrans;     /* count (mount) */
    nh_l4 proto;
    unsigned hard;                   /* 0 or 1; mount options write it by its place */
    bool timeo_given, retrans_given; /* by somebody; else they follow the protocol, see nh_policy_over() */
} nh_policy;

/* The mount's policy over this protocol: what nobody gave gets the kernel's default (nfs_init_timeout_values(), fs/nfs/client.c). */
void nh_policy_over(nh_policy *policy, nh_l4 proto);

/* What the task was waiting for. */
typedef enum {
    NH_WAIT_REPLY,     /* sent on a connection that was open before (or over UDP) */
    NH_WAIT_REPLY_NEW, /* first call on a connection that was opened for it */
    NH_WAIT_CONNECT,   /* its connect or port look-up is in trouble */
    NH_WAIT_RECONNECT, /* the same, and it may have met the dead socket of before first */
    NH_WAIT_CLOSING    /* the old socket still blocks the port: nothing on the wire */
} nh_wait;

static inline bool
nh_wait_is_connect(nh_wait wait)
{
    return wait == NH_WAIT_CONNECT || wait == NH_WAIT_RECONNECT;
}

typedef struct {
    nh_wait wait;
    nh_time issued_earliest, issued_latest; /* when the task started; never unknown */
    nh_time sent;                           /* first transmission, NH_TIME_NONE if there is none */
} nh_wait_facts;

#define NH_MINOR_MAX 12
typedef struct {
    unsigned n_minor;
    nh_time minor[NH_MINOR_MAX];          /* expected retransmissions before the major timeout, without lateness */
    nh_time major_earliest, major_latest; /* window of the kernel line, lateness of the timer wheel included */
} nh_deadlines;

/*
 * Predict; for NH_FAMILY_UNKNOWN the window is the union over all families.
 * Retransmissions are given where all that is possible agrees on them: none
 * without `sent`, and none of a call that was sent 3 s or more after its issue
 * on a new connection, because failed attempts to connect change the alarms.
 */
void nh_timer_predict(const nh_policy *policy, nh_family family, const nh_wait_facts *facts, nh_deadlines *out);

/*
 * The family that explains the transmissions of one XID (sent[0] is the first;
 * rebind: time of the port look-up that followed the first major timeout, or
 * NH_TIME_NONE). NH_FAMILY_UNKNOWN when several families do, or none. Give
 * NH_WAIT_REPLY_NEW only where this call waited for the connect: 10, 20, 30 s on
 * a new connection say 5.3+, on an open one every family.
 */
nh_family nh_timer_recognise(const nh_policy *policy, nh_wait wait, const nh_time *sent, unsigned n_sent, nh_time rebind);

/* Shortest and longest time from the start of a task to its first major timeout (ns). */
void nh_timer_major_range(const nh_policy *policy, nh_family family, nh_wait wait, nh_time *shortest, nh_time *longest);

/* "lockd nlm_timeout=10 (Linux 5.3+)", "mount timeo=600,retrans=2,proto=tcp,hard"; caller frees. */
char *nh_policy_text(const nh_policy *policy, nh_family family);

/* TCP_USER_TIMEOUT block of a FIN that nobody acknowledges and that was first sent between the two: when the port is free again (180.0 .. 184.3 s after it). */
void nh_timer_fin_block(nh_time fin_earliest, nh_time fin_latest, nh_time *earliest, nh_time *latest);

#endif
