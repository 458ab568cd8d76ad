/* log.h
 * What a line of a kernel log says, and what is known of a log before it is read. Reading: kernel_log.c.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_H
#define NLM_HEALTH_LOG_H

#include "core/base/core.h"

typedef enum {
    NH_LOG_STILL_TRYING, /* "%s: server %s not responding, still trying" */
    NH_LOG_TIMED_OUT,    /* "%s: server %s not responding, timed out" */
    NH_LOG_OK,           /* "%s: server %s OK" (also "0K", as OCR and pasting make of it) */
    NH_LOG_ALARM,        /* rpc_debug "setting alarm for N ms" */
    NH_LOG_MINOR,        /* rpc_debug "call_timeout (minor)": only family 3.10-5.0 prints it */
    NH_LOG_MAJOR,        /* rpc_debug "call_timeout (major)" */
    NH_LOG_OTHER,        /* other lockd lines: "lockd: cannot monitor %s" ... */
    NH_LOG_FOREIGN,      /* another system's: "nfs server X:/srv: lockd not responding" */
    NH_LOG_GAP           /* lines are missing: "call_decode: 34 callbacks suppressed" */
} nh_log_event;

/*
 * Decompress a file, up to most bytes; whoever calls frees the text. NULL with *why set to
 * a static clause ("is compressed by xz; ...") when it cannot; NULL with *why NULL: it is not compressed.
 */
typedef char *(*nh_log_unpack)(const char *packed, size_t size, size_t most, size_t *length, const char **why);

typedef struct {
    unsigned year;  /* kernel_log_year; 0 = the capture's */
    nh_time offset; /* kernel_log_offset */
    nh_time capture_first, capture_last;
    nh_log_unpack unpack; /* NULL: compressed logs are refused */
    const char *host;     /* kernel_log_host: whose lines are the client's; NULL or "": as the capture tells */
} nh_log_hints;

/* Keeps the log that was read last, as long as its files are what they were. */
typedef struct nh_log_shelf nh_log_shelf;

#endif
