/* test_report.c
 * Stories built by hand, and the text they must give.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/report.h"
#include "core/story/groups.h"
#include "core/base/text.h"
#include "core/out/report_locks.h"

/* 2025-06-22T22:53:14Z */
#define T0          (G_GINT64_CONSTANT(1750632794) * NH_SECOND)
#define AT(seconds) (T0 + (nh_time)((seconds)*1000 + 0.5) * NH_MSEC)

static nh_addr
ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    return (nh_addr){ 4, { a, b, c, d } };
}

static nh_story *
story_with_traffic(void)
{
    nh_story *story = nh_story_new();
    story->frames = 29;
    story->first = AT(0);
    story->last = AT(184.655);
    story->lock_traffic = true;
    return story;
}

static nh_incident *
stuck_fin(nh_story *story)
{
    nh_incident *incident = nh_story_add_incident(story);

    incident->client = ipv4(10, 0, 0, 1);
    incident->server = ipv4(11, 73, 24, 85);
    incident->service = NH_SERVICE_NLM;
    incident->cause = NH_FIN_UNACKED;
    incident->side = NH_SIDE_SERVER;
    incident->confidence = NH_CONFIDENCE_LIKELY;
    incident->summary = g_strdup("The server never acknowledged the FIN of the idle lock connection, so the port stayed "
                                 "blocked for 184.3 s and the LOCK issued meanwhile had to wait (fin_unacked, from frame 5 on). "
                                 "Side: server (likely).");
    incident->first_frame = 5;
    incident->last_frame = 28;
    incident->start = AT(0.333);
    incident->end = AT(184.654);
    incident->duration = incident->end - incident->start;
    return incident;
}

static void
add_timeline(nh_incident *incident)
{
    nh_incident_add_event(incident, 5, AT(0.333), "fin", NH_FINDING_NONE, g_strdup("client closes the connection"));
    for (unsigned i = 0; i < 9; i++)
        nh_incident_add_event(incident, 6 + 2 * i, AT(0.553 + i * i), "fin_unacked", NH_FIN_UNACKED,
                              g_strdup_printf("FIN resent, %u. time", i + 1));
    nh_incident_add_event(incident, 0, AT(144), "log", NH_FINDING_NONE, g_strdup("lockd: server 11.73.24.85 not responding, still trying"));
    nh_incident_add_event(incident, 28, AT(184.654), "recovered", NH_RECOVERED, g_strdup("first answer after the outage"));
}

static void
add_call_and_line(nh_incident *incident)
{
    nh_story_call *call = nh_incident_add_call(incident);
    uint32_t frame = 27;

    call->xid = 0x1a2b3c4d;
    call->prog = NH_PROG_NLM;
    call->vers = 4;
    call->proc = 2;
    call->procedure = "LOCK";
    g_array_append_val(call->frames, frame);
    call->reply_frame = 28;
    call->status = "NLM_GRANTED";
    call->dead = call->deferred = true;
    call->dead_reason = NH_FIN_UNACKED;
    call->sent = AT(184.653);
    call->issued_earliest = AT(84);
    call->issued_latest = AT(85);
    call->answered_in = NH_MSEC;
    call->policy = g_strdup("lockd nlm_timeout=10 (Linux 5.3+)");
    call->request = (nh_request){ true, g_strdup("cli"), g_strdup("0xcf24cb8e"), 7, 0, 100, true };

    nh_kernel_line *line = nh_incident_add_line(incident);
    line->text = g_strdup("lockd: server 11.73.24.85 not responding, still trying");
    line->earliest = AT(144);
    line->latest = AT(147.5);
    line->logged = AT(144);
    line->call = call;
}

static void
expect(char *got, const char *wanted)
{
    g_assert_cmpstr(got, ==, wanted);
    g_free(got);
}

