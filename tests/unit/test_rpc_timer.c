/* test_rpc_timer.c
 * The timers of net/sunrpc: transmissions, kernel lines, families, mount options.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/mount_options.h"
#include "core/clock/rpc_timer.h"

#define T0 (1750586078 * NH_SECOND) /* some issue time */
#define S(x) ((nh_time)((x) * 1000 + ((x) < 0 ? -0.5 : 0.5)) * NH_MSEC)

#define LOCKD(t, l4)      { .kind = NH_POLICY_LOCKD, .nlm_timeout = t, .proto = l4, .hard = true }
#define MOUNT(t, r, l4, h) { .kind = NH_POLICY_MOUNT, .timeo = t, .retrans = r, .proto = l4, .hard = h }
static const nh_policy lockd_tcp = LOCKD(10, NH_L4_TCP);
static const nh_policy lockd_udp = LOCKD(10, NH_L4_UDP);
static const nh_policy nfs_tcp = MOUNT(600, 2, NH_L4_TCP, true);

/* A task issued and sent at T0. */
static nh_deadlines
predict(const nh_policy *policy, nh_family family, nh_wait wait)
{
    nh_wait_facts facts = { .wait = wait, .issued_earliest = T0, .issued_latest = T0, .sent = T0 };
    nh_deadlines out;
    nh_timer_predict(policy, family, &facts, &out);
    return out;
}

static void
assert_near(nh_time actual, double seconds, const char *what, unsigned row)
{
    if (ABS(actual - T0 - S(seconds)) > NH_MSEC)
        g_error("row %u: %s is at %.3f s, expected %.3f s", row, what, (double)(actual - T0) / NH_SECOND, seconds);
}

/*
 * Transmissions after the first, and the first major timeout, over a silent
 * server: one row for each case and family, seconds. latest: the worst of
 * HZ=1000, 250 and 100 of the timer wheel, without the 0.14 s of the printing.
 */
typedef struct {
    nh_policy policy;
    nh_family family;
    nh_wait wait;
    double minor[8];
    double major, latest;
} table_row;

