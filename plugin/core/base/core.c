/* core.c
 * Names and times as text, and what hash tables need of addresses.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/core.h"

#include <math.h>

#define NAME_FUNCTION(function, type, TABLE, COUNT) \
    const char *function(type value) \
    { \
        static const char *const names[] = { NULL, TABLE(NAME_ROW) }; \
        return value > 0 && value < COUNT ? names[value] : NULL; \
    }
#define NAME_ROW(id, name) name,
NAME_FUNCTION(nh_service_name, nh_service, NH_SERVICES, NH_SERVICE_COUNT)
NAME_FUNCTION(nh_side_name, nh_side, NH_SIDES, NH_SIDE_COUNT)
NAME_FUNCTION(nh_confidence_name, nh_confidence, NH_CONFIDENCES, NH_CONFIDENCE_COUNT)

char *
nh_side_sentence(nh_side side, nh_confidence confidence)
{
    return g_strdup_printf(" Side: %s (%s).", nh_side_name(side),
                           confidence == NH_CONFIDENCE_SHOWN ? "the packets show it" : nh_confidence_name(confidence));
}

/* Whole seconds and the nanoseconds that remain, also before 1970. */
static GDateTime *
split_time(nh_time t, int64_t *nanoseconds)
{
    int64_t seconds = t / NH_SECOND;
    *nanoseconds = t % NH_SECOND;
    if (*nanoseconds < 0) {
        *nanoseconds += NH_SECOND;
        seconds--;
    }
    return g_date_time_new_from_unix_utc(seconds);
}

static char *
format_time(nh_time t, const char *format, const char *tail, int64_t unit)
{
    int64_t nanoseconds;
    GDateTime *when = split_time(t, &nanoseconds);
    if (!when)
        return NULL;
    char *head = g_date_time_format(when, format);
    char *text = g_strdup_printf(tail, head, nanoseconds / unit);
    g_free(head);
    g_date_time_unref(when);
    return text;
}

char *
nh_time_rfc3339(nh_time t)
{
    return nh_time_known(t) ? format_time(t, "%Y-%m-%dT%H:%M:%S", "%s.%09" G_GINT64_FORMAT "Z", 1) : NULL;
}

char *
nh_time_clock(nh_time t)
{
    char *text = nh_time_known(t) ? format_time(t, "%H:%M:%S", "%s.%03" G_GINT64_FORMAT, NH_MSEC) : NULL;
    return text ? text : g_strdup("-");
}

char *
nh_duration_text(nh_time duration)
{
    double seconds = (double)duration / NH_SECOND;
    if (ABS(seconds) < 1)
        return g_strdup_printf("%.*f ms", ABS(seconds) < 0.01 ? 1 : 0, seconds * 1000);
    if (ABS(seconds) < 120)
        return g_strdup_printf("%.2f s", seconds);
    /* rounded once, for the minutes, too: no "4 min 60.0 s" */
    seconds = round(seconds * 10) / 10;
    return g_strdup_printf("%.0f min %.1f s", trunc(seconds / 60), fmod(seconds, 60));
}

int
nh_time_compare(const void *a, const void *b)
{
    nh_time x = *(const nh_time *)a, y = *(const nh_time *)b;

    return x < y ? -1 : x > y;
}
