/* text.c
 * Cleaning and breaking of text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "text.h"

char *
nh_text_clean(const char *text)
{
    char *valid = g_utf8_make_valid(text ? text : "", -1);
    GString *clean = g_string_new(NULL);

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        /* also what breaks a line or turns its direction, as a forged host name could */
        if (g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT ||
            g_unichar_type(c) == G_UNICODE_LINE_SEPARATOR || g_unichar_type(c) == G_UNICODE_PARAGRAPH_SEPARATOR)
            g_string_append_c(clean, ' ');
        else
            g_string_append_unichar(clean, c);
    }
    g_free(valid);
    return g_strchomp(g_string_free(clean, FALSE));
}

void
nh_text_wrap(GString *out, guint column, guint indent, const char *text)
{
    char *clean = nh_text_clean(text);
    char **words = g_strsplit(clean, " ", -1);
    gboolean empty = TRUE;

    for (guint i = 0; words[i]; i++) {
        guint width = (guint)g_utf8_strlen(words[i], -1);
        if (width == 0)
            continue;
        if (!empty && column + 1 + width > NH_TEXT_WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
            empty = TRUE;
        }
        g_string_append_printf(out, "%s%s", empty ? "" : " ", words[i]);
        column += width + !empty;
        empty = FALSE;
    }
    while (out->len && out->str[out->len - 1] == ' ')
        g_string_truncate(out, out->len - 1);
    g_string_append_c(out, '\n');
    g_strfreev(words);
    g_free(clean);
}

const char *
nh_plural(guint n)
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
