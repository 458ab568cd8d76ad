/* timers.h
 * What describes the timers of a client's RPC: family, policy, what a task waits for, when it gives up. The arithmetic: rpc_timer.c.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TIMERS_H
#define NLM_HEALTH_TIMERS_H

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

/*
 * What tells when a task was started: enumerator, and how that is said of the earlier and of the later bound of its
 * window; NULL where it says no more than the time itself.
 */
/* clang-format off */
#define NH_ISSUE_SOURCES(X) \
    X(NH_ISSUE_UNKNOWN,  NULL, NULL) \
    X(NH_ISSUE_SENT,     NULL, NULL)                                         /* nothing held it back: it was sent at once */ \
    X(NH_ISSUE_ATTEMPT,  NULL, "the first packet for it")                    /* SYN or look-up */ \
    X(NH_ISSUE_FIN,      "the FIN whose socket blocked the port", NULL) \
    X(NH_ISSUE_WINDOW,   "the window closed", "the first probe of the closed window") \
    X(NH_ISSUE_QUEUE,    "what lay in the socket before it", "what lay in the socket behind it") \
    X(NH_ISSUE_COPIES,   "the times between its copies", "the times between its copies") \
    X(NH_ISSUE_TCP,      "TCP's own timer", NULL)                            /* TCP had sent it before, too */ \
    X(NH_ISSUE_SYNS,     "the times between the SYNs", NULL) \
    X(NH_ISSUE_OPEN,     NULL, NULL)                                         /* it begins later, or lost what would tell */ \
    X(NH_ISSUE_LOOKUPS,  "what it sent last before", NULL)                   /* look-ups that nothing followed */ \
    X(NH_ISSUE_LINE,     "the kernel line that a look-up dates", "the kernel line that a look-up dates") \
    X(NH_ISSUE_LOG,      "the logged line", "the logged line")
/* clang-format on */

#define NH_ENUM_ROW(id, after, before) id,
typedef enum { NH_ISSUE_SOURCES(NH_ENUM_ROW) NH_ISSUE_SOURCE_COUNT } nh_issue_source;
#undef NH_ENUM_ROW

/* When a task was started: an interval, what tells either end of it, and the frames that show that; 0 = none does. */
typedef struct {
    nh_time earliest, latest; /* NH_TIME_NONE = nothing is known yet */
    uint32_t after_frame, before_frame;
    nh_issue_source after : 8, before : 8;
    bool sent_before;   /* a copy was sent before the first one that was captured */
    bool cycles_before; /* and major timeouts may have passed before: nothing dates its kernel line */
} nh_issue;

#define NH_MINOR_MAX 12
typedef struct {
    unsigned n_minor;
    nh_time minor[NH_MINOR_MAX];          /* expected retransmissions before the major timeout, without lateness */
    nh_time major_earliest, major_latest; /* window of the kernel line, lateness of the timer wheel included */
} nh_deadlines;

/* From the start of a task to its first major timeout, as one way through an algorithm allows it. */
typedef struct {
    nh_time earliest, latest;
} nh_timer_run;
/* More of them, each apart from the others, no policy has. */
#define NH_TIMER_RUNS 8

#endif
