/* kernel_log_stamp.h
 * Time stamps as dmesg, syslog and journalctl print them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_KERNEL_LOG_STAMP_H
#define NLM_HEALTH_KERNEL_LOG_STAMP_H

#include "core/log/kernel_log.h"

typedef struct {
    const char *format; /* name of the format, static storage */
    nh_log_clock clock;
    nh_time time;       /* wall clock read as UTC unless its zone is printed; uptime for NH_CLOCK_UPTIME */
    nh_time resolution; /* what the last printed digit stands for */
    nh_time uptime;     /* printed beside the wall clock; NH_TIME_NONE without */
    nh_time uptime_resolution;
    bool bare;         /* a number that may be another */
    bool stepped;      /* counted from lines before it: nh_log_calendar_follow() */
    size_t begin, end; /* where the first stamp begins and the last one ends */
} nh_log_stamp;

/* Which year a stamp without one belongs to. */
typedef struct {
    unsigned year; /* of the log's first such stamp; 0: the one nearest to hint */
    nh_time hint;
    unsigned month; /* of the last stamp, 0 at first: tells the turn of the year when year is given */
    /* dmesg -H prints the minute once, and then the time since the line before */
    bool has_minute;
    nh_time minute, elapsed;
} nh_log_calendar;

typedef enum {
    NH_LOG_NO_STEP, /* the line has a stamp of its own, or none */
    NH_LOG_MINUTE,  /* "[Nov22 12:31]" */
    NH_LOG_STEP     /* "[  +6.741773]", "[<    6.741773>]": time since the line before */
} nh_log_step;

/* Of every line, once, before its stamp is looked for: what the next steps are counted from. */
nh_log_step nh_log_calendar_follow(nh_log_calendar *calendar, const char *line, size_t length);

/*
 * The stamp in front of a message. Text that is no stamp (host, facility, a
 * file name put there by grep) is passed over. Of several wall clocks the one
 * with the finest digits counts, then the last; of two of one layout side by
 * side the first.
 */
bool nh_log_stamp_find(const char *text, size_t length, nh_log_calendar *calendar, nh_log_stamp *stamp);

#endif
