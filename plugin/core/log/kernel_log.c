/* kernel_log.c
 * Lines of the client's kernel log that speak of lock servers: found, read, dated.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/kernel_log.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/log/kernel_log_stamp.h"
#include "core/log/log_message.h"
#include "core/log/log_rows.h"

#define TEXT_BYTES_MAX 512

/*
 * The kernel stamps uptime with the processor's clock, which nothing corrects,
 * the wall clock follows NTP: they part by 150 parts in a million on ordinary
 * machines; 500 is the most NTP corrects.
 */
#define DRIFT(interval) ((interval) / 2000)

#define PREFIX_BYTES_MAX 160
#define JOINS_MAX        3
#define SAMPLES_MAX      4096 /* pairs of two clocks that are looked at */
#define HOST_BYTES_MAX   255

/* Both clocks of a source: which of them is a copier's. */
typedef struct {
    nh_time wall, uptime;         /* of the line before */
    nh_time wall_sum, uptime_sum; /* how far the clocks went, together */
    unsigned samples;
} two_clocks;

struct nh_log_reader {
    nh_kernel_log *log;
    nh_log_calendar calendar;
    GArray *uptimes;     /* nh_log_stamp of each kept line */
    GHashTable *sources; /* what stands in front of the stamp, and its layout: number from 1 */
    GArray *clocks;      /* two_clocks of each source */
    unsigned number, rows;
    unsigned undated;
    unsigned minute_first;        /* index of the first line that the last minute of dmesg -H dates */
    unsigned steps, unread_steps; /* lines dated so that were kept, and the others */
    GString *cut;                 /* a row that goes on in the next one; empty: none */
    unsigned cut_number, joins;
    GString *before; /* the row before, when it is short */
    bool full;
};

typedef nh_log_reader reader;

static char *
text_of(const char *start, const char *end)
{
    return g_utf8_make_valid(start, MIN(end - start, TEXT_BYTES_MAX));
}

/* --- where a line is from ------------------------------------------------------------ */

/* What grep -r puts before a stamp differs from file to file, and the layout from one command to the other. */
static unsigned
source_of(reader *r, const char *row, const nh_log_stamp *stamp)
{
    GString *key = g_string_new(stamp->format);
    for (size_t i = 0; i < MIN(stamp->begin, PREFIX_BYTES_MAX); i++)
        if (!g_ascii_isdigit(row[i]))
            g_string_append_c(key, row[i] ? row[i] : ' ');
    g_string_append_printf(key, " %u", r->log->files->len);
    unsigned source = GPOINTER_TO_UINT(g_hash_table_lookup(r->sources, key->str));
    if (source == 0) {
        two_clocks none = { NH_TIME_NONE, NH_TIME_NONE, 0, 0, 0 };
        g_array_append_val(r->clocks, none);
        source = r->clocks->len;
        g_hash_table_insert(r->sources, g_strdup(key->str), GUINT_TO_POINTER(source));
    }
    g_string_free(key, true);
    return source - 1;
}

/* Lines of a log that was copied with the copier's time all have the same one; the kernel's own go on. */
static void
compare_clocks(reader *r, unsigned source, const nh_log_stamp *stamp)
{
    two_clocks *c = &g_array_index(r->clocks, two_clocks, source);
    if (stamp->clock == NH_CLOCK_UPTIME || !nh_time_known(stamp->uptime) || c->samples > SAMPLES_MAX)
        return;
    if (c->samples++ > 0 && stamp->uptime >= c->uptime && stamp->time >= c->wall) {
        c->uptime_sum += stamp->uptime - c->uptime;
        c->wall_sum += stamp->time - c->wall;
    }
    c->wall = stamp->time;
    c->uptime = stamp->uptime;
}

static bool
is_copiers(const two_clocks *c)
{
    return c->uptime_sum >= NH_LOG_COPY_UPTIME_MIN && c->wall_sum < c->uptime_sum / 2;
}

static bool
is_host_char(char c)
{
    return g_ascii_isalnum(c) || (c != '\0' && strchr("-._:", c));
}