static void
test_healthy(void)
{
    nh_story *story = story_with_traffic();
    nh_story_pair *pair = nh_story_add_pair(story);

    pair->calls = pair->answered = 3;
    pair->slowest = 40 * NH_MSEC;
    story->verdict = NH_VERDICT_HEALTHY;
    expect(nh_report_text(story), "NLM Health: healthy. 3 lock calls between 1 pair of hosts, all answered, the slowest in 40 ms. Seen:\n"
                                  "  2025-06-22 22:53:14.000 to 22:56:18.655 UTC (3 min 4.7 s).\n");
    pair->unanswered = 1;
    pair->denied = 2;
    story->verdict = NH_VERDICT_NOTHING_SEEN;
    g_ptr_array_add(story->caveats, g_strdup("1 call without an answer"));
    expect(nh_report_text(story),
           "NLM Health: no incident. 3 lock calls between 1 pair of hosts, 1 unanswered, 2 denied, the slowest in 40 ms.\n"
           "  Seen: 2025-06-22 22:53:14.000 to 22:56:18.655 UTC (3 min 4.7 s). It shows 1 call without an answer.\n");
    nh_story_free(story);
}

static void
test_no_lock_traffic(void)
{
    nh_story *story = nh_story_new();

    story->frames = 1;
    expect(nh_report_text(story), "NLM Health: no lock traffic in 1 frame.\n");
    g_ptr_array_add(story->messages, g_strdup("kernel_log: cannot open\n/nowhere\x1b[31m"));
    expect(nh_report_text(story), "NLM Health: no lock traffic in 1 frame.\n\nNote: kernel_log: cannot open /nowhere [31m\n");
    nh_story_free(story);
}

static void
test_incident(void)
{
    nh_story *story = story_with_traffic();
    nh_incident *incident = stuck_fin(story);

    add_timeline(incident);
    add_call_and_line(incident);
    g_ptr_array_add(incident->next_steps, g_strdup("On the server: is the host up?"));
    nh_incident_add_part(incident, AT(0.333), AT(184.652), g_strdup("the old socket blocks the port"));
    incident->other_answers = 3;
    incident->other_first = incident->start + NH_SECOND;
    expect(nh_report_text(story),
           "NLM Health: 1 incident in 29 frames, 2025-06-22 22:53:14.000 to 22:56:18.655 UTC (3 min 4.7 s)\n"
           "\n"
           "Incident 1: client 10.0.0.1, server 11.73.24.85\n"
           "  What    LOCK: exclusive, bytes 0-99 of file 0xcf24cb8e, process (svid) 7 of cli, got it after up to 100.65 s\n"
           "          LOCK v4, XID 0x1a2b3c4d, frame 27; reply in frame 28: NLM_GRANTED after 1.0 ms; held back and sent\n"
           "          when the outage ended; issued between 22:54:38.000 and 22:54:39.000, held for up to 100.65 s;\n"
           "          timers: lockd nlm_timeout=10 (Linux 5.3+)\n"
           "  Why     The server never acknowledged the FIN of the idle lock connection, so the port stayed blocked for\n"
           "          184.3 s and the LOCK issued meanwhile had to wait (from frame 5 on).\n"
           "  Where   Side: server (likely: another cause would look the same from here); meanwhile the server answered 3\n"
           "          NFS calls\n"
           "  When    From 2025-06-22 22:53:14.333 to 22:56:18.654 UTC (3 min 4.3 s), frames 5 to 28\n"
           "          22:53:14.333 to 22:56:18.652 (3 min 4.3 s): the old socket blocks the port\n"
           "  Log     \"lockd: server 11.73.24.85 not responding, still trying\"\n"
           "            predicted between 22:55:38.000 and 22:55:41.500; logged at 22:55:38.000 (as predicted)\n"
           "  Next    On the server: is the host up?\n"
           "  Filter  nlm_health.incident == 1   nlm_health.fin_unacked   nlm_health.dead_call\n"
           "\n"
           "  Frame  Time (UTC)    What\n"
           "      5  22:53:14.333  client closes the connection\n"
           "   6-22  22:53:14.553  FIN resent, 1. time (9 times until 22:54:18.553)\n"
           "      -  22:54:38.000  The application asks (between now and 22:54:39.000) for this\n"
           "      -  22:55:38.000  The client's kernel logs its line\n"
           "     28  22:56:18.654  first answer after the outage\n");
    nh_story_free(story);
}

