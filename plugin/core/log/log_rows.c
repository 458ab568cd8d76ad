/* log_rows.c
 * A log as people have it, as rows of "stamp host message".
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_rows.h"

#include "core/log/log_json.h"

#define NAME_BYTES_MAX 64
#define LINE_BYTES_MAX 65536 /* of a line that is copied */
#define YAML_LINES_MAX 16    /* of a text in quotes */

typedef struct {
    nh_log_row_func take;
    void *data;
    const char *text, *end;
    unsigned number;
    nh_log_record record; /* of the journal or a document, whose fields stand one in a line */
    unsigned record_number;
    bool in_record, in_document;
} rows;

/* --- colours ----------------------------------------------------------------------- */

/* How a terminal's escape is written: by itself, by cat -v and by rsyslog. */
static const char *const escapes[] = { "\033", "^[", "#033" };

static size_t
escape_at(const char *at, const char *end)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(escapes); i++) {
        size_t length = strlen(escapes[i]);
        if ((size_t)(end - at) > length && memcmp(at, escapes[i], length) == 0 && (at[length] == '[' || *at == '\033'))
            return length;
    }
    return 0;
}

/* "\033[01;31m": parameters, then a letter; "\033" and one letter else (ECMA-48, section 5.4) */
static const char *
behind_escape(const char *at, const char *end, size_t length)
{
    at += length;
    if (*at != '[')
        return at + 1;
    for (at++; at < end && (guchar)*at >= 0x20 && (guchar)*at < 0x40; at++)
        ;
    return at < end ? at + 1 : at;
}

static bool
has_escapes(const char *line, const char *end)
{
    return memchr(line, '\033', (size_t)(end - line)) || memchr(line, '^', (size_t)(end - line)) || memchr(line, '#', (size_t)(end - line));
}

static void
give(const rows *r, const char *line, const char *end)
{
    if (end - line > LINE_BYTES_MAX || !has_escapes(line, end)) {
        r->take(line, (size_t)(end - line), r->number, r->data);
        return;
    }
    GString *plain = g_string_sized_new((size_t)(end - line));
    while (line < end) {
        size_t length = escape_at(line, end);
        if (length > 0)
            line = behind_escape(line, end, length);
        else
            g_string_append_c(plain, *line++);
    }
    r->take(plain->str, plain->len, r->number, r->data);
    g_string_free(plain, true);
}

/* --- the journal, a field in each line ------------------------------------------------ */

static void
end_record(rows *r)
{
    if (r->in_record)
        nh_log_record_end(&r->record, r->record_number, r->take, r->data);
    nh_log_record_clear(&r->record);
    r->in_record = r->in_document = false;
}

static void
begin_record(rows *r)
{
    end_record(r);
    r->in_record = true;
    r->record_number = r->number;
}

/* The name in front of "=", or the whole line where a field of bytes follows. */
static size_t
name_length(const char *line, const char *end)
{
    const char *at = line;

    while (at < end && (g_ascii_isupper(*at) || g_ascii_isdigit(*at) || *at == '_'))
        at++;
    return at - line < NAME_BYTES_MAX ? (size_t)(at - line) : 0;
}

static void
take_field(rows *r, const char *line, size_t name, const char *value, const char *end)
{
    char *name_text = g_strndup(line, name), *text = g_strndup(value, (size_t)MIN(end - value, LINE_BYTES_MAX));

    nh_log_record_field(&r->record, name_text, text, false);
    g_free(text);
    g_free(name_text);
}

/* journalctl -o export: a value of arbitrary bytes has its length in 8 bytes in front of it. Where reading goes on. */
static const char *
take_bytes(rows *r, const char *line, const char *line_end)
{
    uint64_t length = 0;
    const char *value = line_end + 9;

    if (r->end - line_end < 9)
        return line_end;
    for (unsigned i = 8; i > 0; i--)
        length = length << 8 | (guchar)line_end[i];
    if (length > (uint64_t)(r->end - value))
        return line_end;
    take_field(r, line, (size_t)(line_end - line), value, value + length);
    for (const char *at = line_end + 1; at < value + length; at++)
        r->number += *at == '\n';
    return value + length;
}

/* journalctl -o verbose: "Sun 2026-11-22 12:31:08.258227 UTC [s=...;i=...;...]" */
static bool
take_head(rows *r, const char *line, const char *end)
{
    const char *cursor = g_strstr_len(line, end - line, " [s=");

    if (!cursor || cursor - line > NAME_BYTES_MAX || end[-1] != ']')
        return false;
    begin_record(r);
    r->record.stamp = g_strndup(line, (size_t)(cursor - line));
    return true;
}

static bool
begins_with(const char *line, const char *end, const char *words)
{
    size_t length = strlen(words);

    return (size_t)(end - line) >= length && memcmp(line, words, length) == 0;
}

/* Where reading goes on behind a line of the journal's, NULL when it is none. */
static const char *
take_journal_line(rows *r, const char *line, const char *end)
{
    if (begins_with(line, end, "__CURSOR=") || begins_with(line, end, "__REALTIME_TIMESTAMP=")) {
        if (!r->in_record || *(line + 2) == 'C')
            begin_record(r);
    } else if (end > line && end[-1] == ']' && take_head(r, line, end)) {
        return end;
    }
    if (!r->in_record)
        return NULL;
    while (line < end && *line == ' ')
        line++;
    size_t name = name_length(line, end);
    if (name > 0 && line + name < end && line[name] == '=') {
        take_field(r, line, name, line + name + 1, end);
        return end;
    }
    if (name > 0 && line + name == end)
        return take_bytes(r, line, end);
    end_record(r);
    return line == end ? end : NULL;
}