#define CONNECTED NH_WAIT_REPLY
#define NEW       NH_WAIT_REPLY_NEW
static const table_row table[] = {
    /* lockd, nlm_timeout=10, TCP */
    { LOCKD(10, NH_L4_TCP), NH_FAMILY_3_10, CONNECTED, { 10, 30 }, 60, 64.352 },
    { LOCKD(10, NH_L4_TCP), NH_FAMILY_5_2,  CONNECTED, { 10, 30 }, 60, 62.048 },
    { LOCKD(10, NH_L4_TCP), NH_FAMILY_5_3,  CONNECTED, { 10, 30 }, 60, 62.048 },
    { LOCKD(10, NH_L4_TCP), NH_FAMILY_3_10, NEW,       { 20, 50 }, 90, 96.144 },
    { LOCKD(10, NH_L4_TCP), NH_FAMILY_5_2,  NEW,       { 20, 50 }, 60, 60.640 },
    { LOCKD(10, NH_L4_TCP), NH_FAMILY_5_3,  NEW,       { 10, 30 }, 60, 62.048 },
    /* lockd, UDP: the waits are never capped */
    { LOCKD(10, NH_L4_UDP), NH_FAMILY_3_10, CONNECTED, { 10, 30 }, 70, 75.120 },
    { LOCKD(10, NH_L4_UDP), NH_FAMILY_5_2,  CONNECTED, { 10, 30 }, 70, 75.120 },
    { LOCKD(10, NH_L4_UDP), NH_FAMILY_5_3,  CONNECTED, { 10, 30 }, 70, 75.120 },
    { LOCKD(10, NH_L4_UDP), NH_FAMILY_3_10, NEW,       { 10, 30 }, 70, 75.120 },
    /* NFS tcp,timeo=600,retrans=2,hard */
    { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_3_10, CONNECTED, { 60 },  180, 190.240 },
    { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_5_2,  CONNECTED, { 60 },  180, 185.120 },
    { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_5_3,  CONNECTED, { 60 },  180, 185.120 },
    { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_3_10, NEW,       { 120 }, 300, 318.432 },
    { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_5_2,  NEW,       { 120 }, 180, 185.120 },
    { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_5_3,  NEW,       { 60 },  180, 185.120 },
    /* NFS tcp,timeo=50,retrans=3,soft; 5.3+: 20 s, in 5.9 .. 5.11 30 s */
    { MOUNT(50, 3, NH_L4_TCP, false), NH_FAMILY_3_10, CONNECTED, { 5, 15 }, 30, 31.536 },
    { MOUNT(50, 3, NH_L4_TCP, false), NH_FAMILY_5_2,  CONNECTED, { 5, 15 }, 20, 20.512 },
    { MOUNT(50, 3, NH_L4_TCP, false), NH_FAMILY_5_3,  CONNECTED, { 5, 15 }, 20, 30.512 },
    { MOUNT(50, 3, NH_L4_TCP, false), NH_FAMILY_3_10, NEW,       { 10 },    25, 26.280 },
    { MOUNT(50, 3, NH_L4_TCP, false), NH_FAMILY_5_2,  NEW,       { 10 },    20, 20.640 },
    { MOUNT(50, 3, NH_L4_TCP, false), NH_FAMILY_5_3,  NEW,       { 5, 15 }, 20, 30.512 },
    /* NFS udp,timeo=11,retrans=3,hard: exponential */
    { MOUNT(11, 3, NH_L4_UDP, true), NH_FAMILY_3_10, CONNECTED, { 1.1, 3.3, 7.7 }, 16.5, 17.652 },
    { MOUNT(11, 3, NH_L4_UDP, true), NH_FAMILY_5_2,  CONNECTED, { 1.1, 3.3, 7.7 }, 16.5, 17.652 },
    { MOUNT(11, 3, NH_L4_UDP, true), NH_FAMILY_5_3,  CONNECTED, { 1.1, 3.3, 7.7 }, 16.5, 17.652 },
    { MOUNT(11, 3, NH_L4_UDP, true), NH_FAMILY_3_10, NEW,       { 1.1, 3.3, 7.7 }, 16.5, 17.652 },
    /* lateness alone can take the wait that ends at 15.5 s past the deadline of 16 s */
    { MOUNT(5, 5, NH_L4_UDP, true), NH_FAMILY_5_3, CONNECTED, { 0.5, 1.5, 3.5, 7.5, 15.5 }, 16, 33.030 },
    /* 32256 jiffies and more are in the next level of the wheel */
    { MOUNT(325, 0, NH_L4_TCP, true), NH_FAMILY_5_3, CONNECTED, { 0 }, 32.5, 36.596 },
    /* The rule for T: connected T, 3T, 6T; old and new connection 2T, 5T, 9T */
    { LOCKD(3, NH_L4_TCP),  NH_FAMILY_3_10, CONNECTED, { 3, 9 },    18,  19.360 },
    { LOCKD(3, NH_L4_TCP),  NH_FAMILY_5_3,  CONNECTED, { 3, 9 },    18,  18.640 },
    { LOCKD(3, NH_L4_TCP),  NH_FAMILY_3_10, NEW,       { 6, 15 },   27,  28.920 },
    { LOCKD(3, NH_L4_TCP),  NH_FAMILY_5_2,  NEW,       { 6, 15 },   18,  18.256 },
    { LOCKD(20, NH_L4_TCP), NH_FAMILY_3_10, CONNECTED, { 20, 60 },  120, 128.704 },
    { LOCKD(20, NH_L4_TCP), NH_FAMILY_5_3,  CONNECTED, { 20, 60 },  120, 125.120 },
    { LOCKD(20, NH_L4_TCP), NH_FAMILY_3_10, NEW,       { 40, 100 }, 180, 192.288 },
    { LOCKD(20, NH_L4_TCP), NH_FAMILY_5_3,  NEW,       { 20, 60 },  120, 125.120 },
    /* nlm_timeout outside of 3..20 is not possible: clamped */
    { LOCKD(1, NH_L4_TCP),  NH_FAMILY_5_3,  CONNECTED, { 3, 9 },    18,  18.640 },
    { LOCKD(99, NH_L4_TCP), NH_FAMILY_5_3,  CONNECTED, { 20, 60 },  120, 125.120 },
    /* nfs_init_timeout_values(): timeo=0 is the default, at most 600 s (TCP) and 60 s (UDP) */
    { MOUNT(0, 2, NH_L4_TCP, true),      NH_FAMILY_5_3, CONNECTED, { 60 }, 180, 185.120 },
    { MOUNT(7000, 2, NH_L4_TCP, true),   NH_FAMILY_5_3, CONNECTED, { 0 },  600, 640.960 },
    { MOUNT(3000, 9, NH_L4_TCP, true),   NH_FAMILY_5_2, CONNECTED, { 300 }, 600, 632.768 },
    { MOUNT(3000, 9, NH_L4_TCP, true),   NH_FAMILY_5_3, CONNECTED, { 300 }, 600, 932.768 }, /* 5.9 .. 5.11: 900 s */
    { MOUNT(600, 0, NH_L4_TCP, true),    NH_FAMILY_5_3, CONNECTED, { 0 },  60,  65.120 },
    { MOUNT(600, 0, NH_L4_TCP, true),    NH_FAMILY_3_10, NEW,      { 0 },  60,  65.120 },
    { MOUNT(0, 3, NH_L4_UDP, true),      NH_FAMILY_5_3, CONNECTED, { 1.1, 3.3, 7.7 }, 16.5, 17.652 },
    { MOUNT(700, 3, NH_L4_UDP, true),    NH_FAMILY_5_3, CONNECTED, { 0 },  60,  65.120 },
    { MOUNT(300, G_MAXINT, NH_L4_UDP, true), NH_FAMILY_5_3, CONNECTED, { 30 }, 90, 95.760 },
};

