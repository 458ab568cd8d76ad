/* lock_faults.h
 * What is wrong with the locks themselves, though every call is answered.
 *
 * Two hold what one can hold; one lost what he believes to hold; the server holds
 * what nobody owns. Each is an incident of its own: data may be at risk.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOCK_FAULTS_H
#define NLM_HEALTH_LOCK_FAULTS_H

#include "core/locks/lock_table.h"

/* What has to be seen before a fault is told. */
typedef enum {
    NH_PROOF_NONE,
    NH_PROOF_OWNER_LIVES, /* the owner goes on: his host did not restart, or was not told of the server's restart */
    NH_PROOF_ANOTHER,     /* it is not asked back; whoever raised it confirms it */
    NH_PROOF_TIME         /* its owner does not take it up, and the server does not let it go */
} nh_proof;

/* A frame of its timeline that is no call of its own. */
typedef struct {
    nh_moment at;
    const char *event; /* static */
    nh_remark_id says;
} nh_fault_step;

struct nh_fault {
    unsigned id; /* 0 = not told */
    nh_finding finding;
    const char *reason; /* faults of one reason that follow one another are one; static */
    nh_pair *pair;      /* of the client that it is told of */
    nh_lock lock;       /* whose lock is at stake */
    nh_moment at, last; /* the frame that shows it, and the latest that does */
    nh_moment first;    /* the earliest frame that belongs to it */
    nh_moment end;      /* one of the two let go; frame 0 while it lasts */
    nh_proof needs;
    nh_moment since; /* what has to be seen must come after this */
    nh_side side;
    nh_confidence confidence;
    bool retracted;    /* it was none */
    bool by_datagram;  /* a lost packet would leave no trace in the capture */
    nh_remark what;    /* without time and side */
    nh_remark line;    /* that a Linux client's kernel logs, or none */
    nh_moment line_at; /* when */
    unsigned more;     /* further locks with the same fault */
    unsigned open;     /* locks whose fault lasts */
    unsigned refused;  /* answers to others that it stood in the way of */
    nh_moment refused_first, refused_last;
    GPtrArray *calls; /* nh_call* */
    GArray *steps;    /* nh_fault_step */
    GArray *locks;    /* nh_lock: those it is about */
};

void nh_fault_free(void *fault);

/* An answer came, before the lock table knows of it: locks are those of the file. */
void nh_faults_answer(GArray *locks, nh_lock *asked, uint32_t status, nh_moment at);
/* A lock was granted; locks are those of the same file handle at another address of a server. */
void nh_faults_elsewhere(GArray *locks, const nh_lock *asked, nh_moment at);
/* An UNLOCK was sent. */
void nh_faults_unlock(GArray *locks, const nh_lock *asked, nh_moment at);
/* The server may hold this lock of the call's owner, who does not know of it: why. */
void nh_fault_leaked(nh_call *call, const char *reason, nh_moment at, nh_confidence confidence, const nh_remark *says);
/* The notice of a restart on this way of the pair is lost, as this frame shows: whose locks that puts at risk. */
void nh_fault_notice(nh_pair *pair, nh_way way, nh_moment at);
/* The client is told of a restart; unless it asks for its locks back they are lost. Told when it is confirmed. */
nh_fault *nh_fault_not_reclaimed(nh_pair *pair, nh_moment notice, const nh_remark *says);
/* What was waited for has come. */
void nh_fault_confirm(nh_fault *fault);
/* It was none. */
void nh_fault_retract(nh_fault *fault);
/* It is over with this lock. */
void nh_fault_end(nh_fault *fault, nh_moment at);
/* A packet of a client whose host announced a restart, on a connection that was opened then: it did not restart. */
void nh_faults_alive(nh_conn *conn, const nh_addr *from, nh_moment at);
/* The end of the capture: what was waited for has come, or not. */
void nh_faults_complete(nh_watch *watch);
/* Whether it is told as an incident. */
bool nh_fault_is_reported(const nh_fault *fault);

#endif
