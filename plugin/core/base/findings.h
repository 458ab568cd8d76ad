/* findings.h
 * What is found in a capture, and what each finding is: the rows of findings.def.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FINDINGS_H
#define NLM_HEALTH_FINDINGS_H

#include <stdbool.h>

typedef enum {
    NH_FINDING_NONE,
#define NH_FINDING(id, ...) id,
#include "core/base/findings.def"
    NH_FINDING_COUNT
} nh_finding;

/* What a finding is about. */
typedef enum {
    NH_KIND_TRANSPORT, /* what is wrong with a connection: also a value of nlm_health.trouble */
    NH_KIND_CALL,      /* what happened to a call */
    NH_KIND_ANSWER,    /* what the peer said */
    NH_KIND_NOTE       /* says something, explains no outage */
} nh_kind;

/* Whether somebody waits for an answer while this lasts. */
typedef enum {
    NH_WAITING_YES,
    NH_WAITING_CALLS, /* if calls were sent on the connection */
    NH_WAITING_NO     /* it is an answer, though not the wanted one: who waits tries again */
} nh_waiting;

/* The row of a finding. What stands for "no" is 0, and need not be given. */
typedef struct {
    const char *name;  /* filter name without "nlm_health." */
    const char *group; /* as in the table */
    const char *severity;
    const char *title; /* in the expert info: the same on each frame, so that frames group by it */
    nh_kind kind;
    const char *raised;   /* on which frames */
    const char *next;     /* what to check next, or NULL */
    nh_waiting waiting;   /* transport and answers */
    bool either_side;     /* the client may be the one who does not take in what reaches it */
    bool answers_syn;     /* somebody answered the SYN: that it comes again is no silence */
    bool hard_error;      /* RPC hears of it at once, and its client waits no minor timeout (xs_error_report, net/sunrpc/xprtsock.c) */
    bool blocks_port;     /* the socket blocks its port: the client cannot connect anew */
    bool loses_calls;     /* also those that TCP had acknowledged are lost with the connection */
    bool hangs;           /* the server has the call: others may be served meanwhile */
    bool refusal;         /* the server answered, and refused */
    bool fails_at_once;   /* the application's lock failed (ENOLCK): once is an incident */
    bool tells_none;      /* the port mapper knows no lock manager: the port is not there to be tried */
    bool passes;          /* on the way to the real trouble, if that follows on the same connection */
    bool last_resort;     /* explains only what nothing else does */
    nh_finding sequel_of; /* goes on with the outage that this finding had opened and an answer ended; NH_FINDING_NONE = none */
} nh_finding_row;

/* The row of a finding; static storage; NULL for a value outside the table. */
const nh_finding_row *nh_finding_get(nh_finding finding);
/* Its name, or NULL. */
const char *nh_finding_name(nh_finding finding);

/* Whether it explains an outage: transport and answers do. */
static inline bool
nh_finding_explains(nh_finding finding)
{
    const nh_finding_row *row = nh_finding_get(finding);
    return row && (row->kind == NH_KIND_TRANSPORT || row->kind == NH_KIND_ANSWER);
}

#endif
