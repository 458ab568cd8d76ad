/* log_record.c
 * One record of a structured log: its fields, gathered, and the row that they make.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_record.h"

typedef enum {
    FIELD_MICROSECONDS, /* since 1970 */
    FIELD_UPTIME,       /* microseconds since boot */
    FIELD_TIME,         /* a text, or a number whose size tells its unit */
    FIELD_HOST,
    FIELD_NONE /* holds numbers or texts that look like another field's */
} field_kind;

/* Of several times in a record the one that stands first here counts. */
static const struct {
    const char *name;
    field_kind kind;
} fields[] = {
    { "_SOURCE_REALTIME_TIMESTAMP", FIELD_MICROSECONDS }, /* journalctl, systemd.journal-fields(7) */
    { "__REALTIME_TIMESTAMP", FIELD_MICROSECONDS },
    { "_SOURCE_MONOTONIC_TIMESTAMP", FIELD_UPTIME },
    { "__MONOTONIC_TIMESTAMP", FIELD_NONE }, /* when journald read it */
    { "timeUnixNano", FIELD_TIME },          /* OpenTelemetry; observedTimeUnixNano is the collector's */
    { "@timestamp", FIELD_TIME },            /* Logstash, Elastic */
    { "time", FIELD_TIME },                  /* dmesg --json, docker, CRI-O, Fluent Bit */
    { "timestamp", FIELD_TIME },
    { "timereported", FIELD_TIME }, /* rsyslog */
    { "ISODATE", FIELD_TIME },      /* syslog-ng */
    { "DATE", FIELD_TIME },
    { "TimeGenerated", FIELD_TIME },
    { "EventTime", FIELD_TIME },
    { "eventTime", FIELD_TIME },
    { "datetime", FIELD_TIME },
    { "date", FIELD_TIME },
    { "_time", FIELD_TIME }, /* Splunk */
    { "ts", FIELD_TIME },
    { "", FIELD_TIME }, /* first in an array: Loki */
    { "timegenerated", FIELD_TIME },
    { "_HOSTNAME", FIELD_HOST },
    { "hostname", FIELD_HOST },
    { "HOSTNAME", FIELD_HOST },
    { "HOST", FIELD_HOST },
    { "host", FIELD_HOST },
    { "host.name", FIELD_HOST },
    { "host.hostname", FIELD_HOST },
    { "Computer", FIELD_HOST },
    { "nodename", FIELD_HOST },
    { "node", FIELD_HOST },
};

/* What may be of interest in a text; each message has its own test later. */
static bool
may_be_message(const char *value)
{
    static const char *const words[] = { "lockd",   ": server ",     "RPC:",      "suppressed", "kernel messages",
                                         "dropped", "rate-limiting", "fs server", "FS server" };

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (strstr(value, words[i]))
            return true;
    return false;
}

/* "1795350668258227" with the last 6 digits behind the point: "1795350668.258227" */
static char *
with_fraction(const char *value, unsigned digits)
{
    size_t length = strlen(value);
    char *padded = g_strdup_printf("%.*s%s", (int)(length <= digits ? digits + 1 - length : 0), "0000000000", value);
    size_t whole = strlen(padded) - digits;
    char *text = g_strdup_printf("%.*s.%s", (int)whole, padded, padded + whole);

    g_free(padded);
    return text;
}

static bool
is_digits(const char *value)
{
    size_t n = strspn(value, "0123456789");

    return n > 0 && n <= 19 && value[n] == '\0';
}

/* A number by its size: seconds since boot below 10^9, else since 1970 in seconds, milli-, micro- or nanoseconds. */
static char *
stamp_of_number(const char *value)
{
    size_t whole = strspn(value, "0123456789");
    char *seconds, *stamp;

    if (whole == 0 || whole > 19 || strspn(value, "0123456789.") != strlen(value))
        return NULL;
    if (whole < 10)
        return strchr(value, '.') ? g_strdup_printf("[%s]", value) : NULL;
    if (whole == 10)
        return g_strdup_printf("@%s", value);
    seconds = g_strndup(value, whole);
    stamp = whole == 13 || whole == 16 || whole == 19 ? with_fraction(seconds, (unsigned)whole - 10) : NULL;
    g_free(seconds);
    seconds = stamp ? g_strdup_printf("@%s", stamp) : NULL;
    g_free(stamp);
    return seconds;
}

static char *
stamp_of_text(const char *value)
{
    char *number = stamp_of_number(value);

    return number ? number : g_strndup(value, 64);
}

static void
take_stamp(nh_log_record *record, char *stamp, unsigned rank)
{
    if (!stamp || (record->stamp && record->rank <= rank)) {
        g_free(stamp);
        return;
    }
    g_free(record->stamp);
    record->stamp = stamp;
    record->rank = rank;
}

static void
take_first(char **field, const char *value)
{
    if (!*field)
        *field = g_strdup(value);
}

static void
take_known(nh_log_record *record, unsigned row, const char *value)
{
    char *text;

    switch (fields[row].kind) {
    case FIELD_MICROSECONDS:
        text = is_digits(value) ? with_fraction(value, 6) : NULL;
        take_stamp(record, text ? g_strdup_printf("@%s", text) : NULL, row);
        g_free(text);
        break;
    case FIELD_UPTIME:
        if (is_digits(value) && !record->uptime)
            record->uptime = with_fraction(value, 6);
        break;
    case FIELD_TIME:
        if (*fields[row].name || is_digits(value))
            take_stamp(record, stamp_of_text(value), row);
        break;
    case FIELD_HOST:
        if (*value && !strpbrk(value, " \t\n"))
            take_first(&record->host, value);
        break;
    case FIELD_NONE:
        break;
    }
}

void
nh_log_record_field(nh_log_record *record, const char *name, const char *value, bool is_number)
{
    if (!is_number && may_be_message(value)) {
        take_first(&record->message, value);
        return;
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            take_known(record, i, value);
            return;
        }
    }
}

void
nh_log_record_inherit(nh_log_record *record, const nh_log_record *outer)
{
    if (!record->stamp && outer->stamp)
        take_stamp(record, g_strdup(outer->stamp), outer->rank);
    if (outer->uptime)
        take_first(&record->uptime, outer->uptime);
    if (outer->host)
        take_first(&record->host, outer->host);
    if (outer->message)
        take_first(&record->message, outer->message);
}

/* Only the message's first line has the record's time; those behind it may have their own. */
void
nh_log_record_end(nh_log_record *record, unsigned number, nh_log_row_func take, void *data)
{
    char **lines = g_strsplit(record->message ? record->message : "", "\n", -1);

    for (unsigned i = 0; lines[i]; i++) {
        GString *row = g_string_new(NULL);
        if (i == 0 && record->stamp)
            g_string_append_printf(row, "%s ", record->stamp);
        if (i == 0 && record->host)
            g_string_append_printf(row, "%s kernel: ", record->host);
        if (i == 0 && record->uptime)
            g_string_append_printf(row, "[%s] ", record->uptime);
        g_string_append(row, lines[i]);
        if (*lines[i])
            take(row->str, row->len, number, data);
        g_string_free(row, true);
    }
    g_strfreev(lines);
    nh_log_record_clear(record);
}

void
nh_log_record_clear(nh_log_record *record)
{
    g_free(record->stamp);
    g_free(record->uptime);
    g_free(record->host);
    g_free(record->message);
    memset(record, 0, sizeof *record);
}