static void
test_table(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
        const table_row *row = &table[i];
        nh_deadlines out = predict(&row->policy, row->family, row->wait);
        unsigned n = 0;
        while (n < G_N_ELEMENTS(row->minor) && row->minor[n] > 0) {
            if (n >= out.n_minor)
                g_error("row %u: retransmission %u is missing", i, n);
            assert_near(out.minor[n], row->minor[n], "retransmission", i);
            n++;
        }
        if (out.n_minor != n)
            g_error("row %u: %u retransmissions, expected %u", i, out.n_minor, n);
        assert_near(out.major_earliest, row->major, "earliest", i);
        assert_near(out.major_latest, row->latest + 0.14, "latest", i);
    }
}

/* Extreme options must neither hang nor overflow; only as many retransmissions as fit are listed. */
static void
test_extremes(void)
{
    nh_policy policy = MOUNT(1, G_MAXINT, NH_L4_TCP, true);
    nh_deadlines out = predict(&policy, NH_FAMILY_UNKNOWN, CONNECTED);
    g_assert_cmpuint(out.n_minor, ==, NH_MINOR_MAX);
    assert_near(out.minor[NH_MINOR_MAX - 1], 7.8, "12th retransmission", 0);
    assert_near(out.major_earliest, 600, "earliest", 0);
    policy.timeo = policy.retrans = G_MAXUINT;
    assert_near(predict(&policy, NH_FAMILY_5_3, CONNECTED).major_earliest, 600, "earliest", 1);
}

