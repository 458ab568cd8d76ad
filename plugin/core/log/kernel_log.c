/* kernel_log.c
 * Lines of the client's kernel log that speak of lock servers: found, read, dated.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log.h"

#include <errno.h>
#include <stdio.h>
#include <glib/gstdio.h>

#include "core/log/kernel_log_stamp.h"

#define FILE_BYTES_MAX   (64 * 1024 * 1024)
#define LINES_MAX        100000
#define TEXT_BYTES_MAX   512
#define SERVER_BYTES_MAX 255 /* a DNS name; the kernel takes no longer one */
#define NEAR_MAX         (G_GINT64_CONSTANT(130) * 365 * 86400 * NH_SECOND)

/*
 * The kernel stamps uptime with the processor's clock, which nothing corrects,
 * the wall clock follows NTP: they part by 150 parts in a million on ordinary
 * machines; 500 is the most NTP corrects.
 */
#define DRIFT(interval) ((interval) / 2000)

typedef struct {
    const char *at, *end;
} cursor;

/* A message and where it stands in its line. */
typedef struct {
    nh_log_event event;
    const char *start, *end;
    const char *server, *server_end;
    bool has_program;
    unsigned task, alarm_ms;
} message;

typedef struct {
    nh_kernel_log *log;
    nh_log_calendar calendar;
    GArray *uptimes; /* nh_time of each kept line: printed beside the wall clock, or NH_TIME_NONE */
    unsigned number;
    unsigned undated;
    bool full;
} reader;

static void
skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t'))
        c->at++;
}

/* Words as printed; a blank stands for any number of blanks, none too: copied text loses and gains them. */
static bool
take_words(cursor *c, const char *words)
{
    cursor ahead = *c;
    for (; *words != '\0'; words++) {
        if (*words == ' ')
            skip_blanks(&ahead);
        else if (ahead.at < ahead.end && *ahead.at == *words)
            ahead.at++;
        else
            return false;
    }
    if (ahead.at < ahead.end && g_ascii_isalnum(*ahead.at) && g_ascii_isalnum(ahead.at[-1]))
        return false;
    c->at = ahead.at;
    return true;
}

static bool
take_number(cursor *c, unsigned *value)
{
    const char *start = c->at;
    uint64_t number = 0;
    while (c->at < c->end && g_ascii_isdigit(*c->at) && c->at - start < 10)
        number = number * 10 + (uint64_t)(*c->at++ - '0');
    *value = (unsigned)MIN(number, G_MAXUINT);
    return c->at > start;
}

static const struct {
    const char *words;
    nh_log_event event;
} server_states[] = {
    { "not responding, still trying", NH_LOG_STILL_TRYING },
    { "not responding, timed out", NH_LOG_TIMED_OUT },
    { "OK", NH_LOG_OK },
    { "0K", NH_LOG_OK },
};

/* " server %s OK" after the program's colon */
static bool
match_server(cursor c, message *m)
{
    if (!take_words(&c, " server") || c.at == c.end || (*c.at != ' ' && *c.at != '\t'))
        return false;
    skip_blanks(&c);
    m->server = c.at;
    while (c.at < c.end && (guchar)*c.at > ' ' && c.at - m->server <= SERVER_BYTES_MAX)
        c.at++;
    m->server_end = c.at;
    if (c.at == m->server || c.at - m->server > SERVER_BYTES_MAX || c.at == c.end || (*c.at != ' ' && *c.at != '\t'))
        return false;
    skip_blanks(&c);
    for (unsigned i = 0; i < G_N_ELEMENTS(server_states); i++) {
        if (take_words(&c, server_states[i].words)) {
            m->event = server_states[i].event;
            m->end = c.at;
            return true;
        }
    }
    return false;
}

