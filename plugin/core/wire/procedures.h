/* procedures.h
 * The procedures of the programs that are followed, and what NLM answers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PROCEDURES_H
#define NLM_HEALTH_PROCEDURES_H

#include "core/base/core.h"

/*
 * NLM (X/Open CAE C702 chapter 10; 16 is private to Linux: include/linux/lockd/xdr.h):
 * number, name, the procedure whose work it does, how it is answered, and what stands behind the cookie in its arguments and
 * in its reply (arguments.c reads it; NOTHING: what follows, if anything does, is not read).
 */
/* clang-format off */
#define NH_NLM_PROCEDURES(X) \
    X(0,  NULL,        NULL,        REPLY,   NOTHING,                            NOTHING) \
    X(1,  TEST,        TEST,        REPLY,   EXCLUSIVE | LOCK,                   STATUS | HOLDER) \
    X(2,  LOCK,        LOCK,        REPLY,   BLOCK | EXCLUSIVE | LOCK | RECLAIM, STATUS) \
    X(3,  CANCEL,      CANCEL,      REPLY,   BLOCK | EXCLUSIVE | LOCK,           STATUS) \
    X(4,  UNLOCK,      UNLOCK,      REPLY,   LOCK,                               STATUS) \
    X(5,  GRANTED,     GRANTED,     REPLY,   EXCLUSIVE | LOCK,                   STATUS) \
    X(6,  TEST_MSG,    TEST,        RESULT,  EXCLUSIVE | LOCK,                   NOTHING) \
    X(7,  LOCK_MSG,    LOCK,        RESULT,  BLOCK | EXCLUSIVE | LOCK | RECLAIM, NOTHING) \
    X(8,  CANCEL_MSG,  CANCEL,      RESULT,  BLOCK | EXCLUSIVE | LOCK,           NOTHING) \
    X(9,  UNLOCK_MSG,  UNLOCK,      RESULT,  LOCK,                               NOTHING) \
    X(10, GRANTED_MSG, GRANTED,     RESULT,  EXCLUSIVE | LOCK,                   NOTHING) \
    X(11, TEST_RES,    TEST_RES,    NOTHING, STATUS | HOLDER,                    NOTHING) \
    X(12, LOCK_RES,    LOCK_RES,    NOTHING, STATUS,                             NOTHING) \
    X(13, CANCEL_RES,  CANCEL_RES,  NOTHING, STATUS,                             NOTHING) \
    X(14, UNLOCK_RES,  UNLOCK_RES,  NOTHING, STATUS,                             NOTHING) \
    X(15, GRANTED_RES, GRANTED_RES, NOTHING, STATUS,                             NOTHING) \
    X(16, NSM_NOTIFY,  NSM_NOTIFY,  REPLY,   NOTHING,                            NOTHING) \
    X(20, SHARE,       SHARE,       REPLY,   SHARE | RECLAIM,                    STATUS) \
    X(21, UNSHARE,     UNSHARE,     REPLY,   SHARE | RECLAIM,                    STATUS) \
    X(22, NM_LOCK,     LOCK,        REPLY,   BLOCK | EXCLUSIVE | LOCK | RECLAIM, STATUS) \
    X(23, FREE_ALL,    FREE_ALL,    REPLY,   NOTHING,                            NOTHING)
/* clang-format on */

enum {
#define NLM_ROW(number, name, kind, ...) NH_NLM_##name = number,
    NH_NLM_PROCEDURES(NLM_ROW)
#undef NLM_ROW
};

/* nlm_stats: number, name */
/* clang-format off */
#define NH_NLM_STATS(X) \
    X(0, GRANTED,      "NLM_GRANTED") \
    X(1, DENIED,       "NLM_DENIED") \
    X(2, NOLOCKS,      "NLM_DENIED_NOLOCKS") \
    X(3, BLOCKED,      "NLM_BLOCKED") \
    X(4, GRACE,        "NLM_DENIED_GRACE_PERIOD") \
    X(5, DEADLCK,      "NLM_DEADLCK") \
    X(6, ROFS,         "NLM_ROFS") \
    X(7, STALE_FH,     "NLM_STALE_FH") \
    X(8, FBIG,         "NLM_FBIG") \
    X(9, FAILED,       "NLM_FAILED")
/* clang-format on */

enum {
#define STAT_ROW(number, id, name) NH_NLM_STAT_##id = number,
    NH_NLM_STATS(STAT_ROW)
#undef STAT_ROW
};

/* Of the status monitor, procedures without results (X/Open NSM, nsm_prot.x). */
enum { NH_NSM_SIMU_CRASH = 5, NH_NSM_NOTIFY = 6 };

/* By procedure; 0 for numbers that are not given out. */
extern const uint8_t nh_nlm_kinds[NH_NLM_FREE_ALL + 1];

/* What a procedure asks for, synchronous or not: TEST_MSG is a TEST, NM_LOCK a LOCK; other results and numbers are themselves. */
static inline uint32_t
nh_nlm_kind(uint32_t proc)
{
    return proc <= NH_NLM_FREE_ALL && nh_nlm_kinds[proc] ? nh_nlm_kinds[proc] : proc;
}

/* How a procedure is answered. */
typedef enum {
    NH_ANSWER_REPLY,  /* by RPC's reply */
    NH_ANSWER_RESULT, /* by another call (RPC's reply is a receipt) */
    NH_ANSWER_NOTHING /* it is such an answer */
} nh_answer_form;

/* By procedure of NLM. */
extern const uint8_t nh_nlm_answers[NH_NLM_FREE_ALL + 1];

static inline nh_answer_form
nh_answer_of(uint32_t prog, uint32_t proc)
{
    return prog == NH_PROG_NLM && proc <= NH_NLM_FREE_ALL ? nh_nlm_answers[proc] : NH_ANSWER_REPLY;
}

/* A *_MSG: its answer is a *_RES, a call of its own. */
static inline bool
nh_nlm_is_message(uint32_t prog, uint32_t proc)
{
    return nh_answer_of(prog, proc) == NH_ANSWER_RESULT;
}

/* A *_RES */
static inline bool
nh_nlm_is_result(uint32_t prog, uint32_t proc)
{
    return nh_answer_of(prog, proc) == NH_ANSWER_NOTHING;
}

/* Names as the standards have them; NULL for others. */
const char *nh_nlm_procedure_name(uint32_t proc);
const char *nh_nlm_status_name(uint32_t status);
/* An answer of a lock manager that cannot do what it is asked: no word on who holds what. NLM_DENIED_NOLOCKS apart. */
bool nh_nlm_status_is_error(uint32_t status);
/* The name of a procedure of whatever program is followed; NULL for others. */
const char *nh_procedure_name(uint32_t prog, uint32_t vers, uint32_t proc);

#endif