/* Windows that users are promised, for lockd with T=10: as wide as the facts demand and no wider. */
static void
test_windows(void)
{
    static const struct {
        nh_l4 proto;
        nh_family family;
        nh_wait wait;
        double from, latest_min, latest_max;
    } rows[] = {
        { NH_L4_TCP, NH_FAMILY_UNKNOWN, CONNECTED,       60, 64.4, 65 },
        { NH_L4_TCP, NH_FAMILY_UNKNOWN, NEW,             60, 96.2, 97 },
        { NH_L4_TCP, NH_FAMILY_3_10,    NEW,             90, 96.2, 96.5 },
        { NH_L4_TCP, NH_FAMILY_5_3,     NEW,             60, 62.1, 62.5 },
        { NH_L4_UDP, NH_FAMILY_UNKNOWN, CONNECTED,       70, 75.2, 75.5 },
        { NH_L4_TCP, NH_FAMILY_3_10,    NH_WAIT_CONNECT, 60, 65, 65 },
        { NH_L4_TCP, NH_FAMILY_5_2,     NH_WAIT_CONNECT, 60, 65, 65 },
        { NH_L4_TCP, NH_FAMILY_5_3,     NH_WAIT_CONNECT, 60, 65, 65 },
        { NH_L4_TCP, NH_FAMILY_UNKNOWN, NH_WAIT_CONNECT, 60, 65, 65 },
        { NH_L4_UDP, NH_FAMILY_5_3,     NH_WAIT_CONNECT, 60, 75.2, 75.5 },
        { NH_L4_TCP, NH_FAMILY_3_10,    NH_WAIT_CLOSING, 60, 64.4, 64.5 },
        { NH_L4_TCP, NH_FAMILY_5_3,     NH_WAIT_CLOSING, 60, 62.1, 62.5 },
        { NH_L4_TCP, NH_FAMILY_UNKNOWN, NH_WAIT_CLOSING, 60, 64.4, 64.5 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_policy policy = LOCKD(10, rows[i].proto);
        nh_deadlines out = predict(&policy, rows[i].family, rows[i].wait);
        assert_near(out.major_earliest, rows[i].from, "earliest", i);
        if (out.major_latest < T0 + S(rows[i].latest_min) || out.major_latest > T0 + S(rows[i].latest_max))
            g_error("row %u: latest is at %.3f s", i, (double)(out.major_latest - T0) / NH_SECOND);
    }
}

/* Lines that kernels did print, seconds after the issue (UDP: after the first transmission). */
static void
test_observed(void)
{
    static const struct { nh_l4 proto; nh_family family; nh_wait wait; double printed; } rows[] = {
        /* 6.1 */
        { NH_L4_TCP, NH_FAMILY_5_3, CONNECTED, 60.3 },
        { NH_L4_TCP, NH_FAMILY_5_3, CONNECTED, 60.0 },
        { NH_L4_TCP, NH_FAMILY_5_3, NH_WAIT_CONNECT, 61.15 },
        { NH_L4_TCP, NH_FAMILY_5_3, NH_WAIT_CONNECT, 61.5 },
        { NH_L4_TCP, NH_FAMILY_5_3, NH_WAIT_CONNECT, 61.83 },
        { NH_L4_TCP, NH_FAMILY_5_3, NH_WAIT_CLOSING, 60.63 },
        /* 4.14 */
        { NH_L4_TCP, NH_FAMILY_3_10, CONNECTED, 62.83 },
        { NH_L4_TCP, NH_FAMILY_3_10, NH_WAIT_CLOSING, 61.73 },
        { NH_L4_UDP, NH_FAMILY_3_10, CONNECTED, 72.51 },
        /* 4.19: new connection and a stalled server; host unreachable; the old socket in FIN_WAIT1 */
        { NH_L4_TCP, NH_FAMILY_3_10, NEW, 90.70 },
        { NH_L4_TCP, NH_FAMILY_3_10, NH_WAIT_CONNECT, 61.2 },
        { NH_L4_TCP, NH_FAMILY_3_10, NH_WAIT_CLOSING, 60.0 },
        /* SYN-ACKs of port 111 that are not acknowledged */
        { NH_L4_TCP, NH_FAMILY_3_10, NH_WAIT_CONNECT, 64.6 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_policy policy = LOCKD(10, rows[i].proto);
        const nh_family known[] = { rows[i].family, NH_FAMILY_UNKNOWN };
        for (unsigned j = 0; j < G_N_ELEMENTS(known); j++) {
            nh_deadlines out = predict(&policy, known[j], rows[i].wait);
            if (T0 + S(rows[i].printed) < out.major_earliest || T0 + S(rows[i].printed) > out.major_latest)
                g_error("row %u: a line at %.2f s is outside of its window", i, rows[i].printed);
        }
    }
}

/* Where the issue is a window, or the first transmission came later: what each family counts from. */
static void
test_issue_window(void)
{
    static const struct {
        nh_family family;
        nh_wait wait;
        double issued_earliest, issued_latest, sent;
        double earliest, latest;
    } rows[] = {
        { NH_FAMILY_5_3,  NEW,             0, 0, 2,      60, 62.188 }, /* from the issue */
        { NH_FAMILY_5_2,  NEW,             0, 0, 2,      60, 60.780 },
        { NH_FAMILY_3_10, NEW,             0, 0, 2,      92, 98.284 }, /* from the first transmission */
        { NH_FAMILY_5_3,  NEW,             -7, -1, -0.5, 53, 61.188 },
        { NH_FAMILY_5_3,  CONNECTED,       -4, 1, 1,     56, 63.188 },
        { NH_FAMILY_5_3,  NH_WAIT_CLOSING, -4, 3, 90,    56, 65.188 },
        { NH_FAMILY_3_10, NH_WAIT_CONNECT, -4, 3, 90,    56, 68 },
        /* an attempt to connect failed before: 20 s or 30 s come first; 4.20 counts from the issue: 4 s + 30 s + 40 s */
        { NH_FAMILY_3_10, NEW,             0, 0, 4,      74, 100.284 },
        /* ... or any of them: 50 s and 60 s are the longest; the earliest is a line while it connected */
        { NH_FAMILY_3_10, NEW,             -100, 0, 0,   -40, 120.380 },
        /* sent after its deadline: the line came while it connected */
        { NH_FAMILY_3_10, NEW,             0, 0, 75.76,  60, 65 },
        { NH_FAMILY_5_3,  NEW,             0, 0, 75.76,  60, 65 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_wait_facts facts = { rows[i].wait, T0 + S(rows[i].issued_earliest), T0 + S(rows[i].issued_latest), T0 + S(rows[i].sent) };
        nh_deadlines out;
        nh_timer_predict(&lockd_tcp, rows[i].family, &facts, &out);
        assert_near(out.major_earliest, rows[i].earliest, "earliest", i);
        assert_near(out.major_latest, rows[i].latest, "latest", i);
    }
}

/* Retransmissions are told only where all that is possible agrees. */
static void
test_minors_agree(void)
{
    nh_deadlines out = predict(&lockd_tcp, NH_FAMILY_UNKNOWN, CONNECTED);
    g_assert_cmpuint(out.n_minor, ==, 2);
    assert_near(out.minor[1], 30, "retransmission", 0);
    g_assert_cmpuint(predict(&lockd_tcp, NH_FAMILY_UNKNOWN, NEW).n_minor, ==, 0);
    g_assert_cmpuint(predict(&lockd_tcp, NH_FAMILY_5_3, NH_WAIT_CONNECT).n_minor, ==, 0);
    g_assert_cmpuint(predict(&lockd_tcp, NH_FAMILY_5_3, NH_WAIT_CLOSING).n_minor, ==, 0);

    nh_wait_facts facts = { NEW, T0, T0, NH_TIME_NONE };
    nh_timer_predict(&lockd_tcp, NH_FAMILY_5_3, &facts, &out);
    g_assert_cmpuint(out.n_minor, ==, 0);
    /* retransmissions count from the first copy, whatever the issue */
    facts.sent = T0 + S(2);
    nh_timer_predict(&lockd_tcp, NH_FAMILY_5_3, &facts, &out);
    g_assert_cmpuint(out.n_minor, ==, 2);
    assert_near(out.minor[0], 12, "retransmission", 1);
    /* sent after trouble: any step of the timer is possible */
    facts.sent = T0 + S(15);
    nh_timer_predict(&lockd_tcp, NH_FAMILY_3_10, &facts, &out);
    g_assert_cmpuint(out.n_minor, ==, 0);
}

static void
test_major_range(void)
{
    static const struct { nh_policy policy; nh_family family; nh_wait wait; double shortest, longest; } rows[] = {
        { LOCKD(10, NH_L4_TCP), NH_FAMILY_UNKNOWN, NEW,             60, 96.284 },
        { LOCKD(10, NH_L4_TCP), NH_FAMILY_5_3,     CONNECTED,       60, 62.188 },
        /* the look-up of lockd's port is waited for 60 s at a time, whatever nlm_timeout says */
        { LOCKD(3, NH_L4_TCP),  NH_FAMILY_5_3,     NH_WAIT_CONNECT, 18, 65 },
        { LOCKD(20, NH_L4_TCP), NH_FAMILY_5_3,     NH_WAIT_CONNECT, 120, 130 },
        { MOUNT(600, 2, NH_L4_TCP, true), NH_FAMILY_UNKNOWN, NEW,   180, 318.572 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_time shortest, longest;
        nh_timer_major_range(&rows[i].policy, rows[i].family, rows[i].wait, &shortest, &longest);
        assert_near(T0 + shortest, rows[i].shortest, "shortest", i);
        assert_near(T0 + longest, rows[i].longest, "longest", i);
    }
}

#define NO_REBIND 0
typedef struct {
    const char *name;
    nh_policy policy;
    nh_wait wait;
    double gaps[8]; /* ends with 0 */
    double rebind;  /* after the first transmission */
    nh_family family;
} recognise_row;

static const recognise_row recognise_table[] = {
    { "open connection", LOCKD(10, NH_L4_TCP), CONNECTED, { 10, 20, 30 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "open connection, two cycles", LOCKD(10, NH_L4_TCP), CONNECTED, { 10, 20, 30, 10, 20, 30 }, 60, NH_FAMILY_UNKNOWN },
    { "UDP", LOCKD(10, NH_L4_UDP), CONNECTED, { 10, 20, 40 }, 70, NH_FAMILY_UNKNOWN },
    { "UDP, wait given as new", LOCKD(10, NH_L4_UDP), NEW, { 10, 20, 40 }, 70, NH_FAMILY_UNKNOWN },
    { "5.3+, new", LOCKD(10, NH_L4_TCP), NEW, { 10, 20, 30 }, NO_REBIND, NH_FAMILY_5_3 },
    { "5.3+, new, one gap", LOCKD(10, NH_L4_TCP), NEW, { 10.2 }, NO_REBIND, NH_FAMILY_5_3 },
    { "5.3+, new, late alarms, capped by the deadline", LOCKD(10, NH_L4_TCP), NEW, { 10.26, 22.05, 27.9 }, 60.1, NH_FAMILY_5_3 },
    { "3.10-5.0 or 5.2", LOCKD(10, NH_L4_TCP), NEW, { 20 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "3.10-5.0 or 5.2, two gaps", LOCKD(10, NH_L4_TCP), NEW, { 20.05, 30.2 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "5.2", LOCKD(10, NH_L4_TCP), NEW, { 20, 30, 10 }, NO_REBIND, NH_FAMILY_5_2 },
    { "5.2, late alarms", LOCKD(10, NH_L4_TCP), NEW, { 22, 32, 6.3 }, NO_REBIND, NH_FAMILY_5_2 },
    { "5.2, 2 s to connect", LOCKD(10, NH_L4_TCP), NEW, { 20, 30, 8 }, NO_REBIND, NH_FAMILY_5_2 },
    { "5.2, by the rebind", LOCKD(10, NH_L4_TCP), NEW, { 20, 30 }, 60.2, NH_FAMILY_5_2 },
    { "3.10-5.0", LOCKD(10, NH_L4_TCP), NEW, { 20, 30, 40 }, NO_REBIND, NH_FAMILY_3_10 },
    { "3.10-5.0 as in the stalled server of 4.19", LOCKD(10, NH_L4_TCP), NEW, { 20.05, 30.20, 40.45 }, NO_REBIND, NH_FAMILY_3_10 },
    { "3.10-5.0, late alarms", LOCKD(10, NH_L4_TCP), NEW, { 22, 32, 42 }, NO_REBIND, NH_FAMILY_3_10 },
    { "3.10-5.0, by the rebind", LOCKD(10, NH_L4_TCP), NEW, { 20, 30 }, 90.7, NH_FAMILY_3_10 },
    { "3.10-5.0, by the rebind alone", LOCKD(10, NH_L4_TCP), NEW, { 0 }, 91, NH_FAMILY_3_10 },
    { "rebind at 60 alone: not 3.10-5.0, which of the others is open", LOCKD(10, NH_L4_TCP), NEW, { 0 }, 60.2, NH_FAMILY_UNKNOWN },
    { "rebind too late for a capped wait", LOCKD(10, NH_L4_TCP), CONNECTED, { 10.2, 22, 32 }, 64.2, NH_FAMILY_3_10 },
    { "copy after a slow look-up proves nothing", LOCKD(10, NH_L4_TCP), CONNECTED, { 10, 20, 34.5 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "gaps and rebind contradict each other", LOCKD(10, NH_L4_TCP), NEW, { 20, 30 }, 75, NH_FAMILY_UNKNOWN },
    { "first gap of 5.3+, rebind of 3.10-5.0", LOCKD(10, NH_L4_TCP), NEW, { 10, 20 }, 90.5, NH_FAMILY_UNKNOWN },
    { "T=20 on an open connection, taken for T=10", LOCKD(10, NH_L4_TCP), NEW, { 20, 40, 60 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "T=20, new", LOCKD(20, NH_L4_TCP), NEW, { 20, 40, 60 }, NO_REBIND, NH_FAMILY_5_3 },
    { "T=20, new, old kernel", LOCKD(20, NH_L4_TCP), NEW, { 40, 60, 80 }, NO_REBIND, NH_FAMILY_3_10 },
    { "T=3, new, old kernel", LOCKD(3, NH_L4_TCP), NEW, { 6, 9, 12 }, NO_REBIND, NH_FAMILY_3_10 },
    { "T=3, new, 5.2", LOCKD(3, NH_L4_TCP), NEW, { 6, 9, 3 }, NO_REBIND, NH_FAMILY_5_2 },
    { "open connection, UDP gaps", LOCKD(10, NH_L4_TCP), NEW, { 10, 20, 40 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "too early", LOCKD(10, NH_L4_TCP), NEW, { 7 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "later than the wheel allows", LOCKD(10, NH_L4_TCP), NEW, { 13 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "40 s alarm after trouble", LOCKD(10, NH_L4_TCP), NH_WAIT_CONNECT, { 41.98 }, NO_REBIND, NH_FAMILY_UNKNOWN },
    { "nothing resent", LOCKD(10, NH_L4_TCP), NEW, { 0 }, NO_REBIND, NH_FAMILY_UNKNOWN },
};

static void
test_recognise(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(recognise_table); i++) {
        const recognise_row *row = &recognise_table[i];
        nh_time sent[1 + G_N_ELEMENTS(row->gaps)] = { T0 };
        unsigned n = 1;
        for (; n <= G_N_ELEMENTS(row->gaps) && row->gaps[n - 1] > 0; n++)
            sent[n] = sent[n - 1] + S(row->gaps[n - 1]);
        nh_time rebind = row->rebind > 0 ? T0 + S(row->rebind) : NH_TIME_NONE;
        nh_family family = nh_timer_recognise(&row->policy, row->wait, sent, n, rebind);
        if (family != row->family)
            g_error("%s: recognised as %s", row->name, nh_family_name(family) ? nh_family_name(family) : "unknown");
    }
    g_assert_cmpint(nh_timer_recognise(&lockd_tcp, NEW, NULL, 0, NH_TIME_NONE), ==, NH_FAMILY_UNKNOWN);
}

static void
test_texts(void)
{
    const nh_policy soft = MOUNT(50, 3, NH_L4_UDP, false);
    static const char *const names[] = { NULL, "3.10-5.0", "5.2", "5.3+", NULL };
    char *texts[] = {
        nh_policy_text(&lockd_tcp, NH_FAMILY_5_3),
        nh_policy_text(&lockd_udp, NH_FAMILY_UNKNOWN),
        nh_policy_text(&nfs_tcp, NH_FAMILY_UNKNOWN),
        nh_policy_text(&soft, NH_FAMILY_3_10),
    };

    g_assert_cmpstr(texts[0], ==, "lockd nlm_timeout=10 (Linux 5.3+)");
    g_assert_cmpstr(texts[1], ==, "lockd nlm_timeout=10");
    g_assert_cmpstr(texts[2], ==, "mount timeo=600,retrans=2,proto=tcp,hard");
    g_assert_cmpstr(texts[3], ==, "mount timeo=50,retrans=3,proto=udp,soft");
    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_cmpstr(nh_family_name((nh_family)i), ==, names[i]);
}

static void
test_family_parse(void)
{
    static const struct { const char *text; nh_family family; } rows[] = {
        { "", NH_FAMILY_UNKNOWN }, { "auto", NH_FAMILY_UNKNOWN }, { "auto (from the gaps seen)", NH_FAMILY_UNKNOWN },
        { "3.10-5.0", NH_FAMILY_3_10 }, { "5.2", NH_FAMILY_5_2 }, { "5.3+", NH_FAMILY_5_3 }, { "5.3", NH_FAMILY_5_3 },
        { "3.10.0-1062.el7.x86_64", NH_FAMILY_3_10 }, { "4.19", NH_FAMILY_3_10 }, { "4.20.0", NH_FAMILY_3_10 }, { "5.0.1", NH_FAMILY_3_10 },
        { "5.2.17", NH_FAMILY_5_2 }, { "5.10.0-8", NH_FAMILY_5_3 }, { "6.1.0-13-amd64", NH_FAMILY_5_3 }, { "7.3.4", NH_FAMILY_5_3 },
        { "4.18.0-147.el8.x86_64", NH_FAMILY_3_10 }, { "4.18.0-240.1.1.el8_3", NH_FAMILY_5_3 },
    };
    static const char *const wrong[] = { "foo", "5", "5.x", "-5.2", "5.3+x", "5.10 or so", "2.6.32", "3.9", "5.1.4", "4.18", "4.18.0-193.el8" };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_family family = NH_FAMILY_COUNT;
        char *error = NULL;
        if (!nh_family_parse(rows[i].text, &family, &error))
            g_error("%s: %s", rows[i].text, error);
        g_assert_cmpint(family, ==, rows[i].family);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        nh_family family = NH_FAMILY_5_2;
        char *error = NULL;
        if (nh_family_parse(wrong[i], &family, &error))
            g_error("%s is accepted", wrong[i]);
        g_assert_nonnull(error);
        g_assert_cmpint(family, ==, NH_FAMILY_5_2);
        g_free(error);
    }
}

static void
test_mount_options(void)
{
    static const struct { const char *line; unsigned timeo, retrans; nh_l4 proto; bool hard; } rows[] = {
        /* nothing said: as it was (11, 5, tcp, hard) */
        { "", 11, 5, NH_L4_TCP, true },
        { "rw,vers=3,nolock,timeout=3,softreval,noretrans", 11, 5, NH_L4_TCP, true },
        { "timeo=600,retrans=2,hard", 600, 2, NH_L4_TCP, true },
        { "soft,timeo=50, retrans=0", 50, 0, NH_L4_TCP, false },
        { "softerr,udp", 11, 5, NH_L4_UDP, false },
        { "udp,tcp", 11, 5, NH_L4_TCP, true },
        { "proto=udp6", 11, 5, NH_L4_UDP, true },
        { "udp,proto=tcp6", 11, 5, NH_L4_TCP, true },
        { "proto=udp,proto=rdma", 11, 5, NH_L4_TCP, true },
        { "soft,hard", 11, 5, NH_L4_TCP, true },
        { "timeo=2147483647,retrans=2147483647", G_MAXINT, G_MAXINT, NH_L4_TCP, true },
        { "srv:/export /mnt/a nfs rw,relatime,vers=3,rsize=1048576,namlen=255,soft,proto=udp,timeo=110,retrans=3,sec=sys,"
          "mountaddr=192.0.2.1,mountvers=3,mountport=20048,mountproto=tcp,local_lock=none,addr=192.0.2.1 0 0\n",
          110, 3, NH_L4_UDP, false },
        { "srv:/timeo=x\t/mnt/soft,udp   nfs  timeo=14,retrans=6  0 0", 14, 6, NH_L4_TCP, true },
        { "[2001:db8::1]:/x /mnt,timeo=x nfs4 rw,soft,proto=tcp6,timeo=600,retrans=2 0 0", 600, 2, NH_L4_TCP, false },
        { "srv:/x on /mnt type nfs (rw,soft,timeo=70)", 70, 5, NH_L4_TCP, false },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_policy policy = { NH_POLICY_LOCKD, 10, 11, 5, NH_L4_TCP, true, true, true };
        char *error = NULL;
        if (!nh_mount_options_parse(rows[i].line, &policy, &error))
            g_error("row %u: %s", i, error);
        g_assert_null(error);
        g_assert_cmpuint(policy.timeo, ==, rows[i].timeo);
        g_assert_cmpuint(policy.retrans, ==, rows[i].retrans);
        g_assert_cmpint(policy.proto, ==, rows[i].proto);
        g_assert_cmpint(policy.hard, ==, rows[i].hard);
        g_assert_cmpint(policy.kind, ==, NH_POLICY_LOCKD);
        g_assert_cmpuint(policy.nlm_timeout, ==, 10);
    }
}

/* timeo and retrans that nobody gave follow the protocol: 600/2 over TCP, 11/3 over UDP. */
static void
test_mount_options_defaults(void)
{
    static const struct { const char *line; unsigned timeo, retrans; } rows[] = {
        { "", 600, 2 },
        { "proto=udp", 11, 3 },
        { "udp,timeo=70", 70, 3 },
        { "retrans=5,udp", 11, 5 },
        { "timeo=600,udp,retrans=2", 600, 2 },
        { "udp,proto=tcp", 600, 2 },
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        nh_policy policy = MOUNT(600, 2, NH_L4_TCP, true);
        char *error = NULL;
        g_assert_true(nh_mount_options_parse(rows[i].line, &policy, &error));
        g_assert_cmpuint(policy.timeo, ==, rows[i].timeo);
        g_assert_cmpuint(policy.retrans, ==, rows[i].retrans);
    }
}

static void
test_mount_options_wrong(void)
{
    static const char *const wrong[] = {
        "timeo=abc", "timeo=", "timeo", "timeo=0", "timeo=-1", "timeo=+5", "timeo=6s", "timeo= 6", "timeo=0x10",
        "timeo=2147483648", "timeo=99999999999999999999999", "retrans=-1", "retrans=two", "retrans=", "retrans",
        "retrans=4294967296", "proto=sctp", "proto=", "proto", "proto=TCP",
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
        const nh_policy before = MOUNT(600, 2, NH_L4_TCP, true);
        nh_policy policy = before;
        char *error = NULL;
        char *line = g_strdup_printf("srv:/x /mnt nfs rw,soft,udp,%s,retrans=7 0 0", wrong[i]);
        if (nh_mount_options_parse(line, &policy, &error))
            g_error("%s is accepted", wrong[i]);
        /* names the option with its value (a blank ends an option), and changes nothing */
        char *shown = g_strdup_printf("\"%.*s\"", (int)strcspn(wrong[i], " "), wrong[i]);
        g_assert_nonnull(strstr(error, shown));
        g_assert_true(policy.kind == before.kind && policy.timeo == before.timeo && policy.retrans == before.retrans &&
                      policy.proto == before.proto && policy.hard == before.hard);
        g_free(shown);
        g_free(line);
        g_free(error);
    }
}

static void
test_mount_options_known(void)
{
    g_assert_cmpuint(nh_mount_options_known(""), ==, 0);
    g_assert_cmpuint(nh_mount_options_known("garbage in"), ==, 0);
    g_assert_cmpuint(nh_mount_options_known("srv:/soft /mnt/hard nfs defaults 0 0"), ==, 0);
    g_assert_cmpuint(nh_mount_options_known("rw,soft,timeo=x,vers=3"), ==, 2);
    g_assert_cmpuint(nh_mount_options_known("proto"), ==, 1);
}

static void
test_fin_block(void)
{
    nh_time earliest, latest;
    nh_timer_fin_block(T0, T0, &earliest, &latest);
    assert_near(earliest, 180, "earliest", 0);
    assert_near(latest, 184.3, "latest", 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc_timer/table", test_table);
    g_test_add_func("/rpc_timer/extremes", test_extremes);
    g_test_add_func("/rpc_timer/windows", test_windows);
    g_test_add_func("/rpc_timer/observed", test_observed);
    g_test_add_func("/rpc_timer/issue-window", test_issue_window);
    g_test_add_func("/rpc_timer/minors-agree", test_minors_agree);
    g_test_add_func("/rpc_timer/major-range", test_major_range);
    g_test_add_func("/rpc_timer/recognise", test_recognise);
    g_test_add_func("/rpc_timer/texts", test_texts);
    g_test_add_func("/rpc_timer/mount-options", test_mount_options);
    g_test_add_func("/rpc_timer/mount-options-wrong", test_mount_options_wrong);
    g_test_add_func("/rpc_timer/family-parse", test_family_parse);
    g_test_add_func("/rpc_timer/mount-options-defaults", test_mount_options_defaults);
    g_test_add_func("/rpc_timer/mount-options-known", test_mount_options_known);
    g_test_add_func("/rpc_timer/fin-block", test_fin_block);
    return g_test_run();
}
