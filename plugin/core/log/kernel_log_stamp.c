/* kernel_log_stamp.c
 * Time stamps as dmesg, syslog and journalctl print them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log_stamp.h"

#define DAY_SECONDS      86400
#define UNIX_SECONDS_MAX G_GUINT64_CONSTANT(4102444800) /* 2100-01-01 */

typedef struct {
    const char *at, *end;
} cursor;

static bool
take_char(cursor *c, char expected)
{
    if (c->at == c->end || *c->at != expected)
        return false;
    c->at++;
    return true;
}

/* A run of min to max digits; a longer run is another kind of number. */
static bool
take_number(cursor *c, unsigned min, unsigned max, uint64_t *value)
{
    unsigned digits = 0;
    *value = 0;
    while (c->at < c->end && g_ascii_isdigit(*c->at) && digits <= max) {
        *value = *value * 10 + (uint64_t)(*c->at++ - '0');
        digits++;
    }
    return digits >= min && digits <= max;
}

static bool
take_two(cursor *c, unsigned highest, unsigned *value)
{
    uint64_t number;
    if (!take_number(c, 2, 2, &number) || number > highest)
        return false;
    *value = (unsigned)number;
    return true;
}

static bool
take_blanks(cursor *c, unsigned max)
{
    const char *start = c->at;
    while (c->at < c->end && *c->at == ' ' && c->at < start + max)
        c->at++;
    return c->at > start;
}

/* One of several names of three letters; its number from 1, or 0. */
static unsigned
take_name(cursor *c, const char *names)
{
    for (unsigned i = 0; names[i * 3] != '\0'; i++) {
        if (c->end - c->at >= 3 && memcmp(c->at, names + i * 3, 3) == 0) {
            c->at += 3;
            return i + 1;
        }
    }
    return 0;
}

#define WEEKDAYS "MonTueWedThuFriSatSun"
#define MONTHS   "JanFebMarAprMayJunJulAugSepOctNovDec"

/* ".933594" or ",933594" in nanoseconds; nothing there is 0 with the resolution of whole seconds. */
static nh_time
take_fraction(cursor *c, nh_time *resolution)
{
    nh_time fraction = 0;
    *resolution = NH_SECOND;
    if (c->end - c->at < 2 || (*c->at != '.' && *c->at != ',') || !g_ascii_isdigit(c->at[1]))
        return 0;
    for (c->at++; c->at < c->end && g_ascii_isdigit(*c->at); c->at++) {
        if (*resolution == 1)
            continue;
        *resolution /= 10;
        fraction += *resolution * (*c->at - '0');
    }
    return fraction;
}

/* "22:55:38" with or without a fraction, as a time of day. */
static bool
take_clock(cursor *c, nh_time *time, nh_time *resolution)
{
    unsigned hour, minute, second;
    if (!take_two(c, 23, &hour) || !take_char(c, ':') || !take_two(c, 59, &minute) || !take_char(c, ':') || !take_two(c, 60, &second))
        return false;
    *time = (hour * 3600 + minute * 60 + second) * NH_SECOND;
    *time += take_fraction(c, resolution);
    return true;
}

/* "Jun 22" and "Jun  2" */
static bool
take_month_day(cursor *c, unsigned *month, unsigned *day)
{
    uint64_t number;
    *month = take_name(c, MONTHS);
    if (*month == 0 || !take_blanks(c, 3) || !take_number(c, 1, 2, &number))
        return false;
    *day = (unsigned)number;
    return true;
}

static nh_time
date_time(uint64_t year, unsigned month, unsigned day, nh_time time_of_day)
{
    if (year < NH_LOG_YEAR_FIRST || year > NH_LOG_YEAR_LAST || !g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year))
        return NH_TIME_NONE;
    GDate date, epoch;
    g_date_clear(&date, 1);
    g_date_clear(&epoch, 1);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    g_date_set_dmy(&epoch, 1, G_DATE_JANUARY, 1970);
    return (nh_time)g_date_days_between(&epoch, &date) * DAY_SECONDS * NH_SECOND + time_of_day;
}

