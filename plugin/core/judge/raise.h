/* raise.h
 * The one door for what a detector saw.
 *
 * A detector says what happened, to whom and when. What follows from that is
 * decided here: the remark on the frame, the trouble of the connection, the
 * symptom of the pair's outage, and what it means for a lock that waits.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_RAISE_H
#define NLM_HEALTH_RAISE_H

#include "core/model/model.h"

/* Who would have had to answer: a verdict on him is given only when the capture shows his packets at all. */
typedef enum { NH_SILENT_NOBODY, NH_SILENT_CLIENT, NH_SILENT_SERVER } nh_silent;

/* Who sends this half of a connection. */
static inline nh_silent
nh_silent_side(int half)
{
    return half == 0 ? NH_SILENT_CLIENT : NH_SILENT_SERVER;
}

/* What else the detector knows; bits of nh_evidence. */
enum {
    NH_HARMLESS = 1 << 0,          /* it kept nobody from anything: told, and no part of an outage */
    NH_SUSPICION = 1 << 1,         /* not enough to be told yet: a part of an outage, and nothing follows from it */
    NH_LOST_BEFORE = 1 << 2,       /* what the client sent meanwhile did not come to where the capture was taken */
    NH_IN_HINDSIGHT = 1 << 3,      /* noticed when it was over, or when its call's answer may have come already */
    NH_OTHER_CALLER = 1 << 5,      /* a callback came from an address that the client did not ask */
    NH_REFUSED_BY_CLIENT = 1 << 6, /* the client refuses the callback */
    NH_NOT_CALLED_BACK = 1 << 7,   /* no callback was tried */
    NH_OWN_FILTER = 1 << 4,        /* ICMP: the firewall of the host that sent the quoted packet */
};

typedef struct {
    nh_finding finding;
    /*
     * About whom: a call, a connection or a pair, the first of these that is set. A call may name the connection that it
     * is about; its latest else. The rest is known of a call and a connection, and is to be set for a pair.
     */
    nh_call *call;
    nh_conn *conn;
    nh_pair *pair;
    nh_way way;
    nh_service service;
    nh_moment at, since;
    nh_silent silent;
    unsigned bits;
    unsigned resends;           /* of a FIN: the how many-th resend this is; 0: none */
    const nh_addr *icmp_sender; /* of an error about a pair; NULL = none */
    nh_remark says;             /* on frame at; none: it has a remark already */
} nh_evidence;

/* Take it in. A verdict on someone of whom the capture shows nothing is withheld until it does. */
void nh_raise(const nh_evidence *evidence);
/* What went wrong with the connection concerned another program: it is no symptom of the pair. */
void nh_raise_take_back(nh_conn *conn);
/* The connection carries another program: nothing of it was or will be our business. */
void nh_raise_disown(nh_conn *conn);
/* A connection of this way on which this finding is withheld, other than the port mapper's, or NULL. */
nh_conn *nh_raise_withheld(const nh_pair *pair, nh_finding finding, nh_way way);
/* Raise what was withheld for the other direction, if that was seen by now. */
void nh_raise_release(nh_pair *pair);

#endif
