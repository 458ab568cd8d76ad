/* scenario.c
 * A text scenario as frames: options, header lines, time, repetition.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_STEP = 10000 };      /* nanoseconds between two lines that say no time */

host *
scenario_host(scenario *sc, const line_reader *line, const char *name)
{
    /* client and server are roles; their host names are for the messages */
    static const char *const roles[] = { "client", "server" };

    for (unsigned i = 0; i < sc->hosts->len; i++) {
        host *h = g_ptr_array_index(sc->hosts, i);
        if (strcmp(i < 2 ? roles[i] : h->name, name) == 0) {
            if (!h->addr.len)
                line_fail(line, "the address of the %s is not known yet", name);
            return h;
        }
    }
    line_fail(line, "there is no host '%s'", name);
}

/* The port after --client-port (side 0) or --server-port (side 1) */
uint16_t
scenario_port(const scenario *sc, int side, int64_t port)
{
    int64_t replacement = side == 0 ? sc->client_port : sc->server_port;
    return (uint16_t)(replacement >= 0 && port && port == sc->port_from[side] ? replacement : port);
}

/* Header lines */

static void
set_host(scenario *sc, line_reader *line, host *h)
{
    const char *text = line_next(line, "an address");

    if (!address_parse(text, sc->ipv6, &h->addr))
        line_fail(line, "'%s' is no address", text);
    h->machine = (uint16_t)line_number(line, "machine", 0);
    host_set_mac(h);
    const char *name = line_value(line, "name");
    if (name) {
        g_free(h->name);
        h->name = g_strdup(name);
    }
    h->clock = (uint32_t)line_number(line, "clock", g_str_hash(h->name));
    h->ip_id = (uint16_t)h->clock;
}

static void
read_client(scenario *sc, line_reader *line)
{
    set_host(sc, line, g_ptr_array_index(sc->hosts, 0));
}

static void
read_server(scenario *sc, line_reader *line)
{
    set_host(sc, line, g_ptr_array_index(sc->hosts, 1));
}

static void
add_host(scenario *sc, const char *name)
{
    host *h = g_new0(host, 1);
    h->name = g_strdup(name);
    g_ptr_array_add(sc->hosts, h);
}

static void
read_host(scenario *sc, line_reader *line)
{
    add_host(sc, line_next(line, "a name"));
    set_host(sc, line, g_ptr_array_index(sc->hosts, sc->hosts->len - 1));
}

/* machine HOST N: from now on another one has its address. */
static void
read_machine(scenario *sc, line_reader *line)
{
    host *h = scenario_host(sc, line, line_next(line, "a host"));

    h->machine = (uint16_t)line_parse_number(line, line_next(line, "the number of a machine"));
    host_set_mac(h);
}

static void
read_start(scenario *sc, line_reader *line)
{
    sc->start = sc->now = sc->latest = line_parse_date(line, line_next(line, "a date and time"));
}

/* What the command line says wins. */
static void
read_link(scenario *sc, line_reader *line)
{
    const char *name = line_next(line, "a link type");
    int kind = link_parse(name);

    if (kind < 0)
        line_fail(line, "'%s' should be ethernet, sll, sll2, raw or null", name);
    if (!sc->link_fixed)
        sc->link.kind = kind;
}

static void
read_vlan(scenario *sc, line_reader *line)
{
    int64_t vlan = line_parse_number(line, line_next(line, "a number"));
    if (sc->link.vlan < 0)
        sc->link.vlan = vlan;
}

static void
read_vxlan(scenario *sc, line_reader *line)
{
    sc->link.vxlan = line_parse_number(line, line_next(line, "a network identifier"));
}

static void
read_gre(scenario *sc, line_reader *line)
{
    sc->link.gre = line_parse_number(line, line_next(line, "a key"));
}

/* The smallest that hold a header and eight bytes in each family */
static void
read_mtu(scenario *sc, line_reader *line)
{
    const char *text = line_next(line, "a number of bytes");
    int64_t mtu = line_parse_number(line, text);

    if (mtu < 68 || mtu > G_MAXUINT16)
        line_fail(line, "an MTU of %s bytes is none", text);
    if (!sc->link.mtu)
        sc->link.mtu = (unsigned)mtu;
}