/* The year given belongs to the first line; later ones follow the months over the turn of the year. */
static nh_time
date_in_given_year(nh_log_calendar *calendar, unsigned month, unsigned day, nh_time time_of_day)
{
    if (calendar->month >= month + 6)
        calendar->year++;
    else if (calendar->month != 0 && month >= calendar->month + 6)
        calendar->year--;
    calendar->month = month;
    return date_time(calendar->year, month, day, time_of_day);
}

static unsigned
year_of(nh_time t)
{
    GDateTime *date = g_date_time_new_from_unix_utc(t / NH_SECOND);
    unsigned year = date ? (unsigned)g_date_time_get_year(date) : NH_LOG_YEAR_FIRST;
    g_clear_pointer(&date, g_date_time_unref);
    return CLAMP(year, NH_LOG_YEAR_FIRST, NH_LOG_YEAR_LAST);
}

/* Four years either way, so that February 29 always finds one (but around 2100). */
static nh_time
date_nearest(nh_time near, unsigned month, unsigned day, nh_time time_of_day)
{
    unsigned year = year_of(near);
    nh_time nearest = NH_TIME_NONE;
    for (unsigned y = year - 4; y <= year + 4; y++) {
        nh_time t = date_time(y, month, day, time_of_day);
        if (nh_time_known(t) && (!nh_time_known(nearest) || ABS(t - near) < ABS(nearest - near)))
            nearest = t;
    }
    return nearest;
}

/* "[ 1234.567890]"; the leading bracket is often lost when a terminal is copied. */
static bool
parse_uptime(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t seconds;
    if (take_char(c, '['))
        take_blanks(c, 16);
    if (!take_number(c, 1, 9, &seconds))
        return false;
    stamp->time = (nh_time)seconds * NH_SECOND + take_fraction(c, &stamp->resolution);
    stamp->clock = NH_CLOCK_UPTIME;
    return stamp->resolution < NH_SECOND && take_char(c, ']');
}

/* "5,123,456789,-;": priority, sequence, microseconds, flags */
static bool
parse_kmsg(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t priority, sequence, microseconds;
    if (!take_number(c, 1, 4, &priority) || !take_char(c, ',') || !take_number(c, 1, 18, &sequence) || !take_char(c, ',') ||
        !take_number(c, 1, 15, &microseconds) || !take_char(c, ','))
        return false;
    for (unsigned i = 0; i < 64 && c->at < c->end && *c->at != ';'; i++)
        c->at++;
    stamp->time = (nh_time)microseconds * 1000;
    stamp->resolution = 1000;
    stamp->clock = NH_CLOCK_UPTIME;
    return take_char(c, ';');
}

/* " UTC", " CST": only the first says which zone it is, other abbreviations have several meanings. */
static void
take_zone_name(cursor *c, nh_log_stamp *stamp)
{
    cursor ahead = *c;
    if (!take_blanks(&ahead, 1))
        return;
    const char *name = ahead.at;
    while (ahead.at < ahead.end && g_ascii_isupper(*ahead.at) && ahead.at - name < 5)
        ahead.at++;
    if (ahead.at - name < 3 || (ahead.at < ahead.end && g_ascii_isalnum(*ahead.at)))
        return;
    if (memcmp(name, "UTC", 3) == 0 || memcmp(name, "GMT", 3) == 0)
        stamp->clock = NH_CLOCK_UTC;
    c->at = ahead.at;
}