/* The host's name stands in front of the kernel's: "Jun 22 22:55:38 web-17 kernel: ". */
static const char *
host_of(const char *prefix, const char *end)
{
    const char *kernel = NULL;
    for (const char *at = prefix; (at = g_strstr_len(at, end - at, " kernel")) != NULL; at++)
        kernel = at;
    if (!kernel || kernel == prefix)
        return NULL;
    const char *start = kernel;
    while (start > prefix && is_host_char(start[-1]))
        start--;
    if (start == kernel || start == prefix || start[-1] != ' ' || kernel - start > HOST_BYTES_MAX)
        return NULL;
    char *host = g_strndup(start, (size_t)(kernel - start));
    const char *interned = g_intern_string(host);
    g_free(host);
    return interned;
}

/* --- lines of ours ----------------------------------------------------------------------- */

static void
keep(reader *r, const char *row, const nh_log_message *m, const nh_log_stamp *stamp, const char *host)
{
    nh_log_line *line = g_new0(nh_log_line, 1);
    line->number = r->number;
    line->file = r->log->files->len;
    line->source = source_of(r, row, stamp);
    line->host = host;
    line->event = m->event;
    line->clock = stamp->clock;
    line->stamp = line->time = stamp->time + r->log->offset;
    line->resolution = stamp->resolution;
    line->stepped = stamp->stepped;
    line->task = m->task;
    line->alarm_ms = m->alarm_ms;
    line->text = g_strchomp(text_of(m->start, m->end));
    if (m->has_program)
        line->program = text_of(m->start, memchr(m->start, ':', (size_t)(m->end - m->start)));
    if (m->server) {
        line->server = text_of(m->server, m->server_end);
        nh_addr_parse(line->server, &line->address);
    }
    r->log->own += line->event < NH_LOG_FOREIGN;
    r->steps += line->stepped;
    compare_clocks(r, line->source, stamp);
    g_ptr_array_add(r->log->lines, line);
    g_array_append_val(r->uptimes, *stamp);
}

/* A row that tells nothing of locks may tell how lines were left out, or what another system said; else only its clocks. */
static bool
read_aside(reader *r, const char *row, const char *end)
{
    nh_log_message m;
    nh_log_stamp stamp;
    bool by_itself = nh_log_message_aside(row, end, &m);
    if (!by_itself && r->rows > SAMPLES_MAX)
        return false;
    const char *prefix_end = by_itself ? m.start : row + MIN(end - row, PREFIX_BYTES_MAX);
    if (!nh_log_stamp_find(row, (size_t)(prefix_end - row), &r->calendar, &stamp))
        return false;
    if (!by_itself)
        compare_clocks(r, source_of(r, row, &stamp), &stamp);
    else if (r->log->lines->len < NH_LOG_LINES_MAX)
        keep(r, row, &m, &stamp, host_of(row + stamp.begin, m.start));
    return by_itself;
}

/* In a table the time may stand in a later column: "...still trying<tab>1795350668258". */
static void
find_behind(reader *r, const char *from, const char *end, nh_log_stamp *stamp)
{
    nh_log_stamp found;
    if (from >= end || *from == '\0' || !strchr("\t,;|\"'", *from) ||
        !nh_log_stamp_find(from, MIN((size_t)(end - from), PREFIX_BYTES_MAX), &r->calendar, &found))
        return;
    *stamp = found;
    stamp->begin = 0; /* nothing stands before it that tells files apart */
}

/*
 * All messages of one row: two lines that were glued together give two. A
 * message after the first may do without a stamp of its own; not so other words
 * of lockd, which would be found in the middle of its own sentences.
 */
static bool
read_row(reader *r, const char *row, const char *end)
{
    const char *from = row, *colon = row, *host = NULL;
    nh_log_stamp stamp = { 0 };
    bool kept = false, found = false;
    nh_log_message m;

    while ((colon = memchr(colon, ':', (size_t)(end - colon))) != NULL) {
        if (!nh_log_message_at(from, colon, end, &m)) {
            colon++;
            continue;
        }
        nh_log_stamp own;
        bool dated = nh_log_stamp_find(from, (size_t)(m.start - from), &r->calendar, &own);
        found = true;
        if (dated) {
            stamp = own;
            host = host_of(from + own.begin, m.start);
        } else if (!stamp.format)
            find_behind(r, m.end, end, &stamp);
        r->full = r->full || r->log->lines->len == NH_LOG_LINES_MAX;
        if (!stamp.format) {
            r->undated++;
        } else if (!r->full && (dated || m.event != NH_LOG_OTHER)) {
            keep(r, row, &m, &stamp, host);
            kept = true;
        }
        from = colon = m.event == NH_LOG_OTHER ? colon + 1 : m.end;
    }
    return found ? kept : read_aside(r, row, end);
}