static void
read_snaplen(scenario *sc, line_reader *line)
{
    sc->snaplen = (unsigned)line_parse_number(line, line_next(line, "a length"));
}

static void
read_only(scenario *sc, line_reader *line)
{
    const char *side = line_next(line, "client or server");

    if (strcmp(side, "client") != 0 && strcmp(side, "server") != 0)
        line_fail(line, "'%s' should be client or server", side);
    if (sc->only < 0)
        sc->only = *side == 'c' ? 0 : 1;
}

static void
read_twice(scenario *sc, line_reader *line)
{
    sc->frames_twice = true;
}

/* points WAY,OFFSET[,DRIFT]: both in seconds; millionths by which the server's clock is too fast */
static void
read_points(scenario *sc, line_reader *line)
{
    const char *text = line_next(line, "the time between the hosts and the distance of their clocks, in seconds: 0.002,7");
    char **parts = g_strsplit(text, ",", 3);
    unsigned n = g_strv_length(parts);

    if (n < 2)
        line_fail(line, "'%s' should be two numbers of seconds with a comma between them, and perhaps a drift in millionths", text);
    if (!sc->two_points) {
        sc->way = line_parse_seconds(line, parts[0]);
        sc->offset = line_parse_seconds(line, parts[1]);
        sc->drift = n > 2 ? g_ascii_strtod(parts[2], NULL) / 1e6 : 0;
    }
    sc->two_points = true;
    g_strfreev(parts);
}

static void
read_box_word(scenario *sc, line_reader *line, const char *name, const char *value)
{
    if (strcmp(name, "nat") == 0) {
        sc->between.nat = true;
        if (!address_parse(value, sc->ipv6, &sc->between.nat_addr))
            line_fail(line, "'%s' is no address", value);
    } else if (strcmp(name, "hops") == 0) {
        sc->between.hops = line_parse_number(line, value);
    } else if (strcmp(name, "mss") == 0) {
        sc->between.mss = line_parse_number(line, value);
    } else if (strcmp(name, "renumber") == 0) {
        sc->between.renumber = line_parse_number(line, value);
    } else {
        line_fail(line, "'%s' should be hops, nat, mss or renumber", name);
    }
}

/* between hops:N,nat:ADDRESS,mss:N,renumber:N, any of them */
static void
read_between(scenario *sc, line_reader *line)
{
    char **words = g_strsplit(line_next(line, "what stands between the points: hops:1,nat:198.51.100.7"), ",", -1);

    for (char **word = words; *word; word++) {
        char **pair = g_strsplit(*word, ":", 2);
        read_box_word(sc, line, pair[0], pair[1] ? pair[1] : "");
        g_strfreev(pair);
    }
    g_strfreev(words);
}

static void
read_connection(scenario *sc, line_reader *line)
{
    g_ptr_array_add(sc->connections, connection_new(sc, line, false));
}

static void
read_udp(scenario *sc, line_reader *line)
{
    g_ptr_array_add(sc->connections, connection_new(sc, line, true));
}

/* Most of them describe; one that puts something on the wire takes time as a connection's lines do. */
static const struct {
    const char *name;
    void      (*read)(scenario *sc, line_reader *line);
    bool    takes_time;
} commands[] = {
    { "start", read_start, false },
    { "client", read_client, false },
    { "server", read_server, false },
    { "host", read_host, false },
    { "link", read_link, false },
    { "vlan", read_vlan, false },
    { "vxlan", read_vxlan, false },
    { "gre", read_gre, false },
    { "mtu", read_mtu, false },
    { "snaplen", read_snaplen, false },
    { "only", read_only, false },
    { "frames-twice", read_twice, false },
    { "points", read_points, false },
    { "between", read_between, false },
    { "connection", read_connection, false },
    { "udp", read_udp, false },
    { "machine", read_machine, false },
    { "icmp", icmp_act, true },
};

/* Lines in their order */

static void
read_time(scenario *sc, line_reader *line)
{
    const char *word = line_peek(line);

    if (*word == '+' || (*word == '-' && g_ascii_isdigit(word[1]))) {
        sc->now += line_parse_seconds(line, word);
        line_next(line, word);
    } else if (*word == '@') {
        sc->now = line_parse_clock(line, word + 1, sc->start);
        line_next(line, word);
    } else if (sc->frames->len) {
        sc->now += DEFAULT_STEP;
    }
    sc->latest = MAX(sc->latest, sc->now);
}

