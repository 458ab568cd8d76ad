/* fault.h
 * A fault of the locks: made by its row in faults.def, joined to the one before, confirmed or taken back.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FAULT_H
#define NLM_HEALTH_FAULT_H

#include "core/locks/lock.h"

typedef enum {
#define NH_FAULT(reason, ...) NH_FAULT_##reason,
#include "core/locks/faults.def"
} nh_fault_reason;

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
    nh_fault_reason reason;
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

/* Of this owner's lock, with what its row says; to be published when all is said of it. */
nh_fault *nh_fault_new(nh_fault_reason reason, const nh_lock *lock, nh_moment at);
void nh_fault_free(void *fault);
/* A frame that belongs to it. */
void nh_fault_add_frame(nh_fault *fault, nh_moment at);
/* A call and its answer; NULL: none. */
void nh_fault_add_call(nh_fault *fault, nh_call *call);
/* A row of its timeline; event is static. */
void nh_fault_add_step(nh_fault *fault, nh_moment at, const char *event, nh_remark_id says);
/* One of those that it is about; copied. */
void nh_fault_add_lock(nh_fault *fault, const nh_lock *lock);
/* It stands in the book, or joins the one before. Returns that in which it stands. */
nh_fault *nh_fault_publish(nh_fault *fault);
/* What was waited for has come. */
void nh_fault_confirm(nh_fault *fault);
/* It was none. */
void nh_fault_retract(nh_fault *fault);
/* It is over with this lock. */
void nh_fault_end(nh_fault *fault, nh_moment at);
/* What to check next; static, NULL: nothing. */
const char *nh_fault_advice(const nh_fault *fault);
/* Whether it is told as an incident. */
bool nh_fault_is_reported(const nh_fault *fault);

#endif
