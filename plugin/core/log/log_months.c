/* log_months.c
 * Names of months in the languages that logs are written in.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_months.h"

#include <stdlib.h>

#define NAME_BYTES_MAX 48
#define WORDS_MAX      3

static const struct month_name {
    const char *name;
    unsigned months;
} names[] = {
#define M(name, months) { name, months },
#include "core/log/log_months.def"
#undef M
};

typedef struct {
    const char *text;
    size_t length;
} word;

static int
compare_names(const void *key, const void *row)
{
    const word *w = key;
    const char *name = ((const struct month_name *)row)->name;
    int order = strncmp(w->text, name, w->length);

    return order != 0 ? order : -(name[w->length] != '\0');
}

static unsigned
months_of(const char *text, size_t length)
{
    word key = { text, length };
    const struct month_name *found = bsearch(&key, names, G_N_ELEMENTS(names), sizeof *names, compare_names);

    return found ? found->months : 0;
}

/* A name may end before a blank, a full stop, a comma, or the day of dmesg -H ("Nov22"). */
static bool
may_end(const char *text, size_t at)
{
    char c = text[at];

    return c == ' ' || c == '.' || c == ',' || (g_ascii_isdigit(c) && !g_ascii_isdigit(text[at - 1]));
}

size_t
nh_log_month_find(const char *text, size_t length, unsigned *months)
{
    size_t found = 0;

    for (size_t at = 1, words = 0; at < length && at <= NAME_BYTES_MAX && words < WORDS_MAX; at++) {
        unsigned named;
        if (text[at - 1] == '\0')
            break;
        if (!may_end(text, at))
            continue;
        words += text[at] == ' ';
        named = months_of(text, at);
        if (named == 0)
            continue;
        *months = named;
        found = at + (text[at] == '.');
    }
    return found;
}
