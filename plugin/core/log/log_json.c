/* log_json.c
 * Records of JSON in a log: journalctl -o json, json-pretty, json-seq, dmesg --json,
 * what docker, log collectors and search engines keep.
 *
 * An object that has a time and a message is a record. Either may lie in an object
 * within ({"_source": {...}}, {"log": ..., "kubernetes": {"host": ...}}), not in an
 * array of several.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_json.h"

#include <stdlib.h>

#define DEPTH_MAX       32
#define VALUE_BYTES_MAX 65536
#define NAME_BYTES_MAX  64
#define BYTES_MIN       4 /* fewer numbers in an array are no text */

typedef struct {
    nh_log_record record;
    char name[NAME_BYTES_MAX]; /* of the value that comes next */
    GString *bytes;            /* numbers that may be a text's bytes, as journalctl writes one that is not UTF-8; NULL: none */
    bool array;
    unsigned number;
} level;

typedef struct {
    const nh_log_json_place *place;
    const char *at, *whole; /* whole: behind the last object that was */
    level levels[DEPTH_MAX];
    unsigned depth, number;
    GString *value;
} parser;

static void
skip_space(parser *p)
{
    for (; p->at < p->place->end && strchr(" \t\r\n\x1e", *p->at) && *p->at; p->at++)
        p->number += *p->at == '\n';
}

