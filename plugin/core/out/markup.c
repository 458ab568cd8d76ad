/* markup.c
 * Pieces of SVG and HTML.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/markup.h"

#include "core/base/text.h"

void
nh_markup_text(GString *out, const char *text)
{
    char *clean = nh_text_clean(text);
    char *escaped = g_markup_escape_text(clean, -1);

    g_string_append(out, escaped);
    g_free(escaped);
    g_free(clean);
}

/* In hundredths of the size; DejaVu Sans, the widest of the usual ones, with a little to spare. */
static int
width_of(gunichar c)
{
    if (c > 0x2e80)
        return 105; /* East Asian */
    if (c > 0x7e)
        return 90;
    if (strchr("iljI.,:;'|!", (int)c))
        return 36;
    if (strchr(" ()[]-/ftr\"", (int)c))
        return 44;
    if (strchr("mwMW@%_<>=+", (int)c))
        return 100;
    if (g_ascii_isupper((char)c))
        return 76;
    return 65;
}

int
nh_markup_width(const char *text, int size)
{
    int width = 0;

    for (; *text; text = g_utf8_next_char(text))
        width += width_of(g_utf8_get_char(text));
    return width * size / 100 + 1;
}

char *
nh_markup_fit(const char *text, int size, int width)
{
    long n = g_utf8_strlen(text, -1);

    if (nh_markup_width(text, size) <= width)
        return g_strdup(text);
    for (long kept = n - 1; kept > 1; kept--) {
        char *head = g_utf8_substring(text, 0, kept / 2), *tail = g_utf8_substring(text, n - (kept - kept / 2), n);
        char *fit = g_strconcat(head, "...", tail, NULL);
        g_free(head);
        g_free(tail);
        if (nh_markup_width(fit, size) <= width)
            return fit;
        g_free(fit);
    }
    return g_strdup("...");
}

void
nh_svg_text(GString *out, int x, int y, const char *class, const char *text)
{
    g_string_append_printf(out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    nh_markup_text(out, text);
    g_string_append(out, "</text>\n");
}

void
nh_svg_title(GString *out, const char *text)
{
    g_string_append(out, "<title>");
    nh_markup_text(out, text);
    g_string_append(out, "</title>");
}