/* --- lines that count from those before ------------------------------------------------------ */

/* All lines of a minute lie in it: the later ones leave the earlier ones less room. */
static void
end_minute(reader *r)
{
    for (unsigned i = r->minute_first; i < r->log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(r->log->lines, i);
        if (line->stepped && line->clock == NH_CLOCK_LOCAL)
            line->span = line->resolution = MAX(NH_MINUTE - r->calendar.elapsed, NH_SECOND);
    }
    r->minute_first = r->log->lines->len;
}

static nh_log_step
follow(reader *r, const char *row, const char *end)
{
    nh_log_calendar before = r->calendar;
    nh_log_step step = nh_log_calendar_follow(&r->calendar, row, (size_t)(end - row));
    if (step == NH_LOG_MINUTE) {
        nh_log_calendar now = r->calendar;
        r->calendar = before;
        end_minute(r);
        r->calendar = now;
    }
    return step;
}

/* Steps are of use only where no line is missing between: a log without a single line of anything else was searched for these. */
static void
drop_steps(reader *r, unsigned first)
{
    if (r->steps == 0 || r->unread_steps > 0)
        return;
    for (unsigned i = r->log->lines->len; i > first; i--) {
        const nh_log_line *line = g_ptr_array_index(r->log->lines, i - 1);
        if (!line->stepped)
            continue;
        r->log->own -= line->event < NH_LOG_FOREIGN;
        r->undated += line->event < NH_LOG_FOREIGN;
        g_ptr_array_remove_index(r->log->lines, i - 1);
        g_array_remove_index(r->uptimes, i - 1);
    }
}

static void
remark_steps(reader *r)
{
    if (r->steps > 0 && !r->log->remark)
        r->log->remark = g_strdup_printf(
            "%u of its lines tell%s only how long after the line before they were printed (dmesg -H, -e, --time-format=delta)%s; "
            "`dmesg --time-format=iso` or `dmesg -T` tells the time.",
            r->steps, r->steps == 1 ? "s" : "",
            r->unread_steps > 0 ? ", which was followed from line to line" : ", and those lines are not all there");
}

/* --- rows ---------------------------------------------------------------------------------- */

static void
read_whole_row(reader *r, const char *row, size_t length)
{
    nh_log_step step = follow(r, row, row + length);
    bool kept = read_row(r, row, row + length);
    if (!kept) {
        r->log->skipped++;
        r->unread_steps += step != NH_LOG_NO_STEP;
    }
    r->rows++;
}

static void
end_cut(reader *r)
{
    if (r->cut->len == 0)
        return;
    unsigned number = r->number;
    r->number = r->cut_number;
    read_whole_row(r, r->cut->str, r->cut->len);
    r->number = number;
    g_string_truncate(r->cut, 0);
}

static bool
is_dated(reader *r, const char *row, size_t length)
{
    nh_log_stamp stamp;
    nh_log_calendar calendar = r->calendar;
    return nh_log_stamp_find(row, MIN(length, PREFIX_BYTES_MAX), &calendar, &stamp);
}

/* How many bytes of a row are the marks of a quotation. */
static size_t
quotation(const char *row, size_t length)
{
    size_t n = 0;
    while (n < length && row[n] && strchr("> \t|", row[n]))
        n++;
    return n;
}

static void
join(reader *r, const char *row, size_t length)
{
    size_t marks = quotation(row, length);
    row += marks;
    length -= marks;
    g_string_append_c(r->cut, ' ');
    g_string_append_len(r->cut, row, (gssize)length);
    r->joins++;
}

/* The row goes on where the one before was wrapped: in the middle of a message, or between the host's name and the kernel's. */
static bool
goes_on(reader *r, const char *row, size_t length)
{
    size_t marks = quotation(row, length);
    bool cut = r->cut->len > 0 && r->joins < JOINS_MAX;
    bool by_kernel = r->cut->len == 0 && r->before->len > 0 && length - marks >= strlen("kernel:") &&
                     memcmp(row + marks, "kernel:", strlen("kernel:")) == 0;
    if ((!cut && !by_kernel) || length >= PREFIX_BYTES_MAX || is_dated(r, row, length))
        return false;
    if (by_kernel) {
        g_string_assign(r->cut, r->before->str);
        r->cut_number = r->number - 1;
        r->joins = 0;
    }
    return true;
}