/* --- documents of YAML --------------------------------------------------------------------- */

/* "---" and "insertId: ...": what gcloud logging read prints */
static bool
begins_document(const rows *r, const char *line, const char *end)
{
    return end - line == 3 && begins_with(line, end, "---") && end < r->end && begins_with(end + 1, r->end, "insertId:");
}

/* Behind the quote that ends a text, which may go on over several lines; end for a text without quotes. */
static const char *
end_of_value(const rows *r, const char *value, const char *end)
{
    const char *close = value < end && (*value == '\'' || *value == '"') ? end : NULL;

    for (unsigned i = 0; close && i < YAML_LINES_MAX; i++) {
        if (close - value > 1 && close[-1] == *value)
            return close;
        const char *next = close < r->end ? memchr(close + 1, '\n', (size_t)(r->end - close - 1)) : NULL;
        close = next ? next : close == r->end ? NULL : r->end;
    }
    return end;
}

/* Without its quotes; a line's end and what the next one is indented by are a blank (YAML 1.2.2, section 7.3.2). */
static char *
value_text(const char *value, const char *end)
{
    GString *text = g_string_new(NULL);
    bool quoted = end - value > 1 && (*value == '\'' || *value == '"') && end[-1] == *value;

    for (value += quoted, end -= quoted; value < end && text->len < LINE_BYTES_MAX; value++) {
        if (*value == '\n') {
            g_string_append_c(text, ' ');
            while (value + 1 < end && value[1] == ' ')
                value++;
        } else if (*value)
            g_string_append_c(text, *value);
    }
    return g_string_free(text, false);
}

/* "textPayload: '...'", also of what is within another field. Where reading goes on; NULL when the document is over. */
static const char *
take_document_line(rows *r, const char *line, const char *end)
{
    const char *name = line, *colon;

    while (name < end && *name == ' ')
        name++;
    for (colon = name; colon < end && (g_ascii_isalnum(*colon) || strchr("_@./-", *colon)) && *colon; colon++)
        ;
    if (colon == name || colon - name >= NAME_BYTES_MAX || colon == end || *colon != ':')
        return NULL;
    const char *value = colon + 1;
    while (value < end && *value == ' ')
        value++;
    const char *value_end = end_of_value(r, value, end);
    char *name_text = g_strndup(name, (size_t)(colon - name)), *text = value_text(value, value_end);
    nh_log_record_field(&r->record, name_text, text, false);
    g_free(text);
    g_free(name_text);
    for (const char *at = line; at < value_end; at++)
        r->number += *at == '\n';
    return value_end;
}

static const char *
take_document(rows *r, const char *line, const char *end)
{
    if (begins_document(r, line, end)) {
        begin_record(r);
        r->in_document = true;
        return end;
    }
    const char *next = r->in_document ? take_document_line(r, line, end) : NULL;
    if (!next && r->in_document)
        end_record(r);
    return next;
}

/* --- lines ------------------------------------------------------------------------------ */

/* Where an object of JSON begins in the line: behind what grep -r, JSON sequences and event streams put before it. */
static const char *
json_start(const rows *r, const char *line, const char *end)
{
    while (line < end && (*line == ' ' || *line == '\t' || *line == '\x1e'))
        line++;
    if (begins_with(line, end, "data: "))
        line += strlen("data: ");
    const char *brace = memchr(line, '{', (size_t)(end - line));
    if (brace && brace > line && brace[-1] == ':' && !memchr(line, ' ', (size_t)(brace - line)))
        line = brace;
    if (line == end || (*line != '{' && *line != '['))
        return NULL;
    const char *next = line + 1;
    while (next < r->end && g_ascii_isspace(*next))
        next++;
    return next < r->end && strchr("\"{[", *next) && *next ? line : NULL;
}

static unsigned
count_lines(const char *from, const char *to)
{
    unsigned n = 0;

    for (; from < to && (from = memchr(from, '\n', (size_t)(to - from))) != NULL; from++)
        n++;
    return n;
}

/* Where reading goes on behind JSON that begins in this line, NULL when there is none. */
static const char *
take_json(rows *r, const char *line, const char *end)
{
    nh_log_json_place place = { r->text, r->end, r->take, r->data };
    const char *from = json_start(r, line, end);
    const char *behind = from ? nh_log_json_read(&place, from, r->number) : NULL;

    if (!behind || behind == from)
        return NULL;
    r->number += count_lines(line, behind);
    /* What is left of its last line is a closing bracket, or the comma before the next one. */
    return behind;
}

static const char *
take_line(rows *r, const char *line, const char *end)
{
    const char *next = take_document(r, line, end);

    if (!next)
        next = take_journal_line(r, line, end);
    if (!next)
        next = take_json(r, line, end);
    if (!next) {
        give(r, line, end);
        next = end;
    }
    return next;
}

void
nh_log_rows(const char *text, size_t length, nh_log_row_func take, void *data)
{
    rows r = { .take = take, .data = data, .text = text, .end = text + length, .number = 1 };

    for (const char *line = text; line < r.end;) {
        const char *newline = memchr(line, '\n', (size_t)(r.end - line));
        const char *next = take_line(&r, line, newline ? newline : r.end);
        if (next < r.end && *next == '\n') {
            r.number++;
            next++;
        }
        line = next;
    }
    end_record(&r);
}