/* Nothing known: no "between - and -", no empty columns, no zero where the answer is "unknown". */
static void
test_unknowns(void)
{
    nh_story *story = story_with_traffic();
    nh_incident *incident = nh_story_add_incident(story);

    incident->start = AT(1);
    incident->duration = 5 * NH_SECOND;
    nh_story_call *call = nh_incident_add_call(incident);
    uint32_t frame = 7;
    call->prog = NH_PROG_NLM;
    call->vers = 4;
    call->proc = 99;
    g_array_append_val(call->frames, frame);
    nh_incident_add_call(incident);
    expect(nh_report_incident(incident), "Incident 1: client ?, server ?\n"
                                         "  What    No request of an application is in this capture while it lasts\n"
                                         "  Where   Side: unknown\n"
                                         "  When    From 2025-06-22 22:53:15.000 UTC, not over when the capture ends (5.00 s so far)\n"
                                         "  Filter  nlm_health.incident == 1\n"
                                         "\n"
                                         "  Calls\n"
                                         "    program 100021 version 4 procedure 99, XID 0x00000000, frame 7; no reply\n"
                                         "    A lock call, never on the wire\n");
    nh_story_free(story);
}

/* 67,000 frames of SYN, RST, SYN, RST are two lines. */
static void
test_storm(void)
{
    nh_story *story = story_with_traffic();
    nh_incident *incident = stuck_fin(story);

    for (unsigned i = 0; i < 33500; i++) {
        nh_incident_add_event(incident, 2 * i + 1, AT(i * 0.001), "syn", NH_FINDING_NONE, g_strdup("SYN"));
        nh_incident_add_event(incident, 2 * i + 2, AT(i * 0.001), "reset", NH_RESET, g_strdup("RST by the server"));
    }
    GArray *groups = nh_timeline_groups(incident->timeline);
    g_assert_cmpuint(groups->len, ==, 2);
    g_assert_cmpuint(nh_group_last(incident->timeline, &g_array_index(groups, nh_group, 1))->frame, ==, 67000);
    g_array_unref(groups);
    char *text = nh_report_text(story);
    g_assert_nonnull(strstr(text, "  1-66999  22:53:14.000  SYN (33500 times until 22:53:47.499, others between)\n"
                                  "  2-67000  22:53:14.000  RST by the server (33500 times until"));
    g_free(text);
    nh_story_free(story);
}

/* What differs in more than numbers is not one thing, and neither are two lines of the log. */
static void
test_no_false_groups(void)
{
    static const char *const texts[] = { "LOCK 1 sent", "UNLOCK 2 sent", "LOCK 3 sent", "LOCK 4 sent" };
    nh_story *story = story_with_traffic();
    nh_incident *incident = stuck_fin(story);

    for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
        nh_incident_add_event(incident, i + 1, AT(i), "call", NH_FINDING_NONE, g_strdup(texts[i]));
    for (unsigned i = 0; i < 3; i++)
        nh_incident_add_event(incident, 0, AT(10 + i), "log", NH_FINDING_NONE, g_strdup_printf("line %u", i));
    GArray *groups = nh_timeline_groups(incident->timeline);
    g_assert_cmpuint(groups->len, ==, incident->timeline->len);
    g_array_unref(groups);
    nh_story_free(story);
}

static void
test_several_days(void)
{
    nh_story *story = story_with_traffic();
    nh_incident *incident = stuck_fin(story);

    nh_incident_add_event(incident, 5, AT(0), "fin", NH_FINDING_NONE, g_strdup("FIN"));
    nh_incident_add_event(incident, 6, AT(4006), "syn", NH_FINDING_NONE, g_strdup("SYN"));
    char *text = nh_report_incident(incident);
    g_assert_nonnull(strstr(text, "      5  2025-06-22 22:53:14.000  FIN\n"
                                  "      6  2025-06-23 00:00:00.000  SYN\n"));
    g_free(text);
    nh_story_free(story);
}