static void
remember(reader *r, const char *row, size_t length)
{
    g_string_truncate(r->before, 0);
    if (length < PREFIX_BYTES_MAX)
        g_string_append_len(r->before, row, (gssize)length);
}

static void
take_row(const char *row, size_t length, unsigned number, void *data)
{
    reader *r = data;
    while (length > 0 && row[length - 1] == '\r')
        length--;
    r->number = number;
    if (goes_on(r, row, length)) {
        join(r, row, length);
        if (!nh_log_message_is_cut(r->cut->str, r->cut->str + r->cut->len))
            end_cut(r);
        return;
    }
    end_cut(r);
    remember(r, row, length);
    if (!nh_log_message_is_cut(row, row + length)) {
        read_whole_row(r, row, length);
        return;
    }
    g_string_append_len(r->cut, row, (gssize)length);
    r->cut_number = number;
    r->joins = 0;
}

/* --- digits that tell nothing -------------------------------------------------------------- */

/* How many lines of a source have a fraction, and how many another one than 0. */
typedef struct {
    unsigned with, other;
} fractions;

static bool
has_fraction(const nh_log_stamp *stamp)
{
    return stamp->clock != NH_CLOCK_UPTIME && stamp->resolution < NH_SECOND;
}

/* "12:31:08.000" in every line: a tool that prints milliseconds of times that have none (Splunk's and Azure's tables). */
static void
drop_padding(reader *r)
{
    fractions *of = g_new0(fractions, r->clocks->len);

    for (unsigned i = 0; i < r->log->lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(r->log->lines, i);
        const nh_log_stamp *stamp = &g_array_index(r->uptimes, nh_log_stamp, i);
        of[line->source].with += has_fraction(stamp);
        of[line->source].other += has_fraction(stamp) && stamp->time % NH_SECOND != 0;
    }
    for (unsigned i = 0; i < r->log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(r->log->lines, i);
        if (has_fraction(&g_array_index(r->uptimes, nh_log_stamp, i)) && of[line->source].with > 1 && of[line->source].other == 0)
            line->resolution = NH_SECOND;
    }
    g_free(of);
}

/* --- two clocks in one line ------------------------------------------------------------------ */