/* "    38 setting alarm for 10000 ms" after "RPC:" */
static bool
match_rpc_debug(cursor c, message *m)
{
    skip_blanks(&c);
    if (!take_number(&c, &m->task))
        return false;
    if (take_words(&c, " call_timeout (minor)")) {
        m->event = NH_LOG_MINOR;
    } else if (take_words(&c, " call_timeout (major)")) {
        m->event = NH_LOG_MAJOR;
    } else if (take_words(&c, " setting alarm for")) {
        skip_blanks(&c);
        if (!take_number(&c, &m->alarm_ms) || !take_words(&c, " ms"))
            return false;
        m->event = NH_LOG_ALARM;
    } else {
        return false;
    }
    m->end = c.at;
    return true;
}

static bool
is_program_char(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

static bool
is_word(const char *start, const char *end, const char *word)
{
    return (size_t)(end - start) == strlen(word) && memcmp(start, word, strlen(word)) == 0;
}

/* The message whose program's name ends at colon and begins at or after from. */
static bool
match_message(const char *from, const char *colon, const char *line_end, message *m)
{
    cursor rest = { colon + 1, line_end };
    memset(m, 0, sizeof *m);
    m->start = colon;
    while (m->start > from && is_program_char(m->start[-1]))
        m->start--;
    if (m->start == colon)
        return false;
    if (is_word(m->start, colon, "RPC"))
        return match_rpc_debug(rest, m);
    m->has_program = true;
    if (match_server(rest, m))
        return true;
    if (!is_word(m->start, colon, "lockd") || rest.at == line_end || *rest.at != ' ')
        return false;
    m->event = NH_LOG_OTHER;
    m->server = m->server_end = NULL;
    m->end = line_end;
    return true;
}

static char *
text_of(const char *start, const char *end)
{
    return g_utf8_make_valid(start, MIN(end - start, TEXT_BYTES_MAX));
}

static void
keep(reader *r, const message *m, const nh_log_stamp *stamp)
{
    nh_log_line *line = g_new0(nh_log_line, 1);
    line->number = r->number;
    line->event = m->event;
    line->clock = stamp->clock;
    line->stamp = line->time = stamp->time + r->log->offset;
    line->resolution = stamp->resolution;
    line->task = m->task;
    line->alarm_ms = m->alarm_ms;
    line->text = g_strchomp(text_of(m->start, m->end));
    if (m->has_program)
        line->program = text_of(m->start, memchr(m->start, ':', (size_t)(m->end - m->start)));
    if (m->server) {
        line->server = text_of(m->server, m->server_end);
        nh_addr_parse(line->server, &line->address);
    }
    g_ptr_array_add(r->log->lines, line);
    nh_time uptime = stamp->clock == NH_CLOCK_UPTIME ? NH_TIME_NONE : stamp->uptime;
    g_array_append_val(r->uptimes, uptime);
}

/*
 * All messages of one line: two lines that were glued together give two. A
 * message after the first may do without a stamp of its own; not so other words
 * of lockd, which would be found in the middle of its own sentences.
 */
static bool
read_line(reader *r, const char *line, const char *end)
{
    const char *from = line, *colon = line;
    nh_log_stamp stamp = { 0 };
    bool kept = false;
    message m;

    while ((colon = memchr(colon, ':', (size_t)(end - colon))) != NULL) {
        if (!match_message(from, colon, end, &m)) {
            colon++;
            continue;
        }
        nh_log_stamp own;
        bool dated = nh_log_stamp_find(from, (size_t)(m.start - from), &r->calendar, &own);
        if (dated)
            stamp = own;
        r->full = r->full || r->log->lines->len == LINES_MAX;
        if (!stamp.format) {
            r->undated++;
        } else if (!r->full && (dated || m.event != NH_LOG_OTHER)) {
            keep(r, &m, &stamp);
            kept = true;
        }
        from = colon = m.event == NH_LOG_OTHER ? colon + 1 : m.end;
    }
    return kept;
}

static void
read_lines(reader *r, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        const char *line_end = newline ? newline : end;
        r->number++;
        if (!read_line(r, text, line_end))
            r->log->skipped++;
        text = newline ? newline + 1 : end;
    }
}

/* Bounds of (wall clock - uptime), the time of boot. */
typedef struct {
    nh_time low, high;
} bounds;

