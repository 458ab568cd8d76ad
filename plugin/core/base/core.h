/* core.h
 * Plain types shared by the core of NLM Health: times, addresses, names.
 * The core includes GLib and nothing of Wireshark, so that it can be unit-tested
 * and fuzzed as a plain library.
 *
 * A pointer that a function of the core returns is never NULL unless its comment speaks of NULL (GLib ends the program
 * where memory is short); what the comment of a function says that returns a bool is so where that is true. nh_..._new()
 * and nh_..._free() belong together.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CORE_H
#define NLM_HEALTH_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <string.h>

#include "core/base/address.h"
#include "core/base/findings.h"

/* Time: nanoseconds since 1970-01-01T00:00:00Z; durations: nanoseconds. */
typedef int64_t nh_time;
#define NH_TIME_NONE G_MININT64
#define NH_SECOND    G_GINT64_CONSTANT(1000000000)
#define NH_MSEC      G_GINT64_CONSTANT(1000000)
#define NH_MINUTE    (60 * NH_SECOND)
#define NH_HOUR      (60 * NH_MINUTE)
/* The years that nh_time_of() believes, in seconds since 1970: 50 years before, 210 after. */
#define NH_TIME_FIRST (-G_GINT64_CONSTANT(50) * 365 * 86400)
#define NH_TIME_LAST  (G_GINT64_CONSTANT(210) * 365 * 86400)

static inline bool
nh_time_known(nh_time t)
{
    return t != NH_TIME_NONE;
}

/*
 * The time of seconds and nanoseconds since 1970, as packets and logs have them. A clock that shows a year before 1920
 * or after 2180 is wrong, and is taken for the nearest of these: any two times have a difference, with room for a
 * timeout (a time stamp of pcapng has 64 bits and any unit).
 */
static inline nh_time
nh_time_of(int64_t seconds, int64_t nanoseconds)
{
    if ((uint64_t)seconds > (uint64_t)NH_TIME_LAST) /* or negative */
        seconds = CLAMP(seconds, NH_TIME_FIRST, NH_TIME_LAST);
    if ((uint64_t)nanoseconds >= (uint64_t)NH_SECOND)
        nanoseconds = nanoseconds < 0 ? 0 : NH_SECOND - 1;
    return seconds * NH_SECOND + nanoseconds;
}

/* For g_array_sort() of times. */
int nh_time_compare(const void *a, const void *b);

/* How long it is from one time to another; 0 where the clock was set back meanwhile. */
static inline nh_time
nh_elapsed(nh_time since, nh_time until)
{
    return until > since ? until - since : 0;
}

/* Numbers as the network has them: the first byte counts most. */
static inline uint16_t
nh_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t
nh_be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Programs that are followed (RFC 1833, X/Open NLM, NSM) and those that are context. */
#define NH_PROG_PORTMAP 100000
#define NH_PROG_NFS     100003
#define NH_PROG_MOUNT   100005
#define NH_PROG_NLM     100021
#define NH_PROG_STAT    100024

/* Enumerations of the public interface: enumerator, public name. */
/* clang-format off */
#define NH_SERVICES(X) \
    X(NH_SERVICE_PORTMAP,  "portmap") \
    X(NH_SERVICE_NLM,      "nlm") \
    X(NH_SERVICE_STATD,    "statd") \
    X(NH_SERVICE_PROBABLE, "probable")

#define NH_SIDES(X) \
    X(NH_SIDE_CLIENT,  "client") \
    X(NH_SIDE_SERVER,  "server") \
    X(NH_SIDE_PATH,    "path") \
    X(NH_SIDE_UNKNOWN, "unknown")

#define NH_CONFIDENCES(X) \
    X(NH_CONFIDENCE_SHOWN,    "shown") \
    X(NH_CONFIDENCE_LIKELY,   "likely") \
    X(NH_CONFIDENCE_POSSIBLE, "possible")
/* clang-format on */

/* In each enumeration 0 means "none" and has no name. */
#define NH_ENUM_ROW(id, name) id,
typedef enum { NH_SERVICE_NONE, NH_SERVICES(NH_ENUM_ROW) NH_SERVICE_COUNT } nh_service;
typedef enum { NH_SIDE_NONE, NH_SIDES(NH_ENUM_ROW) NH_SIDE_COUNT } nh_side;
typedef enum { NH_CONFIDENCE_NONE, NH_CONFIDENCES(NH_ENUM_ROW) NH_CONFIDENCE_COUNT } nh_confidence;
#undef NH_ENUM_ROW

/* Public names; static storage; NULL for a value outside the enumeration. */
const char *nh_service_name(nh_service service);
const char *nh_side_name(nh_side side);
const char *nh_confidence_name(nh_confidence confidence);
/* " Side: server (likely)." as it ends the summary of an incident; caller frees. */
char *nh_side_sentence(nh_side side, nh_confidence confidence);

typedef enum { NH_L4_TCP = 6, NH_L4_UDP = 17 } nh_l4;

/* RFC 3339 in UTC with nine digits; caller frees. NULL for NH_TIME_NONE. */
char *nh_time_rfc3339(nh_time t);
/* HH:MM:SS.mmm in UTC; caller frees. "-" for NH_TIME_NONE. */
char *nh_time_clock(nh_time t);
/* A duration for people: "41.98 s", "3 min 4.3 s", "87 ms"; caller frees. */
char *nh_duration_text(nh_time duration);

#endif