static void
run_line(scenario *sc, line_reader *line)
{
    const char *word = line_peek(line);

    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(word, commands[i].name) == 0) {
            line_next(line, word);
            commands[i].read(sc, line);
            return;
        }
    }
    for (unsigned i = 0; i < sc->connections->len; i++) {
        connection *conn = g_ptr_array_index(sc->connections, i);
        if (strcmp(word, conn->name) == 0) {
            line_next(line, word);
            connection_act(sc, conn, line);
            return;
        }
    }
    line_fail(line, "'%s' is neither a keyword nor a connection", word);
}

static bool
is_description(const char *word)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(commands); i++)
        if (strcmp(word, commands[i].name) == 0)
            return !commands[i].takes_time;
    return false;
}

/* A line that only waits ("+5") is welcome. */
static void
run_timed_line(scenario *sc, line_reader *line)
{
    if (!is_description(line_peek(line)))
        read_time(sc, line);
    if (line_peek(line))
        run_line(sc, line);
    line_finish(line);
}

static unsigned
find_closing_brace(const GPtrArray *lines, unsigned from)
{
    unsigned depth = 1;

    for (unsigned i = from + 1; i < lines->len; i++) {
        const line_reader *line = g_ptr_array_index(lines, i);
        const char *last = g_array_index(line->tokens, token, line->tokens->len - 1).text;
        depth += strcmp(last, "{") == 0 ? 1 : 0;
        depth -= strcmp(last, "}") == 0 ? 1 : 0;
        if (depth == 0)
            return i;
    }
    line_fail(g_ptr_array_index(lines, from), "this { is never closed");
}

static void run_lines(scenario *sc, const GPtrArray *lines, unsigned from, unsigned to);

/* repeat 10 every 0.5 { ... }; returns the line of the closing brace */
static unsigned
run_repeat(scenario *sc, const GPtrArray *lines, unsigned from)
{
    line_reader *line = g_ptr_array_index(lines, from);
    unsigned end = find_closing_brace(lines, from);

    line_rewind(line);
    read_time(sc, line);
    int64_t times = line_number(line, "repeat", 0);
    const char *every = line_value(line, "every");
    int64_t period = every ? line_parse_seconds(line, every) : 0;
    line_word(line, "{");
    line_finish(line);
    for (int64_t i = 0; i < times; i++) {
        int64_t begin = sc->now;
        run_lines(sc, lines, from + 1, end);
        if (every)
            sc->now = begin + period;
    }
    return end;
}

static void
run_lines(scenario *sc, const GPtrArray *lines, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        line_reader *line = g_ptr_array_index(lines, i);
        line_rewind(line);
        const char *last = g_array_index(line->tokens, token, line->tokens->len - 1).text;
        if (strcmp(last, "{") == 0)
            i = run_repeat(sc, lines, i);
        else
            run_timed_line(sc, line);
    }
}

G_NORETURN static void
die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static GPtrArray *
read_lines(const char *path)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
    GError *error = NULL;
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, &error))
        die(path, error->message);
    char **rows = g_strsplit(text, "\n", 0);
    for (unsigned i = 0; rows[i]; i++) {
        line_reader *line = line_new(path, i + 1, rows[i]);
        if (line->tokens->len)
            g_ptr_array_add(lines, line);
        else
            line_free(line);
    }
    g_strfreev(rows);
    g_free(text);
    return lines;
}

/* Command line */

static char *shift_option, *link_option, *only_option, *mtu_option, *points_option, *between_option;
static bool ipv6_option, twice_option;
static int64_t vlan_option = -1, vxlan_option = -1, gre_option = -1, client_port_option = -1, server_port_option = -1;
static int64_t snaplen_option;