/* What one line knows, narrowed by the line next to it; a contradiction is another boot, or a clock that was set. */
static void
narrow(bounds *own, const bounds *neighbour, nh_time apart)
{
    bounds both = { MAX(own->low, neighbour->low - DRIFT(apart)), MIN(own->high, neighbour->high + DRIFT(apart)) };
    if (both.low < both.high)
        *own = both;
}

/*
 * Whole seconds of wall clock beside microseconds of uptime: every line of a
 * boot tells the same time of boot within a second, together they tell it more
 * closely. Forwards, then backwards; each line ends up with what all near it say.
 */
static void
refine_with_uptimes(GPtrArray *lines, GArray *uptimes)
{
    bounds *boot = g_new(bounds, lines->len);
    GArray *which = g_array_new(false, false, sizeof(unsigned));
    for (unsigned i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time uptime = g_array_index(uptimes, nh_time, i);
        if (!nh_time_known(uptime) || line->resolution < NH_SECOND)
            continue;
        boot[i] = (bounds){ line->stamp - uptime, line->stamp - uptime + line->resolution };
        g_array_append_val(which, i);
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned k = 1; k < which->len; k++) {
            unsigned to = g_array_index(which, unsigned, pass == 0 ? k : which->len - 1 - k);
            unsigned by = g_array_index(which, unsigned, pass == 0 ? k - 1 : which->len - k);
            narrow(&boot[to], &boot[by], ABS(g_array_index(uptimes, nh_time, to) - g_array_index(uptimes, nh_time, by)));
        }
    }
    for (unsigned k = 0; k < which->len; k++) {
        unsigned i = g_array_index(which, unsigned, k);
        nh_log_line *line = g_ptr_array_index(lines, i);
        line->stamp = line->time = boot[i].low + g_array_index(uptimes, nh_time, i);
        line->resolution = boot[i].high - boot[i].low;
    }
    g_array_free(which, true);
    g_free(boot);
}

static void
free_line(void *data)
{
    nh_log_line *line = data;
    g_free(line->program);
    g_free(line->server);
    g_free(line->text);
    g_free(line);
}

static nh_kernel_log *
new_log(void)
{
    nh_kernel_log *log = g_new0(nh_kernel_log, 1);
    log->lines = g_ptr_array_new_with_free_func(free_line);
    return log;
}

/* Kinds of files that are taken for logs by mistake. */
static const struct {
    const char *magic;
    const char *kind;
} binary_kinds[] = {
    { "LPKSHHRH", "a systemd journal; save the output of journalctl -k -o short-iso-precise" },
    { "\x1f\x8b", "compressed by gzip; decompress it first" },
    { "\xfd"
      "7zXZ",
      "compressed by xz; decompress it first" },
    { "\x28\xb5\x2f\xfd", "compressed by zstd; decompress it first" },
    { "BZh", "compressed by bzip2; decompress it first" },
    { "\xff\xfe", "UTF-16 text; save it as UTF-8" },
    { "\xfe\xff", "UTF-16 text; save it as UTF-8" },
    { "\x0a\x0d\x0d\x0a", "a capture, not a log" },
    { "\xd4\xc3\xb2\xa1", "a capture, not a log" },
    { "\x4d\x3c\xb2\xa1", "a capture, not a log" },
};

/*
 * Why the text is no log, or NULL. One control byte in twenty makes it binary:
 * a log that lived through a power failure has a run of NUL bytes, random bytes
 * have one in nine.
 */
static const char *
binary_kind(const char *text, size_t length)
{
    size_t sample = MIN(length, 65536), controls = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(binary_kinds); i++) {
        size_t size = strlen(binary_kinds[i].magic);
        if (length >= size && memcmp(text, binary_kinds[i].magic, size) == 0)
            return binary_kinds[i].kind;
    }
    for (size_t i = 0; i < sample; i++)
        controls += (guchar)text[i] < ' ' && (text[i] < '\a' || text[i] > '\r') && text[i] != '\033';
    return controls * 20 > sample ? "binary, not text" : NULL;
}