static bool
take(parser *p, char c)
{
    skip_space(p);
    if (p->at == p->place->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool
take_hex4(parser *p, unsigned *value)
{
    *value = 0;
    for (unsigned i = 0; i < 4; i++) {
        int digit = p->at < p->place->end ? g_ascii_xdigit_value(*p->at) : -1;
        if (digit < 0)
            return false;
        *value = *value * 16 + (unsigned)digit;
        p->at++;
    }
    return true;
}

/* Behind "\u"; a surrogate without its other half becomes a question mark, as does NUL. */
static bool
take_unicode(parser *p)
{
    unsigned first, second;

    if (!take_hex4(p, &first))
        return false;
    if (first >= 0xd800 && first < 0xdc00 && p->place->end - p->at >= 6 && p->at[0] == '\\' && p->at[1] == 'u') {
        p->at += 2;
        if (!take_hex4(p, &second))
            return false;
        first = second >= 0xdc00 && second < 0xe000 ? 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00) : '?';
    }
    g_string_append_unichar(p->value, first == 0 || (first >= 0xd800 && first < 0xe000) ? '?' : first);
    return true;
}

static bool
take_escape(parser *p)
{
    static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

    if (p->at == p->place->end)
        return false;
    char c = *p->at++;
    if (c == 'u')
        return take_unicode(p);
    const char *found = c ? strchr(plain, c) : NULL;
    if (!found)
        return false;
    g_string_append_c(p->value, meant[found - plain]);
    return true;
}

/* A string into value; one that goes over a line's end is none. */
static bool
take_string(parser *p)
{
    g_string_truncate(p->value, 0);
    if (!take(p, '"'))
        return false;
    while (p->at < p->place->end && *p->at != '"' && *p->at != '\n' && p->value->len < VALUE_BYTES_MAX) {
        if (*p->at != '\\') {
            if (*p->at)
                g_string_append_c(p->value, *p->at);
            p->at++;
            continue;
        }
        p->at++;
        if (!take_escape(p))
            return false;
    }
    return p->at < p->place->end && *p->at++ == '"';
}

/* A number, true, false or null into value. */
static bool
take_word(parser *p)
{
    g_string_truncate(p->value, 0);
    while (p->at < p->place->end && (g_ascii_isalnum(*p->at) || strchr("+-.", *p->at)) && *p->at && p->value->len < NAME_BYTES_MAX)
        g_string_append_c(p->value, *p->at++);
    return p->value->len > 0;
}

static void
take_byte(level *l, const char *value)
{
    unsigned long number = strlen(value) <= 3 ? strtoul(value, NULL, 10) : 256;

    if (number == 0 || number > 255)
        return;
    if (!l->bytes)
        l->bytes = g_string_new(NULL);
    g_string_append_c(l->bytes, (char)number);
}

static bool
take_value(parser *p)
{
    level *l = &p->levels[p->depth - 1];
    bool is_string = p->at < p->place->end && *p->at == '"';

    if (!(is_string ? take_string(p) : take_word(p)))
        return false;
    if (l->array && !is_string)
        take_byte(l, p->value->str);
    nh_log_record_field(&l->record, l->name, p->value->str, !is_string);
    if (l->array && l->record.message && !l->record.stamp) /* a list of lines */
        nh_log_record_end(&l->record, p->number, p->place->take, p->place->data);
    return true;
}

static bool
open_level(parser *p, bool array)
{
    if (p->depth == DEPTH_MAX)
        return false;
    memset(&p->levels[p->depth], 0, sizeof(level));
    p->levels[p->depth].array = array;
    p->levels[p->depth++].number = p->number;
    p->at++;
    return true;
}

static void
clear_level(level *l)
{
    nh_log_record_clear(&l->record);
    if (l->bytes)
        g_string_free(l->bytes, true);
    l->bytes = NULL;
}

/* {"host": {"name": "cli"}}: the host's name; other texts within another object may be anything. */
static void
join_host(level *outer, const level *inner)
{
    if (!inner->array && strcmp(outer->name, "host") != 0)
        return;
    if (inner->record.host)
        nh_log_record_field(&outer->record, "host", inner->record.host, false);
}

/* What an inner value leaves to the one around it: of a record that was written out nothing. */
static void
leave_to_outer(parser *p, level *inner)
{
    level *outer = &p->levels[p->depth - 1];

    if (inner->array && inner->bytes && inner->bytes->len >= BYTES_MIN)
        nh_log_record_field(&outer->record, outer->name, inner->bytes->str, false);
    else if (!inner->array && !outer->array)
        nh_log_record_inherit(&outer->record, &inner->record);
    else
        join_host(outer, inner);
}

static void
close_level(parser *p)
{
    level *inner = &p->levels[--p->depth];

    p->at++;
    if (!inner->array || p->depth == 0)
        p->whole = p->at;
    if (inner->record.message && (inner->record.stamp || inner->record.uptime || p->depth == 0 || p->levels[p->depth - 1].array))
        nh_log_record_end(&inner->record, inner->number, p->place->take, p->place->data);
    else if (p->depth > 0)
        leave_to_outer(p, inner);
    clear_level(inner);
}

/* "name": in front of a value in an object */
static bool
take_name(parser *p)
{
    level *l = &p->levels[p->depth - 1];
    const char *outer = p->depth > 1 ? p->levels[p->depth - 2].name : "";

    if (!take_string(p) || !take(p, ':'))
        return false;
    if (strcmp(outer, "host") == 0 && strcmp(p->value->str, "name") == 0)
        g_strlcpy(l->name, "host.name", sizeof l->name);
    else
        g_strlcpy(l->name, p->value->str, sizeof l->name);
    skip_space(p);
    return true;
}

/* One value, or the end of the one around it. */
static bool
step(parser *p)
{
    level *l = &p->levels[p->depth - 1];

    skip_space(p);
    if (p->at < p->place->end && *p->at == ',') {
        p->at++;
        skip_space(p);
    }
    if (p->at < p->place->end && *p->at == (l->array ? ']' : '}')) {
        close_level(p);
        return true;
    }
    if (!l->array && !take_name(p))
        return false;
    if (p->at < p->place->end && (*p->at == '{' || *p->at == '['))
        return open_level(p, *p->at == '[');
    return take_value(p);
}

const char *
nh_log_json_read(const nh_log_json_place *place, const char *from, unsigned number)
{
    parser p = { .place = place, .at = from, .whole = from, .number = number, .value = g_string_new(NULL) };
    bool going = open_level(&p, *from == '[');

    while (going && p.depth > 0)
        going = step(&p);
    while (p.depth > 0)
        clear_level(&p.levels[--p.depth]);
    g_string_free(p.value, true);
    return p.whole;
}