/* "Fri Jun 27 19:42:45 2025", also "Fri Jun 27 19:42:45 CST 2025" */
static bool
parse_ctime(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned month, day;
    uint64_t year;
    nh_time time_of_day;
    if (take_name(c, WEEKDAYS) == 0 || !take_blanks(c, 1) || !take_month_day(c, &month, &day) || !take_blanks(c, 1) ||
        !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    take_zone_name(c, stamp);
    if (!take_blanks(c, 1) || !take_number(c, 4, 4, &year))
        return false;
    stamp->time = date_time(year, month, day, time_of_day);
    return nh_time_known(stamp->time);
}

/* "Z", "+08:00", "+0800", "+08"; without one the clock stays local */
static void
take_zone_offset(cursor *c, nh_log_stamp *stamp)
{
    cursor ahead = *c;
    unsigned hours, minutes = 0;
    if (take_char(c, 'Z')) {
        stamp->clock = NH_CLOCK_UTC;
        return;
    }
    bool west = take_char(&ahead, '-');
    if (!west && !take_char(&ahead, '+'))
        return;
    cursor digits = ahead;
    uint64_t number;
    if (take_number(&digits, 4, 4, &number)) {
        hours = (unsigned)number / 100;
        minutes = (unsigned)number % 100;
        ahead = digits;
    } else {
        if (!take_two(&ahead, 23, &hours))
            return;
        digits = ahead;
        if (take_char(&digits, ':') && take_two(&digits, 59, &minutes))
            ahead = digits;
    }
    stamp->time += (west ? 1 : -1) * (nh_time)(hours * 3600 + minutes * 60) * NH_SECOND;
    stamp->clock = NH_CLOCK_UTC;
    c->at = ahead.at;
}

/* "2025-06-22T22:55:38,933594+08:00": dmesg, rsyslog, RFC 5424, journalctl; a blank for the T in short-full */
static bool
parse_iso(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t year;
    unsigned month, day;
    nh_time time_of_day;
    if (!take_number(c, 4, 4, &year) || !take_char(c, '-') || !take_two(c, 12, &month) || !take_char(c, '-') || !take_two(c, 31, &day) ||
        (!take_char(c, 'T') && !take_char(c, ' ')) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->time = date_time(year, month, day, time_of_day);
    if (!nh_time_known(stamp->time))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    take_zone_offset(c, stamp);
    if (stamp->clock == NH_CLOCK_LOCAL)
        take_zone_name(c, stamp);
    return true;
}

/* "Jun 22 22:55:38", journalctl short-precise with a fraction */
static bool
parse_syslog(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned month, day;
    nh_time time_of_day;
    if (!take_month_day(c, &month, &day) || !take_blanks(c, 1) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    stamp->time = calendar->year != 0 ? date_in_given_year(calendar, month, day, time_of_day)
                                      : date_nearest(calendar->near, month, day, time_of_day);
    return nh_time_known(stamp->time);
}

/* "1750604138.933594 " */
static bool
parse_unix(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t seconds;
    if (!take_number(c, 10, 10, &seconds) || seconds >= UNIX_SECONDS_MAX)
        return false;
    stamp->time = (nh_time)seconds * NH_SECOND + take_fraction(c, &stamp->resolution);
    stamp->clock = NH_CLOCK_UTC;
    return stamp->resolution < NH_SECOND && take_char(c, ' ');
}

/* Formats that are the end of another one come after it. */
static const struct {
    const char *name;
    bool (*parse)(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp);
} formats[] = {
    { "seconds since boot", parse_uptime }, /* dmesg, <5>[..], journalctl short-monotonic */
    { "/dev/kmsg", parse_kmsg },
    { "dmesg -T", parse_ctime },
    { "ISO 8601", parse_iso },            /* dmesg iso, RFC 5424, rsyslog, journalctl short-iso(-precise), short-full */
    { "syslog", parse_syslog },           /* RFC 3164, journalctl short, short-precise */
    { "seconds since 1970", parse_unix }, /* journalctl short-unix */
};

static size_t
parse_at(cursor c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(formats); i++) {
        cursor ahead = c;
        if (formats[i].parse(&ahead, calendar, stamp)) {
            stamp->format = formats[i].name;
            return (size_t)(ahead.at - c.at);
        }
    }
    return 0;
}

bool
nh_log_stamp_find(const char *text, size_t length, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    nh_log_stamp wall = { 0 }, uptime = { 0 };
    for (size_t i = 0; i < length;) {
        nh_log_stamp found = { 0 };
        bool inside_word = i > 0 && g_ascii_isalnum(text[i]) && g_ascii_isalnum(text[i - 1]);
        cursor c = { text + i, text + length };
        size_t taken = inside_word ? 0 : parse_at(c, calendar, &found);
        if (taken > 0 && found.clock == NH_CLOCK_UPTIME)
            uptime = found;
        else if (taken > 0 && (!wall.format || found.resolution <= wall.resolution))
            wall = found;
        i += MAX(taken, 1);
    }
    *stamp = wall.format ? wall : uptime;
    stamp->uptime = uptime.format ? uptime.time : NH_TIME_NONE;
    return stamp->format != NULL;
}
