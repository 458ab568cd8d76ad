/* remark_text.c
 * Remarks in words: the rows of findings.def with their values put in. The one place that words them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/remark_text.h"

#include "core/base/text.h"
#include "core/clock/kernel_lines.h"
#include "core/locks/lock_text.h"
#include "core/model/frames.h"

static const char *const rows[NH_REMARK_COUNT] = {
#define NH_REMARK(id, words) [NH_REMARK_##id] = words,
#include "core/base/findings.def"
};

/* --- kinds of values ----------------------------------------------------------------- */

static void
take(GString *out, char *text)
{
    g_string_append(out, text);
    g_free(text);
}

static void
put_s(GString *out, const nh_value *value)
{
    g_string_append(out, nh_plural((unsigned)value->number));
}

static void
put_duration(GString *out, const nh_value *value)
{
    take(out, nh_duration_text(value->number));
}

static void
put_clock(GString *out, const nh_value *value)
{
    take(out, nh_time_clock(value->number));
}

static void
put_moment(GString *out, const nh_value *value)
{
    take(out, nh_moment_text((nh_moment){ (uint32_t)value[0].number, value[1].number }));
}

static void
put_word(GString *out, const nh_value *value)
{
    g_string_append(out, value->pointer ? value->pointer : "unknown status");
}

static void
put_finding(GString *out, const nh_value *value)
{
    g_string_append(out, nh_finding_name((nh_finding)value->number));
}

static void
put_addr(GString *out, const nh_value *value)
{
    char address[NH_ADDR_TEXT];
    g_string_append(out, nh_addr_text(value->pointer, address));
}

static void
put_end(GString *out, const nh_value *value)
{
    take(out, nh_end_text(value->pointer));
}

/* Pair, way and event. */
static void
put_line(GString *out, const nh_value *value)
{
    take(out, nh_line_text(value[0].pointer, (nh_way)value[1].number, (nh_log_event)value[2].number));
}

/* Bytes and file of a lock. */
static void
put_lock(GString *out, const nh_value *value)
{
    take(out, nh_lock_what(value->pointer));
}

static void
put_owner(GString *out, const nh_value *value)
{
    take(out, nh_lock_who(value->pointer));
}

/* "HOST has held it since 10:00:00.000 (frame 6)" */
static void
put_held(GString *out, const nh_value *value)
{
    const nh_lock *held = value->pointer;

    put_owner(out, value);
    g_string_append(out, " has held it since ");
    take(out, nh_time_clock(held->since.time));
    g_string_append_printf(out, " (frame %u)", held->since.frame);
}

static const struct {
    const char *name;
    void (*put)(GString *out, const nh_value *value);
} kinds[] = {
    { "s", put_s },       { "duration", put_duration }, { "clock", put_clock }, { "moment", put_moment },
    { "word", put_word }, { "finding", put_finding },   { "addr", put_addr },   { "end", put_end },
    { "line", put_line }, { "lock", put_lock },         { "owner", put_owner }, { "held", put_held },
};

/* --- words with places --------------------------------------------------------------------- */

/* The first of these characters that is in no braces that begin behind from; end when there is none. */
static const char *
find_outside(const char *from, const char *end, const char *characters)
{
    unsigned depth = 0;

    for (; from < end; from++) {
        if (depth == 0 && strchr(characters, *from))
            return from;
        depth += *from == '{';
        depth -= *from == '}';
    }
    return end;
}

static void put_words(GString *out, const char *from, const char *end, const nh_value *values);

/* from: behind the first "|". */
static void
put_alternative(GString *out, const char *from, const char *end, const nh_value *values, int64_t number)
{
    const char *to = find_outside(from, end, "|");

    for (; number > 0 && to < end; number--) {
        from = to + 1;
        to = find_outside(from, end, "|");
    }
    put_words(out, from, to, values);
}

static void
put_kind(GString *out, const char *kind, size_t length, const nh_value *value)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strncmp(kinds[i].name, kind, length) == 0 && !kinds[i].name[length]) {
            kinds[i].put(out, value);
            return;
        }
    g_string_append_printf(out, "{%.*s}", (int)length, kind); /* unknown: a test looks for it */
}

/* from: behind "{"; end: at "}". */
static void
put_place(GString *out, const char *from, const char *end, const nh_value *values)
{
    const nh_value *value = &values[*from++ - '0'];

    if (from == end)
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value->number);
    else if (*from++ == ':')
        put_kind(out, from, (size_t)(end - from), value);
    else
        put_alternative(out, from, end, values, value->number);
}

static void
put_words(GString *out, const char *from, const char *end, const nh_value *values)
{
    while (from < end) {
        const char *place = find_outside(from, end, "{");
        g_string_append_len(out, from, place - from);
        if (place == end)
            return;
        from = find_outside(place + 1, end, "}");
        put_place(out, place + 1, from, values);
        from++;
    }
}

const char *
nh_remark_words(nh_remark_id id)
{
    return rows[id];
}

char *
nh_remark_text(const nh_remark *remark)
{
    GString *out;

    if (remark->id == NH_REMARK_NONE)
        return NULL;
    out = g_string_new(NULL);
    put_words(out, rows[remark->id], rows[remark->id] + strlen(rows[remark->id]), remark->values);
    return nh_text_tidy(g_string_free(out, false));
}
