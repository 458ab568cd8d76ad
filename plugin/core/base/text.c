/* text.c
 * Cleaning and breaking of text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/text.h"

/* Also what breaks a line, turns its direction as a forged host name could, or is no character (XML refuses U+FFFE). */
static bool
is_printable(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return !g_unichar_iscntrl(c) && type != G_UNICODE_FORMAT && type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR &&
           (c & 0xfffe) != 0xfffe && (c < 0xfdd0 || c > 0xfdef);
}

char *
nh_text_clean(const char *text)
{
    char *valid = g_utf8_make_valid(text ? text : "", -1);
    GString *clean = g_string_new(NULL);

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (is_printable(c))
            g_string_append_unichar(clean, c);
        else
            g_string_append_c(clean, ' ');
    }
    g_free(valid);
    return g_strchomp(g_string_free(clean, false));
}

char *
nh_text_tidy(char *text)
{
    const char *at = text;

    if (!text)
        return NULL;
    while (*at >= ' ' && *at <= '~')
        at++;
    if (!*at && (at == text || at[-1] != ' '))
        return text;
    char *clean = nh_text_clean(text);
    g_free(text);
    return clean;
}

/* A number and its unit stay on one line. */
static bool
is_unit_of(const char *word, const char *number)
{
    static const char *const units[] = { "ms", "min", "s", "times" };
    size_t length = strcspn(word, ",.;:)");

    if (!g_ascii_isdigit(number[0]) && !(number[0] == '(' && g_ascii_isdigit(number[1])))
        return false;
    for (unsigned i = 0; i < G_N_ELEMENTS(units); i++)
        if (length == strlen(units[i]) && strncmp(word, units[i], length) == 0)
            return true;
    return false;
}

/* The text's words, empty ones left out, numbers joined to their units; caller unrefs. */
static GPtrArray *
split_words(const char *clean)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    char **parts = g_strsplit(clean, " ", -1);

    for (unsigned i = 0; parts[i]; i++) {
        char **last = words->len ? (char **)&words->pdata[words->len - 1] : NULL;
        if (!*parts[i])
            continue;
        if (last && is_unit_of(parts[i], *last)) {
            char *joined = g_strconcat(*last, " ", parts[i], NULL);
            g_free(*last);
            *last = joined;
        } else
            g_ptr_array_add(words, g_strdup(parts[i]));
    }
    g_strfreev(parts);
    return words;
}

void
nh_text_wrap_at(GString *out, unsigned width, unsigned column, unsigned indent, const char *text)
{
    char *clean = nh_text_clean(text);
    GPtrArray *words = split_words(clean);
    bool empty = true;

    for (unsigned i = 0; i < words->len; i++) {
        const char *word = words->pdata[i];
        unsigned length = (unsigned)g_utf8_strlen(word, -1);
        if (!empty && column + 1 + length > width) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
            empty = true;
        }
        g_string_append_printf(out, "%s%s", empty ? "" : " ", word);
        column += length + !empty;
        empty = false;
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
    g_ptr_array_unref(words);
    g_free(clean);
}

void
nh_text_wrap(GString *out, unsigned column, unsigned indent, const char *text)
{
    nh_text_wrap_at(out, NH_TEXT_WIDTH, column, indent, text);
}

const char *
nh_plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

char *
nh_time_date(nh_time t)
{
    char *date = nh_time_rfc3339(t);
    if (!date)
        return g_strdup("-");
    *strchr(date, 'T') = '\0';
    return date;
}

char *
nh_time_date_clock(nh_time t)
{
    if (!nh_time_known(t))
        return g_strdup("-");
    char *date = nh_time_date(t);
    char *clock = nh_time_clock(t);
    char *text = g_strdup_printf("%s %s", date, clock);
    g_free(date);
    g_free(clock);
    return text;
}

bool
nh_same_day(nh_time a, nh_time b)
{
    char *day_a = nh_time_date(a);
    char *day_b = nh_time_date(b);
    bool same = !nh_time_known(a) || !nh_time_known(b) || strcmp(day_a, day_b) == 0;
    g_free(day_a);
    g_free(day_b);
    return same;
}