/* Where the wall clock is a copier's (kubectl logs --timestamps, dmesg | logger, | ts), the kernel's own counts. */
static void
prefer_uptimes(reader *r)
{
    for (unsigned i = 0; i < r->log->lines->len; i++) {
        nh_log_line *line = g_ptr_array_index(r->log->lines, i);
        nh_log_stamp *stamp = &g_array_index(r->uptimes, nh_log_stamp, i);
        if (!nh_time_known(stamp->uptime) || !is_copiers(&g_array_index(r->clocks, two_clocks, line->source)))
            continue;
        line->clock = NH_CLOCK_UPTIME;
        line->stamp = line->time = stamp->uptime + r->log->offset;
        line->resolution = stamp->uptime_resolution;
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

static nh_time
uptime_of(const GArray *stamps, unsigned i)
{
    return g_array_index(stamps, nh_log_stamp, i).uptime;
}

/*
 * Whole seconds of wall clock beside microseconds of uptime: every line of a
 * boot tells the same time of boot within a second, together they tell it more
 * closely. Forwards, then backwards; each line ends up with what all near it say.
 */
static void
refine_with_uptimes(GPtrArray *lines, const GArray *uptimes)
{
    bounds *boot = g_new(bounds, lines->len);
    GArray *which = g_array_new(false, false, sizeof(unsigned));
    for (unsigned i = 0; i < lines->len; i++) {
        const nh_log_line *line = g_ptr_array_index(lines, i);
        nh_time uptime = uptime_of(uptimes, i);
        if (line->clock == NH_CLOCK_UPTIME || !nh_time_known(uptime) || line->resolution < NH_SECOND)
            continue;
        boot[i] = (bounds){ line->stamp - uptime, line->stamp - uptime + line->resolution };
        g_array_append_val(which, i);
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned k = 1; k < which->len; k++) {
            unsigned to = g_array_index(which, unsigned, pass == 0 ? k : which->len - 1 - k);
            unsigned by = g_array_index(which, unsigned, pass == 0 ? k - 1 : which->len - k);
            narrow(&boot[to], &boot[by], ABS(uptime_of(uptimes, to) - uptime_of(uptimes, by)));
        }
    }
    for (unsigned k = 0; k < which->len; k++) {
        unsigned i = g_array_index(which, unsigned, k);
        nh_log_line *line = g_ptr_array_index(lines, i);
        line->stamp = line->time = boot[i].low + uptime_of(uptimes, i);
        line->resolution = boot[i].high - boot[i].low;
    }
    g_array_free(which, true);
    g_free(boot);
}

/* --- a log of several files -------------------------------------------------------------------- */

static void
free_line(void *data)
{
    nh_log_line *line = data;
    g_free(line->program);
    g_free(line->server);
    g_free(line->text);
    g_free(line);
}

/* Without a line. */
static nh_kernel_log *
new_log(void)
{
    nh_kernel_log *log = g_new0(nh_kernel_log, 1);
    log->references = 1;
    log->lines = g_ptr_array_new_with_free_func(free_line);
    log->files = g_ptr_array_new_with_free_func(g_free);
    return log;
}

nh_log_reader *
nh_log_reader_new(const nh_log_hints *hints)
{
    reader *r = g_new0(reader, 1);
    nh_time hint = hints && hints->capture_first > 0 ? hints->capture_first : g_get_real_time() * 1000;
    r->log = new_log();
    r->calendar = (nh_log_calendar){ .year = hints ? hints->year : 0, .hint = MIN(hint, NH_LOG_NEAR_MAX) };
    r->log->offset = hints ? CLAMP(hints->offset, -NH_LOG_OFFSET_MAX, NH_LOG_OFFSET_MAX) : 0;
    r->uptimes = g_array_new(false, false, sizeof(nh_log_stamp));
    r->clocks = g_array_new(false, false, sizeof(two_clocks));
    r->sources = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    r->cut = g_string_new(NULL);
    r->before = g_string_new(NULL);
    return r;
}

nh_log_found
nh_log_reader_take(nh_log_reader *r, const char *text, size_t length, const char *name)
{
    unsigned lines = r->log->lines->len, undated = r->undated;
    unsigned year = r->calendar.year;
    r->calendar.has_minute = false;
    r->calendar.elapsed = r->calendar.month = 0;
    r->rows = r->steps = r->unread_steps = 0;
    r->minute_first = lines;
    g_string_truncate(r->before, 0);
    nh_log_rows(text, length, take_row, r);
    end_cut(r);
    end_minute(r);
    drop_steps(r, lines);
    remark_steps(r);
    r->calendar.year = year;
    g_ptr_array_add(r->log->files, g_strdup(name));
    return (nh_log_found){ r->log->lines->len - lines, r->undated - undated, r->rows };
}

static void
count_lines(const reader *r)
{
    nh_kernel_log *log = r->log;
    GString *counts = g_string_new(NULL);
    g_string_printf(counts, "%u line%s", log->own, nh_plural(log->own));
    if (r->full)
        g_string_append_printf(counts, " (the first %u, the others were left out)", NH_LOG_LINES_MAX);
    if (r->undated > 0)
        g_string_append_printf(counts, " (%u more without a time stamp left out)", r->undated);
    log->counts = g_string_free(counts, false);
    log->message = g_strdup_printf("%s.", log->counts);
}

nh_kernel_log *
nh_log_reader_end(nh_log_reader *r)
{
    nh_kernel_log *log = r->log;
    drop_padding(r);
    prefer_uptimes(r);
    refine_with_uptimes(log->lines, r->uptimes);
    count_lines(r);
    g_array_free(r->uptimes, true);
    g_array_free(r->clocks, true);
    g_hash_table_unref(r->sources);
    g_string_free(r->cut, true);
    g_string_free(r->before, true);
    g_free(r);
    return log;
}

void
nh_kernel_log_free(nh_kernel_log *log)
{
    if (!log || --log->references > 0)
        return;
    g_ptr_array_free(log->lines, true);
    g_ptr_array_free(log->files, true);
    g_free(log->remark);
    g_free(log->counts);
    g_free(log->message);
    g_free(log);
}