static void
count_lines(const reader *r)
{
    nh_kernel_log *log = r->log;
    GString *counts = g_string_new(NULL);
    g_string_printf(counts, "%u line%s", log->lines->len, log->lines->len == 1 ? "" : "s");
    if (r->full)
        g_string_append_printf(counts, " (the first %u, the others were left out)", LINES_MAX);
    if (r->undated > 0)
        g_string_append_printf(counts, " (%u more without a time stamp left out)", r->undated);
    log->counts = g_string_free(counts, false);
    log->message = g_strdup_printf("%s.", log->counts);
}

static char *
why_no_lines(const reader *r, const char *name)
{
    if (r->undated > 0)
        return g_strdup_printf("%s has %u line%s about lock servers, but none with a time stamp.", name, r->undated,
                               r->undated == 1 ? "" : "s");
    return g_strdup_printf("%s has no line about lock servers (\"lockd: server ... not responding\"); %u were read.", name, r->number);
}

static nh_kernel_log *
parse(const char *text, size_t length, const nh_log_hints *hints, const char *name)
{
    static const nh_log_hints no_hints = { 0, 0, NH_TIME_NONE, NH_TIME_NONE };
    const nh_log_hints *h = hints ? hints : &no_hints;
    reader r = { .log = new_log(), .uptimes = g_array_new(false, false, sizeof(nh_time)) };
    nh_time near = h->capture_first > 0 ? h->capture_first : g_get_real_time() * 1000;
    r.calendar = (nh_log_calendar){ .year = h->year, .near = MIN(near, NEAR_MAX) };
    r.log->offset = CLAMP(h->offset, -NH_LOG_OFFSET_MAX, NH_LOG_OFFSET_MAX);

    const char *kind = length > 0 ? binary_kind(text, length) : NULL;
    if (!kind && length > 0) {
        read_lines(&r, text, length);
        refine_with_uptimes(r.log->lines, r.uptimes);
    }
    if (kind)
        r.log->message = g_strdup_printf("%s is %s.", name, kind);
    else if (length == 0)
        r.log->message = g_strdup_printf("%s is empty.", name);
    else if (r.log->lines->len == 0)
        r.log->message = why_no_lines(&r, name);
    else
        count_lines(&r);
    g_array_free(r.uptimes, true);
    return r.log;
}

nh_kernel_log *
nh_kernel_log_parse(const char *text, size_t length, const nh_log_hints *hints)
{
    return parse(text, length, hints, "The kernel log");
}

/* NULL when the file may be read; looked at before opening, as a pipe or a device would never end. */
static char *
why_unreadable(const char *path, const char *name)
{
    GStatBuf info;
    if (g_stat(path, &info) != 0)
        return g_strdup_printf("%s cannot be read: %s.", name, g_strerror(errno));
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return g_strdup_printf("%s is a directory, not a file.", name);
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return g_strdup_printf("%s is not a regular file; save the log to one.", name);
    if (info.st_size > FILE_BYTES_MAX)
        return g_strdup_printf("%s is larger than 64 MiB; keep the lines with \"lockd\", \"nfs\" and \"RPC\" of it.", name);
    FILE *file = g_fopen(path, "rb");
    if (!file)
        return g_strdup_printf("%s cannot be read: %s.", name, g_strerror(errno));
    fclose(file);
    return NULL;
}

nh_kernel_log *
nh_kernel_log_read(const char *path, const nh_log_hints *hints)
{
    char *display = g_filename_display_name(path);
    char *name = g_strdup_printf("The kernel log %s", display);
    char *reason = why_unreadable(path, name);
    char *text = NULL;
    size_t length = 0;
    nh_kernel_log *log;

    if (!reason && !g_file_get_contents(path, &text, &length, NULL))
        reason = g_strdup_printf("%s cannot be read.", name);
    if (reason) {
        log = new_log();
        log->message = reason;
    } else {
        log = parse(text, length, hints, name);
    }
    g_free(text);
    g_free(name);
    g_free(display);
    return log;
}

void
nh_kernel_log_free(nh_kernel_log *log)
{
    if (!log)
        return;
    g_ptr_array_free(log->lines, true);
    g_free(log->counts);
    g_free(log->message);
    g_free(log);
}
