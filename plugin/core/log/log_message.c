/* log_message.c
 * What a line of a kernel log says, of lock servers and of itself.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/log/log_message.h"

#define SERVER_BYTES_MAX 255 /* a DNS name; the kernel takes no longer one */
#define CUT_BYTES_MAX    300 /* no mail program leaves longer lines that it wraps */

typedef struct {
    const char *at, *end;
} cursor;

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
match_server(cursor c, nh_log_message *m)
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
match_rpc_debug(cursor c, nh_log_message *m)
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

bool
nh_log_message_at(const char *from, const char *colon, const char *line_end, nh_log_message *m)
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

/* --- lines that are none of Linux's lockd, and yet tell something ------------------ */

/*
 * What other systems print when a lock server does not answer: FreeBSD, OpenBSD
 * and macOS "nfs server SERVER:/PATH: lockd not responding", Solaris and illumos
 * "NFS server SERVER not responding still trying". And what kernels and their
 * loggers print when they left lines out.
 */
static const struct {
    nh_log_event event;
    const char *start, *words;
    bool needs_number; /* between both */
} asides[] = {
    { NH_LOG_FOREIGN, "nfs server ", ": lockd not responding", false },
    { NH_LOG_FOREIGN, "nfs server ", ": lockd is alive again", false },
    { NH_LOG_FOREIGN, "nfs server ", ": lockd alive again", false },
    { NH_LOG_FOREIGN, "nfs server ", ": not responding", false },
    { NH_LOG_FOREIGN, "nfs server ", ": is alive again", false },
    { NH_LOG_FOREIGN, "NFS server ", " not responding still trying", false },
    { NH_LOG_FOREIGN, "NFS server ", " ok", false },
    { NH_LOG_GAP, ": ", " callbacks suppressed", true },
    { NH_LOG_GAP, ": ", " messages suppressed", true },
    { NH_LOG_GAP, ": ", " output lines suppressed", true },
    { NH_LOG_GAP, "Missed ", " kernel messages", true },
    { NH_LOG_GAP, "Suppressed ", " messages from", true },
    { NH_LOG_GAP, ": ", " messages lost due to rate-limiting", true },
    { NH_LOG_GAP, "** ", " printk messages dropped", true },
    { NH_LOG_GAP, ": ", " messages dropped", true },
};

/* No line of ours is longer; text_of() would cut it anyhow. */
#define ASIDE_BYTES_MAX 512

static const char *
find_words(const char *from, const char *end, const char *words)
{
    size_t length = strlen(words);
    for (; (size_t)(end - from) >= length && (from = memchr(from, words[0], (size_t)(end - from))) != NULL; from++)
        if ((size_t)(end - from) >= length && memcmp(from, words, length) == 0)
            return from;
    return NULL;
}

/* The number that ends at end begins after from; NULL when there is none. */
static const char *
number_before(const char *from, const char *end)
{
    const char *number = end;
    while (number > from && g_ascii_isdigit(number[-1]))
        number--;
    return number < end ? number : NULL;
}

/* The words of a logger's name: "call_decode: 34 callbacks suppressed". */
static const char *
start_of_words(const char *from, const char *at)
{
    while (at > from && is_program_char(at[-1]))
        at--;
    return at;
}

bool
nh_log_message_aside(const char *from, const char *line_end, nh_log_message *m)
{
    const char *end = line_end - from > ASIDE_BYTES_MAX ? from + ASIDE_BYTES_MAX : line_end;
    for (unsigned i = 0; i < G_N_ELEMENTS(asides); i++) {
        const char *words = find_words(from, end, asides[i].words);
        if (!words)
            continue;
        size_t length = strlen(asides[i].start);
        const char *start = asides[i].needs_number ? number_before(from, words) : find_words(from, words, asides[i].start);
        if (start && asides[i].needs_number)
            start = (size_t)(start - from) >= length && memcmp(start - length, asides[i].start, length) == 0 ? start - length : NULL;
        if (!start)
            continue;
        memset(m, 0, sizeof *m);
        m->event = asides[i].event;
        m->start = start_of_words(from, start);
        m->end = asides[i].event == NH_LOG_GAP ? words + strlen(asides[i].words) : line_end;
        return true;
    }
    return false;
}

/* --- lines that were wrapped ---------------------------------------------------------- */

/* A state may go on after these words, which are all that is left. */
static bool
begins_state(const char *at, const char *end)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(server_states); i++) {
        size_t length = (size_t)(end - at);
        if (length < strlen(server_states[i].words) && memcmp(at, server_states[i].words, length) == 0)
            return true;
    }
    return false;
}

/* "", "NAME", "NAME not responding," after the word server */
static bool
is_cut_server(cursor c)
{
    skip_blanks(&c);
    while (c.at < c.end && (guchar)*c.at > ' ')
        c.at++;
    skip_blanks(&c);
    return c.at == c.end || begins_state(c.at, c.end);
}

bool
nh_log_message_is_cut(const char *line, const char *line_end)
{
    while (line_end > line && g_ascii_isspace(line_end[-1]))
        line_end--;
    if (line_end - line > CUT_BYTES_MAX || line_end == line)
        return false;
    if (line_end[-1] == ':')
        return find_words(line, line_end, "kernel:") == line_end - 7 || find_words(line, line_end, "lockd:") == line_end - 6;
    const char *last = NULL;
    for (const char *at = line; (at = find_words(at, line_end, ": server")) != NULL; at++)
        last = at;
    return last && is_cut_server((cursor){ last + strlen(": server"), line_end });
}
