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

/* What is said of a frame: the second table of findings.def. */
typedef enum {
    NH_REMARK_NONE,
#define NH_REMARK(id, words) NH_REMARK_##id,
#include "core/base/findings.def"
    NH_REMARK_COUNT
} nh_remark_id;

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

/* What is asked of two capture points about a finding. */
typedef enum {
    NH_COMPARED_NOT,
    NH_COMPARED_SILENCE,   /* did what was sent come, and was it answered? */
    NH_COMPARED_HANDSHAKE, /* did the answer come? */
    NH_COMPARED_REFUSAL    /* did whom it names send it? */
} nh_compared_as;

/* Which part of a wait a finding makes (story/parts.c). */
typedef enum {
    NH_PART_OTHER,
    NH_PART_AWAY,
    NH_PART_UNACCEPTED,
    NH_PART_CLOSING,
    NH_PART_HANDSHAKE,
    NH_PART_ANSWER_LOST,
    NH_PART_REFUSED,
    NH_PART_LOOKUP_REFUSED,
    NH_PART_LOOKUP_SILENT,
    NH_PART_RESET,
    NH_PART_OLD_CONNECTION,
    NH_PART_WINDOW,
    NH_PART_SILENT,
    NH_PART_GRACE,
    NH_PART_REJECTED,
    NH_PART_NOLOCKS,
    NH_PART_DENIED,
    NH_PART_CALLBACK,
    NH_PART_COUNT
} nh_part_kind;

/* Marks in the picture of a connection. */
typedef enum {
    NH_SIGN_SYN,
    NH_SIGN_SYNACK,
    NH_SIGN_ACK, /* of what was in question: a FIN, or a bare one */
    NH_SIGN_FIN,
    NH_SIGN_RESENT,
    NH_SIGN_RESET,
    NH_SIGN_ICMP,
    NH_SIGN_CALL,
    NH_SIGN_REPLY
} nh_sign_kind;

/* The mark that a finding makes; what: NULL = none. */
typedef struct {
    const char *what;
    nh_sign_kind kind;
    bool by_server; /* the end that sends it, of this connection */
} nh_finding_sign;

/* The row of a finding. What stands for "no" is 0, and need not be given. */
typedef struct {
    const char *name;  /* filter name without "nlm_health." */
    const char *group; /* as in the table */
    const char *severity;
    const char *title; /* in the expert info: the same on each frame, so that frames group by it */
    nh_kind kind;
    const char *raised;  /* on which frames */
    const char *next;    /* what to check next, or NULL */
    nh_waiting waiting;  /* transport and answers */
    bool either_side;    /* the client may be the one who does not take in what reaches it */
    bool answers_syn;    /* somebody answered the SYN: that it comes again is no silence */
    bool hard_error;     /* RPC hears of it at once, and its client waits no minor timeout (xs_error_report, net/sunrpc/xprtsock.c) */
    bool blocks_port;    /* the socket blocks its port: the client cannot connect anew */
    bool loses_calls;    /* also those that TCP had acknowledged are lost with the connection */
    bool hangs;          /* the server has the call: others may be served meanwhile */
    bool refusal;        /* the server answered, and refused */
    bool fails_at_once;  /* the application's lock failed (ENOLCK): once is an incident */
    bool denies;         /* the same, of this one call: twice is an incident */
    bool tells_none;     /* the port mapper knows no lock manager: the port is not there to be tried */
    bool passes;         /* on the way to the real trouble, if that follows on the same connection */
    bool last_resort;    /* explains only what nothing else does */
    bool of_callback;    /* about the server's way back to the client */
    bool nobody_listens; /* on the port */
    bool by_rpc;         /* RPC refused, before any lock manager saw the call */
    bool proves_silence; /* the packet itself proves that no answer got through, unless a direction is missing in the capture */
    nh_remark_id first;  /* what is said of the packet itself when it was sent again; NH_REMARK_NONE = nothing */
    nh_compared_as compared;
    nh_part_kind part;
    nh_finding_sign sign;
    bool is_line;         /* rows of a report: the kernel's line has one of its own */
    bool of_opening;      /* its row is that of the connection's opening */
    bool quotes_line;     /* its text goes on with a line of the kernel, and it has a row of its own */
    bool names_trouble;   /* its text goes on with the trouble of the connection */
    nh_finding sequel_of; /* goes on with the outage that this finding had opened and an answer ended; NH_FINDING_NONE = none */
} nh_finding_row;

/* The row of a finding; static storage; NULL for a value outside the table. */
const nh_finding_row *nh_finding_get(nh_finding finding);
/* Its name, or NULL. */
const char *nh_finding_name(nh_finding finding);

/* Whether it is about the server's way back to the client. */
static inline bool
nh_finding_is_of_callback(nh_finding finding)
{
    const nh_finding_row *row = nh_finding_get(finding);
    return row && row->of_callback;
}

/* Whether it explains an outage: transport and answers do. */
static inline bool
nh_finding_explains(nh_finding finding)
{
    const nh_finding_row *row = nh_finding_get(finding);
    return row && (row->kind == NH_KIND_TRANSPORT || row->kind == NH_KIND_ANSWER);
}

#endif
