/* kernel_log.h
 * Lines of the client's kernel log that speak of lock servers: read, dated,
 * aligned with the capture. Pure text and arithmetic.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_KERNEL_LOG_H
#define NLM_HEALTH_KERNEL_LOG_H

#include "core/model/log.h"

typedef enum {
    NH_CLOCK_UTC,   /* the line names its zone */
    NH_CLOCK_LOCAL, /* wall clock without a zone: syslog, dmesg -T, journalctl short */
    NH_CLOCK_UPTIME /* seconds since boot: raw dmesg */
} nh_log_clock;

typedef struct {
    unsigned number; /* line in the file, from 1 */
    nh_log_event event;
    nh_log_clock clock;
    nh_time time;       /* UTC after nh_kernel_log_align(), or NH_TIME_NONE: an uptime whose boot time was not found;
                          before it wall clock read as UTC, or uptime */
    nh_time resolution; /* the true time lies in [time, time + resolution): what the last printed digit stands for, or
                          less when uptimes printed beside whole seconds of wall clock narrow it */
    nh_time stamp;      /* as the log's clock has it, kernel_log_offset added: what alignment starts from */
    char *program;      /* "lockd", "nfs" ...; NULL for rpc_debug lines */
    char *server;       /* name or address as printed; NULL when there is none */
    nh_addr address;    /* that server is; len 0 for a name */
    unsigned kind;      /* which predictions may be of it (kernel_log_fit.c); 0: none */
    unsigned task;      /* rpc_debug: number of the RPC task */
    unsigned alarm_ms;  /* NH_LOG_ALARM */
    char *text;         /* the message from the program's name on */
    unsigned file;      /* index of the file's name in the log */
    unsigned source;    /* lines of one source are of one file and one layout */
    const char *host;   /* that logged it, as the log has it; NULL when it does not say; interned */
    bool copy;          /* the same event stands in another source, or once more in this one */
    nh_addr speaker;    /* address of that host where the capture tells it; len 0: unknown */
    bool stranger;      /* the log says which host it is, and that is none whose name the capture tells */
    bool stepped;       /* dated by the lines before it */
    nh_time span;       /* of such a line: its resolution as the log has it, before alignment */
} nh_log_line;

typedef struct {
    unsigned references;
    GPtrArray *lines; /* nh_log_line*, in the order of the files */
    GPtrArray *files; /* char*: names to show, of those that were read */
    unsigned own;     /* lines of Linux's lock client: those that are neither foreign nor a gap */
    unsigned skipped; /* lines that were none of ours */
    char *remark;     /* further sentences on how it was read; NULL: none */
    char *counts;     /* beginning of message: how many lines, which were left out */
    nh_time offset;   /* kernel_log_offset as applied */
    nh_time shift;    /* what alignment added to lines that are not NH_CLOCK_UTC */
    bool all_hosts;   /* lines of hosts that the capture does not know are aligned, too */
    bool shifted;     /* alignment found a shift (zone, or boot time) */
    char *message;    /* one sentence for the user: how the clock was read, or why the log is of no use; never NULL */
} nh_kernel_log;

/* Years and offsets that leave room in 64 bits of nanoseconds for every sum made of them. */
#define NH_LOG_YEAR_FIRST 1970
#define NH_LOG_YEAR_LAST  2100
#define NH_LOG_OFFSET_MAX (G_GINT64_CONSTANT(50) * 365 * 86400 * NH_SECOND)

/* A line that the capture predicts. */
typedef struct {
    nh_log_event event;
    const char *program; /* whose line it is */
    nh_addr server;      /* that the line speaks of */
    nh_time earliest, latest;
    nh_time best; /* most likely time, NH_TIME_NONE when unknown */
} nh_log_expectation;

/* Gives back a reference. */
void nh_kernel_log_free(nh_kernel_log *log);

typedef struct nh_log_reader nh_log_reader;

/* What a file had. */
typedef struct {
    unsigned lines, undated, rows;
} nh_log_found;

/* hints: NULL for none. */
nh_log_reader *nh_log_reader_new(const nh_log_hints *hints);
/* name: to show. */
nh_log_found nh_log_reader_take(nh_log_reader *reader, const char *text, size_t length, const char *name);
/* The log; the reader is freed. */
nh_kernel_log *nh_log_reader_end(nh_log_reader *reader);

#endif