static void
test_locks(void)
{
    nh_story *story = story_with_traffic();

    expect(nh_report_locks(story), "NLM Health: no lock is held or waited for at the end of the capture.\n");
    nh_story_lock *lock = nh_story_add_lock(story->locks);
    lock->client = ipv4(10, 0, 0, 1);
    lock->server = ipv4(10, 0, 0, 2);
    lock->file = g_strdup("0xcf24cb8e");
    lock->owner = g_strdup("host, svid 6");
    lock->length = 100;
    lock->exclusive = true;
    lock->since = AT(1);
    lock->frame = 9;
    lock = nh_story_add_lock(story->locks);
    *lock = *(nh_story_lock *)story->locks->pdata[0];
    lock->file = g_strdup("0xcf24cb8e");
    lock->owner = NULL;
    lock->length = 0;
    lock->exclusive = false;
    lock->waiting = true;
    expect(nh_report_locks(story),
           "Locks at the end of the capture (UTC)\n"
           "  client 10.0.0.1, server 10.0.0.2\n"
           "    holds exclusive lock on file 0xcf24cb8e, bytes 0-99, since 2025-06-22 22:53:15.000 (frame 9): host, svid 6\n"
           "    waits for shared lock on file 0xcf24cb8e, whole file, since 2025-06-22 22:53:15.000 (frame 9): owner\n"
           "      unknown\n");
    nh_story_free(story);
}

/* "97.35" at the end of a line and "s" on the next would be hard to read. */
static void
test_units_stay_with_numbers(void)
{
    GString *out = g_string_new(NULL);

    nh_text_wrap(out, 97, 2, "reply after 97.35 s, and no more");
    g_assert_cmpstr(out->str, ==, "reply after\n  97.35 s, and no more\n");
    g_string_free(out, true);
}

/* No text may widen a line, end it in spaces or move the cursor. */
static void
test_shape(void)
{
    nh_story *story = story_with_traffic();
    nh_incident *incident = stuck_fin(story);
    GString *many = g_string_new(NULL);

    for (unsigned i = 0; i < 200; i++)
        g_string_append_printf(many, "w%u \xc3\xa4\t\x9b \xff ", i);
    nh_incident_add_event(incident, 7, AT(1), "syn", NH_FINDING_NONE, g_strdup(many->str));
    g_ptr_array_add(incident->next_steps, g_strdup(many->str));
    g_ptr_array_add(story->messages, g_string_free(many, false));
    char *text = nh_report_text(story);
    char **lines = g_strsplit(text, "\n", -1);
    g_assert_true(g_utf8_validate(text, -1, NULL));
    for (unsigned i = 0; lines[i]; i++) {
        g_assert_cmpint(g_utf8_strlen(lines[i], -1), <=, NH_TEXT_WIDTH);
        g_assert_false(g_str_has_suffix(lines[i], " "));
        for (const char *at = lines[i]; *at; at = g_utf8_next_char(at))
            g_assert_false(g_unichar_iscntrl(g_utf8_get_char(at)));
    }
    g_strfreev(lines);
    g_free(text);
    nh_story_free(story);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/healthy", test_healthy);
    g_test_add_func("/report/no_lock_traffic", test_no_lock_traffic);
    g_test_add_func("/report/incident", test_incident);
    g_test_add_func("/report/unknowns", test_unknowns);
    g_test_add_func("/report/storm", test_storm);
    g_test_add_func("/report/no_false_runs", test_no_false_groups);
    g_test_add_func("/report/several_days", test_several_days);
    g_test_add_func("/report/locks", test_locks);
    g_test_add_func("/report/units", test_units_stay_with_numbers);
    g_test_add_func("/report/shape", test_shape);
    return g_test_run();
}
