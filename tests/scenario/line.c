/* line.c
 * One line of a scenario: words, name=value pairs, times, and complaints that say where.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "scenario.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "name=value" and "name value" are the same, so '=' separates words; quotes keep a text in one piece. */
#define SEPARATORS " \t\r\n="

static token *
token_at(const line_reader *line, unsigned i)
{
    return &g_array_index(line->tokens, token, i);
}

static const char *
scan_token(line_reader *line, const char *p)
{
    const char *begin = p;
    token found = { NULL, false };

    if (*p == '"') {
        begin++;
        p = strchr(begin, '"');
        if (!p)
            line_fail(line, "a text that starts with \" does not end");
        char *raw = g_strndup(begin, p - begin);
        found.text = g_strcompress(raw);
        g_free(raw);
        p++;
    } else {
        p += strcspn(p, SEPARATORS "#");
        found.text = g_strndup(begin, p - begin);
    }
    g_array_append_val(line->tokens, found);
    return p;
}

static void
token_clear(void *data)
{
    g_free(((token *)data)->text);
}

line_reader *
line_new(const char *file, unsigned number, const char *text)
{
    line_reader *line = g_new0(line_reader, 1);

    line->file = file;
    line->number = number;
    line->tokens = g_array_new(false, false, sizeof(token));
    g_array_set_clear_func(line->tokens, token_clear);
    for (const char *p = text + strspn(text, SEPARATORS); *p && *p != '#'; p += strspn(p, SEPARATORS))
        p = scan_token(line, p);
    line_rewind(line);
    return line;
}

void
line_free(line_reader *line)
{
    g_array_free(line->tokens, true);
    g_free(line);
}

/* A line inside a repeat is read more than once. */
void
line_rewind(line_reader *line)
{
    line->from = 0;
    line->to = line->tokens->len;
    for (unsigned i = 0; i < line->to; i++)
        token_at(line, i)->used = false;
}

/* The output is written when everything has been understood, so that nothing has to be undone here. */
void
line_fail(const line_reader *line, const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s:%u: ", line->file, line->number);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static token *
first_unused(const line_reader *line, unsigned from)
{
    for (unsigned i = from; i < line->to; i++)
        if (!token_at(line, i)->used)
            return token_at(line, i);
    return NULL;
}

const char *
line_peek(const line_reader *line)
{
    token *found = first_unused(line, line->from);
    return found ? found->text : NULL;
}

const char *
line_next(line_reader *line, const char *expected)
{
    token *found = first_unused(line, line->from);
    if (!found)
        line_fail(line, "%s is missing", expected);
    found->used = true;
    return found->text;
}

static token *
find_token(const line_reader *line, const char *word)
{
    for (unsigned i = line->from; i < line->to; i++)
        if (!token_at(line, i)->used && strcmp(token_at(line, i)->text, word) == 0)
            return token_at(line, i);
    return NULL;
}

bool
line_word(line_reader *line, const char *word)
{
    token *found = find_token(line, word);
    if (found)
        found->used = true;
    return found != NULL;
}

const char *
line_value(line_reader *line, const char *name)
{
    token *found = find_token(line, name);
    if (!found)
        return NULL;
    found->used = true;
    token *value = found + 1;
    if (value >= token_at(line, 0) + line->to || value->used)
        line_fail(line, "'%s' needs a value", name);
    value->used = true;
    return value->text;
}

int64_t
line_parse_number(const line_reader *line, const char *text)
{
    char *end;

    errno = 0;
    /* lengths and offsets of NLM version 4 use all of the 64 bits */
    int64_t number = *text == '-' ? g_ascii_strtoll(text, &end, 0) : (int64_t)g_ascii_strtoull(text, &end, 0);
    if (end == text || *end != '\0' || errno)
        line_fail(line, "'%s' is no number", text);
    return number;
}

int64_t
line_number(line_reader *line, const char *name, int64_t otherwise)
{
    const char *text = line_value(line, name);
    return text ? line_parse_number(line, text) : otherwise;
}

void
line_finish(line_reader *line)
{
    token *left = first_unused(line, line->from);
    if (left)
        line_fail(line, "'%s' is not understood here", left->text);
}

/* Digits after the point as nanoseconds; exact, where a double would not be */
static int64_t
parse_fraction(const line_reader *line, const char *text, const char *digits, const char **end)
{
    int64_t value = 0, unit = SECOND;

    for (; g_ascii_isdigit(*digits); digits++) {
        unit /= 10;
        value += unit * (*digits - '0');
    }
    if (unit == 0)
        line_fail(line, "'%s' is finer than a nanosecond", text);
    *end = digits;
    return value;
}

int64_t
line_parse_seconds(const line_reader *line, const char *text)
{
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+');
    const char *whole = p;
    int64_t value = 0;

    while (g_ascii_isdigit(*p) && value < G_MAXINT64 / SECOND / 10)
        value = value * 10 + (*p++ - '0');
    value *= SECOND;
    if (*p == '.' && (p > whole || g_ascii_isdigit(p[1])))
        value += parse_fraction(line, text, p + 1, &p);
    if (p == whole || *p != '\0')
        line_fail(line, "'%s' is no number of seconds", text);
    return negative ? -value : value;
}

int64_t
line_parse_date(const line_reader *line, const char *text)
{
    const char *point = strchr(text, '.'), *end = text + strlen(text);
    int64_t fraction = point ? parse_fraction(line, text, point + 1, &end) : 0;
    char *whole = point ? g_strdup_printf("%.*s%s", (int)(point - text), text, end) : g_strdup(text);
    GDateTime *when = g_date_time_new_from_iso8601(whole, NULL);

    g_free(whole);
    if (!when)
        line_fail(line, "'%s' is no time like 2025-06-22T22:49:12.999433Z", text);
    int64_t value = g_date_time_to_unix(when) * SECOND + fraction;
    g_date_time_unref(when);
    return value;
}

/* HH:MM:SS on the day of the start */
int64_t
line_parse_clock(const line_reader *line, const char *text, int64_t start)
{
    int hours, minutes, length = 0;
    const int64_t day = 86400 * SECOND;

    if (sscanf(text, "%2d:%2d:%n", &hours, &minutes, &length) != 2 || length == 0)
        return line_parse_date(line, text);
    return start - start % day + (hours * 60 + minutes) * 60 * SECOND + line_parse_seconds(line, text + length);
}