const GOptionEntry scenario_options[] = {
    { "ipv6", 0, 0, G_OPTION_ARG_NONE, &ipv6_option, "Turn IPv4 addresses into IPv6 ones", NULL },
    { "vlan", 0, 0, G_OPTION_ARG_INT64, &vlan_option, "Put the frames into a VLAN", "N" },
    { "vxlan", 0, 0, G_OPTION_ARG_INT64, &vxlan_option, "Put the frames into a VXLAN tunnel", "N" },
    { "gre", 0, 0, G_OPTION_ARG_INT64, &gre_option, "Put the frames into a GRE tunnel with this key", "N" },
    { "mtu", 0, 0, G_OPTION_ARG_STRING, &mtu_option, "Fragment larger packets", "BYTES" },
    { "link", 0, 0, G_OPTION_ARG_STRING, &link_option, "ethernet, sll, sll2, raw or null", "TYPE" },
    { "client-port", 0, 0, G_OPTION_ARG_INT64, &client_port_option, "Another port for the client", "N" },
    { "server-port", 0, 0, G_OPTION_ARG_INT64, &server_port_option, "Another port for the server", "N" },
    { "shift", 0, 0, G_OPTION_ARG_STRING, &shift_option, "Move all times", "SECONDS" },
    { "only", 0, 0, G_OPTION_ARG_STRING, &only_option, "Keep what one side sent: client or server", "SIDE" },
    { "points", 0, 0, G_OPTION_ARG_STRING, &points_option, "Capture at the server's host, too", "WAY,OFFSET[,DRIFT]" },
    { "between", 0, 0, G_OPTION_ARG_STRING, &between_option, "What stands between the two points: hops, nat, mss, renumber", "WORD:VALUE,..." },
    { "frames-twice", 0, 0, G_OPTION_ARG_NONE, &twice_option, "Capture every frame twice", NULL },
    { "snaplen", 0, 0, G_OPTION_ARG_INT64, &snaplen_option, "Cut frames after so many bytes", "N" },
    { NULL }
};

/* An option is read like a line of the scenario, and complains like one. */
static void
apply_option(scenario *sc, const char *value, void (*read)(scenario *, line_reader *))
{
    if (!value)
        return;
    line_reader *line = line_new("command line", 1, value);
    read(sc, line);
    line_finish(line);
    line_free(line);
}

static void
read_shift(scenario *sc, line_reader *line)
{
    sc->shift = line_parse_seconds(line, line_next(line, "a number of seconds"));
}

static void
check_options(void)
{
    if (client_port_option > G_MAXUINT16 || server_port_option > G_MAXUINT16)
        die("command line", "a port is at most 65535");
    if (vlan_option > 4094)
        die("command line", "a VLAN is at most 4094");
}

static void
scenario_init(scenario *sc, const char *path)
{
    char *name = g_path_get_basename(path);

    sc->ipv6 = ipv6_option;
    sc->frames_twice = twice_option;
    sc->client_port = client_port_option;
    sc->server_port = server_port_option;
    sc->only = -1;
    sc->snaplen = (unsigned)snaplen_option;
    sc->link.vlan = vlan_option;
    sc->link.vxlan = vxlan_option;
    sc->link.gre = gre_option;
    sc->hosts = g_ptr_array_new();
    sc->connections = g_ptr_array_new();
    sc->frames = g_ptr_array_new();
    sc->calls = g_hash_table_new(NULL, NULL);
    sc->next_xid = sc->last_fragmented = g_str_hash(name);  /* so that scenarios can be merged without sharing XIDs and fragments */
    g_free(name);
    add_host(sc, "nfs-client");
    add_host(sc, "nfs-server");
    apply_option(sc, link_option, read_link);
    sc->link_fixed = link_option != NULL;
    apply_option(sc, mtu_option, read_mtu);
    apply_option(sc, only_option, read_only);
    apply_option(sc, shift_option, read_shift);
    apply_option(sc, points_option, read_points);
    apply_option(sc, between_option, read_between);
}

/* As mergecap orders the captures of two hosts */
static int
compare_frames(const void *a, const void *b)
{
    const frame *x = *(frame *const *)a, *y = *(frame *const *)b;
    return x->time < y->time ? -1 : x->time > y->time;
}

void
scenario_load(scenario *sc, const char *path)
{
    check_options();
    scenario_init(sc, path);
    GPtrArray *lines = read_lines(path);
    run_lines(sc, lines, 0, lines->len);
    if (!sc->start)
        die(path, "there is no line 'start 2026-03-01T10:00:00Z'");
    if ((sc->link.kind == LINK_RAW || sc->link.kind == LINK_NULL) && sc->link.vlan >= 0)
        die(path, "this link layer has no VLAN");
    g_ptr_array_free(lines, true);
    if (sc->two_points)
        g_ptr_array_sort(sc->frames, compare_frames);
}
