/* kernel_log_stamp.c
 * Time stamps as dmesg, syslog and journalctl print them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log_stamp.h"

#include "core/log/log_months.h"

#define DAY_SECONDS      86400
#define UNIX_SECONDS_MIN G_GUINT64_CONSTANT(946684800)  /* 2000-01-01 */
#define UNIX_SECONDS_MAX G_GUINT64_CONSTANT(4102444800) /* 2100-01-01 */

typedef struct {
    const char *at, *end;
    const char *line; /* where it begins */
} cursor;

static bool
take_char(cursor *c, char expected)
{
    if (c->at == c->end || *c->at != expected)
        return false;
    c->at++;
    return true;
}

/* One of several characters. */
static bool
take_any(cursor *c, const char *expected)
{
    if (c->at == c->end || *c->at == '\0' || !strchr(expected, *c->at))
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

/* In whatever language; several bits where languages disagree. */
static bool
take_month(cursor *c, unsigned *months)
{
    size_t length = nh_log_month_find(c->at, (size_t)(c->end - c->at), months);
    c->at += length;
    return length > 0;
}

static bool
take_day(cursor *c, unsigned *day)
{
    uint64_t number;
    if (!take_number(c, 1, 2, &number))
        return false;
    *day = (unsigned)number;
    return true;
}

/* "Jun 22" and "Jun  2"; "22. Okt", "22 nov." as people and some locales write it */
static bool
take_month_day(cursor *c, unsigned *months, unsigned *day)
{
    cursor ahead = *c;
    if (take_month(&ahead, months) && take_blanks(&ahead, 3) && take_day(&ahead, day)) {
        c->at = ahead.at;
        return true;
    }
    ahead = *c;
    if (!take_day(&ahead, day))
        return false;
    take_char(&ahead, '.');
    if (!take_blanks(&ahead, 2) || !take_month(&ahead, months))
        return false;
    c->at = ahead.at;
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

static unsigned
first_month(unsigned months)
{
    unsigned month = 1;
    while (month < 12 && !(months >> (month - 1) & 1))
        month++;
    return month;
}

/* The year given belongs to the first line; later ones follow the months over the turn of the year. */
static nh_time
date_in_given_year(nh_log_calendar *calendar, unsigned months, unsigned day, nh_time time_of_day)
{
    unsigned month = first_month(months);
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

static void
take_nearer(nh_time *nearest, nh_time t, nh_time hint)
{
    if (nh_time_known(t) && (!nh_time_known(*nearest) || ABS(t - hint) < ABS(*nearest - hint)))
        *nearest = t;
}

/* Of all months that the name may mean; from and to are years. */
static nh_time
date_among(unsigned from, unsigned to, nh_time hint, unsigned months, unsigned day, nh_time time_of_day)
{
    nh_time nearest = NH_TIME_NONE;
    for (unsigned year = from; year <= to; year++)
        for (unsigned month = 1; month <= 12; month++)
            if (months >> (month - 1) & 1)
                take_nearer(&nearest, date_time(year, month, day, time_of_day), hint);
    return nearest;
}

/* Four years either way, so that February 29 always finds one (but around 2100). */
static nh_time
date_nearest(nh_time hint, unsigned months, unsigned day, nh_time time_of_day)
{
    unsigned year = year_of(hint);
    return date_among(year - 4, year + 4, hint, months, day, time_of_day);
}

static nh_time
date_without_year(nh_log_calendar *calendar, unsigned months, unsigned day, nh_time time_of_day)
{
    return calendar->year != 0 ? date_in_given_year(calendar, months, day, time_of_day)
                               : date_nearest(calendar->hint, months, day, time_of_day);
}

/* --- steps from line to line ------------------------------------------------------ */

/* "<   18.158227>" of dmesg -d, "<   18.158227 >" of journalctl short-delta, which leaves the first line's blank */
static void
take_step_beside(cursor *c)
{
    uint64_t seconds;
    nh_time resolution;
    cursor ahead = *c;
    take_blanks(&ahead, 24);
    if (take_char(&ahead, '<')) {
        take_blanks(&ahead, 16);
        if (!take_number(&ahead, 1, 9, &seconds))
            return;
        take_fraction(&ahead, &resolution);
        take_blanks(&ahead, 2);
        if (!take_char(&ahead, '>'))
            return;
    }
    c->at = ahead.at;
}

/* "[  +6.741773]", "[<    6.741773>]" */
static bool
take_step(cursor *c, nh_time *step, bool *of_minute)
{
    uint64_t seconds;
    nh_time resolution;
    if (!take_char(c, '['))
        return false;
    take_blanks(c, 8);
    *of_minute = take_char(c, '+');
    if (!*of_minute && !take_char(c, '<'))
        return false;
    take_blanks(c, 8);
    if (!take_number(c, 1, 9, &seconds))
        return false;
    *step = (nh_time)seconds * NH_SECOND + take_fraction(c, &resolution);
    return resolution < NH_SECOND && (*of_minute || take_char(c, '>')) && take_char(c, ']');
}

/* "[Nov22 12:31]", "[Nov 2 12:31]" */
static bool
take_minute(cursor *c, nh_log_calendar *calendar, nh_time *time)
{
    unsigned months, day, hour, minute;
    if (!take_char(c, '[') || !take_month(c, &months))
        return false;
    take_blanks(c, 2);
    if (!take_day(c, &day) || !take_blanks(c, 1) || !take_two(c, 23, &hour) || !take_char(c, ':') || !take_two(c, 59, &minute) ||
        !take_char(c, ']'))
        return false;
    *time = date_without_year(calendar, months, day, (hour * 60 + minute) * NH_MINUTE);
    return nh_time_known(*time);
}

nh_log_step
nh_log_calendar_follow(nh_log_calendar *calendar, const char *line, size_t length)
{
    cursor c = { line, line + length, line };
    nh_time time;
    bool of_minute;

    while (c.at < c.end && (*c.at == ' ' || *c.at == '>' || *c.at == '\t'))
        c.at++;
    if (c.at == c.end || *c.at != '[')
        return NH_LOG_NO_STEP;
    cursor ahead = c;
    if (take_step(&ahead, &time, &of_minute)) {
        calendar->elapsed = MIN(calendar->elapsed + time, NH_LOG_OFFSET_MAX);
        return NH_LOG_STEP;
    }
    ahead = c;
    if (!take_minute(&ahead, calendar, &time))
        return NH_LOG_NO_STEP;
    calendar->has_minute = true;
    calendar->minute = time;
    calendar->elapsed = 0;
    return NH_LOG_MINUTE;
}

/* --- layouts ------------------------------------------------------------------------ */

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
    take_step_beside(c);
    return stamp->resolution < NH_SECOND && take_char(c, ']');
}

/* "[Nov22 12:31]", dmesg -H when a minute begins; calendar follows the lines after it. */
static bool
parse_minute(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    cursor ahead = *c;
    if (!take_minute(&ahead, calendar, &stamp->time))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    stamp->resolution = NH_MINUTE;
    stamp->stepped = true;
    c->at = ahead.at;
    return true;
}

/* "[  +6.741773]" after such a line; "[<    6.741773>]" of dmesg --time-format=delta counts from the log's beginning. */
static bool
parse_step(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    nh_time step;
    bool of_minute;
    if (!take_step(c, &step, &of_minute) || (of_minute && (!calendar->has_minute || calendar->elapsed >= NH_MINUTE)))
        return false;
    stamp->clock = of_minute ? NH_CLOCK_LOCAL : NH_CLOCK_UPTIME;
    stamp->time = (of_minute ? calendar->minute : 0) + calendar->elapsed;
    stamp->resolution = of_minute ? NH_MINUTE - calendar->elapsed : 1000;
    stamp->stepped = true;
    return true;
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

/*
 * "Fri Jun 27 19:42:45 2025", also "Fri Jun 27 19:42:45 CST 2025". The weekday
 * tells nothing more, in whichever language it is; the year tells it from syslog.
 */
static bool
parse_ctime(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned months, day;
    uint64_t year;
    nh_time time_of_day;
    cursor ahead = *c;
    if (take_name(&ahead, WEEKDAYS) != 0 && take_blanks(&ahead, 1))
        c->at = ahead.at;
    if (!take_month_day(c, &months, &day) || !take_blanks(c, 1) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    take_zone_name(c, stamp);
    if (!take_blanks(c, 1) || !take_number(c, 4, 4, &year) || year < NH_LOG_YEAR_FIRST || year > NH_LOG_YEAR_LAST)
        return false;
    if (c->at < c->end && !strchr("] <,\t", *c->at))
        return false;
    stamp->time = date_among((unsigned)year, (unsigned)year, calendar->hint, months, day, time_of_day);
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

/*
 * "2025-06-22T22:55:38,933594+08:00": dmesg, rsyslog, RFC 5424, journalctl; a blank for the T in short-full, an underscore
 * in svlogd -tt
 */
static bool
parse_iso(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t year;
    unsigned month, day;
    nh_time time_of_day;
    if (!take_number(c, 4, 4, &year) || c->at == c->end || (*c->at != '-' && *c->at != '/'))
        return false;
    char separator = *c->at++; /* a slash in logs of Go's and nginx's */
    if (!take_two(c, 12, &month) || !take_char(c, separator) || !take_two(c, 31, &day) || !take_any(c, "T _") ||
        !take_clock(c, &time_of_day, &stamp->resolution))
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

/* "20250622T225538.933Z", the basic format of ISO 8601; a colon for the T in Zabbix' logs */
static bool
parse_iso_basic(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t date, clock;
    if (!take_number(c, 8, 8, &date) || !take_any(c, "T:-_ ") || !take_number(c, 6, 6, &clock))
        return false;
    unsigned hour = (unsigned)(clock / 10000), minute = (unsigned)(clock / 100 % 100), second = (unsigned)(clock % 100);
    if (hour > 23 || minute > 59 || second > 60 || date / 100 % 100 > 12)
        return false;
    stamp->time = date_time(date / 10000, (unsigned)(date / 100 % 100), (unsigned)(date % 100),
                            (hour * 3600 + minute * 60 + second) * NH_SECOND);
    if (!nh_time_known(stamp->time))
        return false;
    stamp->time += take_fraction(c, &stamp->resolution);
    stamp->clock = NH_CLOCK_LOCAL;
    take_zone_offset(c, stamp);
    return true;
}

/* "06-22 22:55:38.933", Android's logcat; the end of a longer date is none. */
static bool
parse_logcat(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned month, day;
    nh_time time_of_day;
    if (c->at > c->line && strchr("-/.:", c->at[-1]))
        return false;
    if (!take_two(c, 12, &month) || month == 0 || !take_char(c, '-') || !take_two(c, 31, &day) || !take_char(c, ' ') ||
        !take_clock(c, &time_of_day, &stamp->resolution) || stamp->resolution == NH_SECOND)
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    stamp->time = date_without_year(calendar, 1U << (month - 1), day, time_of_day);
    return nh_time_known(stamp->time);
}

/* "Jun 22 22:55:38", journalctl short-precise with a fraction */
static bool
parse_syslog(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned months, day;
    nh_time time_of_day;
    if (!take_month_day(c, &months, &day) || !take_blanks(c, 1) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    stamp->time = date_without_year(calendar, months, day, time_of_day);
    return nh_time_known(stamp->time);
}

/* "Jun 22 2025 22:55:38", with or without a colon behind it: Cisco's, and rsyslog's with year; "Jun 22, 2025 @ 22:55:38.933": Kibana's */
static bool
parse_syslog_year(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned months, day;
    uint64_t year;
    nh_time time_of_day;
    if (!take_month_day(c, &months, &day))
        return false;
    take_char(c, ',');
    if (!take_blanks(c, 1) || !take_number(c, 4, 4, &year) || year < NH_LOG_YEAR_FIRST || year > NH_LOG_YEAR_LAST)
        return false;
    take_char(c, ',');
    if (!take_blanks(c, 1) || (take_char(c, '@') && !take_blanks(c, 1)) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    stamp->time = date_among((unsigned)year, (unsigned)year, calendar->hint, months, day, time_of_day);
    take_zone_name(c, stamp);
    return nh_time_known(stamp->time);
}

/* "22/Jun/2025:22:55:38 +0800", Apache's, which log collectors write, too */
static bool
parse_clf(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned day, month;
    uint64_t year;
    nh_time time_of_day;
    if (!take_two(c, 31, &day) || (!take_char(c, '/') && !take_char(c, '-')))
        return false;
    month = take_name(c, "JanFebMarAprMayJunJulAugSepOctNovDec");
    if (month == 0 || (!take_char(c, '/') && !take_char(c, '-')) || !take_number(c, 4, 4, &year) ||
        (!take_char(c, ':') && !take_char(c, ' ')) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    stamp->time = date_time(year, month, day, time_of_day);
    if (!nh_time_known(stamp->time))
        return false;
    stamp->clock = NH_CLOCK_LOCAL;
    take_blanks(c, 1);
    take_zone_offset(c, stamp);
    return true;
}

/* " PM" */
static void
take_half_day(cursor *c, nh_time *time_of_day)
{
    cursor ahead = *c;
    take_blanks(&ahead, 1);
    bool pm = take_char(&ahead, 'P');
    if ((!pm && !take_char(&ahead, 'A')) || !take_char(&ahead, 'M'))
        return;
    if (*time_of_day >= 12 * 60 * NH_MINUTE)
        *time_of_day -= 12 * 60 * NH_MINUTE;
    *time_of_day += pm ? 12 * 60 * NH_MINUTE : 0;
    c->at = ahead.at;
}

/* The day comes first where a full stop stands; with a slash it may be either, and the one nearer to the capture counts. */
static bool
parse_numeric_date(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned first, second;
    uint64_t year;
    nh_time time_of_day;
    if (!take_two(c, 31, &first) || c->at == c->end || !strchr("./-", *c->at))
        return false;
    char separator = *c->at++;
    if (!take_two(c, 31, &second) || !take_char(c, separator) || !take_number(c, 4, 4, &year))
        return false;
    take_char(c, ',');
    if (!take_blanks(c, 1) || !take_clock(c, &time_of_day, &stamp->resolution))
        return false;
    take_half_day(c, &time_of_day);
    stamp->time = date_time(year, second, first, time_of_day);
    if (separator == '/')
        take_nearer(&stamp->time, date_time(year, first, second, time_of_day), calendar->hint);
    stamp->clock = NH_CLOCK_LOCAL;
    return nh_time_known(stamp->time);
}

/* One of several words, each ended by a blank in the list. */
static bool
take_one_of(cursor *c, const char *words)
{
    for (const char *end; (end = strchr(words, ' ')) != NULL; words = end + 1) {
        size_t length = (size_t)(end - words);
        if ((size_t)(c->end - c->at) >= length && memcmp(c->at, words, length) == 0) {
            c->at += length;
            return true;
        }
    }
    return false;
}

/* A number and the word that says what it counts. */
static bool
take_counted(cursor *c, unsigned digits, const char *words, uint64_t *value)
{
    if (!take_number(c, 1, digits, value) || !take_one_of(c, words))
        return false;
    take_blanks(c, 1);
    return true;
}

#define WEEKDAY_BYTES_MAX 20

/* "2025年06月22日 22時55分38秒", "2025년 06월 22일 (일) 오후 10시 55분 38초": what date prints in East Asia, the weekday before the clock */
static bool
parse_east_asian(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t year, month, day, hour, minute, second;
    bool pm = false;
    if (!take_counted(c, 4, "年 년 ", &year) || !take_counted(c, 2, "月 월 ", &month) || !take_counted(c, 2, "日 일 ", &day))
        return false;
    for (unsigned i = 0; i < WEEKDAY_BYTES_MAX && c->at < c->end && !g_ascii_isdigit(*c->at); i++) {
        pm = pm || take_one_of(c, "오후 下午 午後 ");
        c->at += c->at < c->end && !g_ascii_isdigit(*c->at);
    }
    if (!take_counted(c, 2, ": 时 時 點 시 ", &hour) || !take_counted(c, 2, ": 分 분 ", &minute) || !take_number(c, 2, 2, &second) ||
        hour > 23 || minute > 59 || second > 60)
        return false;
    take_one_of(c, "秒 초 ");
    hour += pm && hour < 12 ? 12 : 0;
    stamp->time = date_time(year, (unsigned)month, (unsigned)day, (nh_time)(hour * 3600 + minute * 60 + second) * NH_SECOND);
    stamp->resolution = NH_SECOND;
    stamp->clock = NH_CLOCK_LOCAL;
    take_zone_name(c, stamp);
    return nh_time_known(stamp->time);
}

/* "@1750604138.933594": date +@%s.%N, systemd's own notation, and how records of JSON and of the journal are written here */
static bool
parse_at_epoch(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t seconds;
    if (!take_char(c, '@') || !take_number(c, 9, 10, &seconds) || seconds >= UNIX_SECONDS_MAX)
        return false;
    stamp->time = (nh_time)seconds * NH_SECOND + take_fraction(c, &stamp->resolution);
    stamp->clock = NH_CLOCK_UTC;
    return true;
}

static bool
take_hex(cursor *c, unsigned digits, uint64_t *value)
{
    *value = 0;
    for (unsigned i = 0; i < digits; i++) {
        int digit = c->at < c->end ? g_ascii_xdigit_value(*c->at) : -1;
        if (digit < 0)
            return false;
        *value = *value * 16 + (uint64_t)digit;
        c->at++;
    }
    return true;
}

#define TAI64_EPOCH (G_GUINT64_CONSTANT(1) << 62)
#define TAI_OFFSET  10 /* daemontools' and its successors' clocks count from there, leap seconds or not */

/* "@40000000685818b437a5e1cc": multilog, s6-log, svlogd -t; TAI64N (cr.yp.to/libtai/tai64.html) */
static bool
parse_tai64n(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    uint64_t seconds, nanoseconds;
    if (!take_char(c, '@') || !take_hex(c, 16, &seconds) || !take_hex(c, 8, &nanoseconds) || nanoseconds >= NH_SECOND ||
        seconds < TAI64_EPOCH || seconds - TAI64_EPOCH >= UNIX_SECONDS_MAX)
        return false;
    stamp->time = ((nh_time)(seconds - TAI64_EPOCH) - TAI_OFFSET) * NH_SECOND + (nh_time)nanoseconds;
    stamp->resolution = 1000;
    stamp->clock = NH_CLOCK_UTC;
    return stamp->time >= 0;
}

/* Nothing but what parts columns stands before it. */
static bool
stands_first(const cursor *c)
{
    for (const char *at = c->line; at < c->at; at++)
        if (*at == '\0' || !strchr(" \t,;|\"'[<", *at))
            return false;
    return true;
}

/* A number of 10, 13, 16 or 19 digits: seconds since 1970, milli-, micro- or nanoseconds. */
static bool
take_unix(cursor *c, nh_log_stamp *stamp)
{
    const char *start = c->at;
    uint64_t number, units = 1;
    if (!take_number(c, 10, 19, &number) || (c->at - start - 10) % 3 != 0)
        return false;
    for (const char *at = start + 10; at < c->at; at++)
        units *= 10;
    if (number / units < UNIX_SECONDS_MIN || number / units >= UNIX_SECONDS_MAX)
        return false;
    stamp->resolution = NH_SECOND / (nh_time)units;
    stamp->time = (nh_time)number * stamp->resolution;
    if (units == 1)
        stamp->time += take_fraction(c, &stamp->resolution);
    stamp->clock = NH_CLOCK_UTC;
    return true;
}

/* "1750604138.933594 "; a number without a point, which may be anything, in front of a line only: "1750604138 ", "1750604138933," */
static bool
parse_unix(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    bool first = stands_first(c);
    const char *start = c->at;
    if (!take_unix(c, stamp))
        return false;
    stamp->bare = !memchr(start, '.', (size_t)(c->at - start));
    return (first || !stamp->bare) && (c->at == c->end || take_any(c, " \t,;|\""));
}

/* "[1750604138]" as Nagios has it, "[1750604138.933594000, " as Fluent Bit has it; no machine has been up for so long */
static bool
parse_unix_brackets(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    if (!take_char(c, '[') || !take_unix(c, stamp))
        return false;
    stamp->bare = stamp->resolution == NH_SECOND;
    return take_any(c, ",]");
}

/* What a stamp may begin with, so that most places in a line are passed over at once. */
enum { BRACKET = 1, DIGIT = 2, LETTER = 4, AT_SIGN = 8 };

static unsigned
class_of(char c)
{
    if (g_ascii_isdigit(c))
        return DIGIT;
    if (g_ascii_isalpha(c) || (guchar)c >= 0x80)
        return LETTER;
    return c == '[' ? BRACKET : c == '@' ? AT_SIGN : 0;
}

/* Formats that are the end of another one come after it. */
static const struct {
    const char *name;
    bool (*parse)(cursor *c, nh_log_calendar *calendar, nh_log_stamp *stamp);
    unsigned begins;
} formats[] = {
    { "[seconds since 1970]", parse_unix_brackets, BRACKET }, /* Nagios, Fluent Bit, logread -t */
    { "seconds since boot", parse_uptime, BRACKET | DIGIT },  /* dmesg, -d, <5>[..], journalctl short-monotonic, short-delta */
    { "dmesg -H", parse_minute, BRACKET },                    /* dmesg -H, -e, --time-format=reltime */
    { "steps", parse_step, BRACKET },                         /* the same, and --time-format=delta */
    { "/dev/kmsg", parse_kmsg, DIGIT },
    { "dmesg -T", parse_ctime, LETTER | DIGIT }, /* and date, in whatever language */
    { "syslog with year", parse_syslog_year, LETTER | DIGIT },
    { "Apache", parse_clf, DIGIT },
    { "ISO 8601", parse_iso, DIGIT }, /* dmesg iso, RFC 5424, rsyslog, journalctl short-iso(-precise), short-full */
    { "ISO 8601, basic", parse_iso_basic, DIGIT },
    { "logcat", parse_logcat, DIGIT },
    { "syslog", parse_syslog, LETTER | DIGIT },  /* RFC 3164, journalctl short, short-precise */
    { "seconds since 1970", parse_unix, DIGIT }, /* journalctl short-unix, ts %s, milliseconds of CloudWatch */
    { "TAI64N", parse_tai64n, AT_SIGN },
    { "@seconds", parse_at_epoch, AT_SIGN },
    { "numeric date", parse_numeric_date, DIGIT },
    { "East Asian date", parse_east_asian, DIGIT },
};

static size_t
parse_at(cursor c, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    unsigned class = class_of(*c.at);
    for (unsigned i = 0; class != 0 && i < G_N_ELEMENTS(formats); i++) {
        cursor ahead = c;
        if ((formats[i].begins & class) && formats[i].parse(&ahead, calendar, stamp)) {
            stamp->format = formats[i].name;
            return (size_t)(ahead.at - c.at);
        }
    }
    return 0;
}

/* Of a word in whatever language. */
static bool
is_word_byte(char c)
{
    return g_ascii_isalnum(c) || (guchar)c >= 0x80;
}

/* Two of one layout side by side: of the event, and of when it was received, which is not before it. */
static bool
is_received(const nh_log_stamp *first, const nh_log_stamp *next, const char *from, const char *to)
{
    if (first->format != next->format || first->clock != next->clock || first->resolution != next->resolution || next->time < first->time)
        return false;
    for (; from < to; from++)
        if (*from == '\0' || !strchr(" \t,;|\"'", *from))
            return false;
    return true;
}

/* Whether a further wall clock of a line counts, not the one before. A number that may be anything counts where nothing else does. */
static bool
counts_more(const nh_log_stamp *found, const nh_log_stamp *wall)
{
    if (!wall->format || found->bare != wall->bare)
        return !wall->format || wall->bare;
    return found->resolution <= wall->resolution;
}

bool
nh_log_stamp_find(const char *text, size_t length, nh_log_calendar *calendar, nh_log_stamp *stamp)
{
    nh_log_stamp wall = { 0 }, uptime = { 0 };
    size_t begin = length, end = 0;
    for (size_t i = 0; i < length;) {
        nh_log_stamp found = { 0 };
        bool inside_word = i > 0 && is_word_byte(text[i]) && is_word_byte(text[i - 1]);
        cursor c = { text + i, text + length, text };
        size_t taken = inside_word ? 0 : parse_at(c, calendar, &found);
        if (taken > 0 && found.clock == NH_CLOCK_UPTIME)
            uptime = found;
        else if (taken > 0 && counts_more(&found, &wall) && !is_received(&wall, &found, text + end, text + i))
            wall = found;
        if (taken > 0) {
            begin = MIN(begin, i);
            end = i + taken;
        }
        i += MAX(taken, 1);
    }
    *stamp = wall.format ? wall : uptime;
    stamp->uptime = uptime.format ? uptime.time : NH_TIME_NONE;
    stamp->uptime_resolution = uptime.resolution;
    stamp->begin = begin;
    stamp->end = end;
    return stamp->format != NULL;
}
