/* verdict.c
 * Verdicts on connections: from what TCP did to a finding, a trouble and a symptom.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/verdict.h"

#include "core/model/frames.h"
#include "core/judge/outage.h"
#include "core/net/ports.h"
#include "core/model/trouble.h"

typedef struct {
    nh_conn *conn;
    nh_finding finding;
    nh_silent silent;
    nh_moment at, since;
    char *text;
} withheld;

static void
withheld_clear(void *data)
{
    withheld *verdict = data;
    g_free(verdict->text);
}

nh_service
nh_conn_service(const nh_conn *conn)
{
    uint32_t prog;

    if (conn->service != NH_SERVICE_PROBABLE)
        return conn->service;
    prog = nh_port_program(conn->pair->watch, &conn->server.addr, NH_L4_TCP, conn->server.port);
    return prog == 0 ? NH_SERVICE_PROBABLE : nh_service_of_program(prog);
}

/* Trouble on the server's way back to the client while a lock is blocked: the grant cannot be delivered. */
static void
judge_callback(nh_conn *conn, nh_finding finding, nh_moment at, nh_moment since)
{
    nh_moment blocked = conn->pair->blocked;
    nh_symptom symptom = {
        .finding = NH_GRANT_LOST, .service = nh_conn_service(conn), .way = conn->way, .at = at, .since = since, .conn = conn
    };

    if (conn->way != NH_CALLBACK || !blocked.frame)
        return;
    nh_frame_note(conn->pair->watch, at.frame, NH_GRANT_LOST,
                  g_strdup_printf("The callback for the lock blocked in frame %u cannot reach the client: %s", blocked.frame,
                                  nh_finding_name(finding)));
    nh_outage_symptom(conn->pair, &symptom);
}

static void
give(nh_conn *conn, nh_finding finding, nh_silent silent, nh_moment at, nh_moment since, char *text)
{
    bool client_initiates = conn->way == NH_FORWARD;
    nh_symptom symptom = { .finding = finding,
                           .service = nh_conn_service(conn),
                           .way = conn->way,
                           .at = at,
                           .since = since,
                           .conn = conn,
                           .deaf_client = silent == (client_initiates ? NH_SILENT_CLIENT : NH_SILENT_SERVER) &&
                                          (finding == NH_PEER_SILENT || finding == NH_ZERO_WINDOW) };

    nh_frame_note(conn->pair->watch, at.frame, finding, text);
    nh_trouble_raise(conn, finding, at, since);
    if (conn->way == NH_CALLBACK && conn->pair->polled.frame && !conn->pair->blocked.frame)
        return; /* nobody waits for this callback any more */
    nh_outage_symptom(conn->pair, &symptom);
    judge_callback(conn, finding, at, since);
}

static void
hold(nh_conn *conn, nh_finding finding, nh_silent silent, nh_moment at, nh_moment since, char *text)
{
    withheld verdict = { conn, finding, silent, at, since, text };
    nh_pair *pair = conn->pair;

    if (!pair->withheld) {
        pair->withheld = g_array_new(false, false, sizeof(withheld));
        g_array_set_clear_func(pair->withheld, withheld_clear);
    }
    g_array_append_val(pair->withheld, verdict);
    if (!conn->one_sided_told) {
        conn->one_sided_told = true;
        nh_frame_note(pair->watch, at.frame, NH_ONE_SIDED,
                      g_strdup("Only one direction of this connection was captured: no verdict is given"));
    }
}

/* Whether the capture shows that it sees what this side sends. */
static bool
would_be_seen(const nh_pair *pair, const nh_conn *conn, nh_silent silent)
{
    bool client_is_initiator = nh_addr_equal(&conn->client.addr, &pair->client);

    if (silent == NH_SILENT_NOBODY)
        return true;
    if ((silent == NH_SILENT_CLIENT) == client_is_initiator)
        return pair->seen_client;
    return pair->seen_server;
}

void
nh_verdict(nh_conn *conn, nh_finding finding, nh_silent silent, nh_moment at, nh_moment since, char *text)
{
    nh_pair *pair = conn->pair;
    /* a resent SYN itself proves that no answer got through, unless the other direction is known to be missing */
    bool proves_itself = finding == NH_SYN_UNANSWERED && !pair->half_captured;

    if (conn->foreign) {
        g_free(text);
        return;
    }
    if (proves_itself || would_be_seen(pair, conn, silent))
        give(conn, finding, silent, at, since, text);
    else
        hold(conn, finding, silent, at, since, text);
}

void
nh_remark(nh_conn *conn, nh_finding finding, nh_moment at, char *text)
{
    nh_frame_note(conn->pair->watch, at.frame, finding, text);
}

nh_conn *
nh_verdict_withheld(const nh_pair *pair, nh_finding finding, nh_way way)
{
    for (unsigned i = 0; pair->withheld && i < pair->withheld->len; i++) {
        const withheld *verdict = &g_array_index(pair->withheld, withheld, i);
        if (verdict->finding == finding && verdict->conn->way == way && verdict->conn->service != NH_SERVICE_PORTMAP)
            return verdict->conn;
    }
    return NULL;
}

void
nh_verdict_give_withheld(nh_pair *pair)
{
    GArray *waiting = pair->withheld;

    if (!pair->seen_client || !pair->seen_server)
        return;
    pair->withheld = NULL;
    for (unsigned i = 0; i < waiting->len; i++) {
        withheld *verdict = &g_array_index(waiting, withheld, i);
        nh_frame_unnote(pair->watch, verdict->at.frame, NH_ONE_SIDED);
        if (!verdict->conn->foreign) {
            give(verdict->conn, verdict->finding, verdict->silent, verdict->at, verdict->since, verdict->text);
            verdict->text = NULL;
        }
    }
    g_array_unref(waiting);
}

/* --- storms -------------------------------------------------------------------- */

static void
begin_storm(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;

    pair->storm.active = true;
    pair->storm.start = pair->storm.last = at;
    pair->storm.count = 3;
    give(conn, NH_RESET_STORM, NH_SILENT_NOBODY, at, at, g_strdup("Third reset within a second: further resets are only counted"));
}

static void
count_storm(nh_pair *pair, nh_moment at)
{
    char *lasts = nh_duration_text(nh_elapsed(pair->storm.start.time, at.time));

    pair->storm.count++;
    pair->storm.last = at;
    nh_frame_note(pair->watch, pair->storm.start.frame, NH_RESET_STORM,
                  g_strdup_printf("Reset storm: %u resets in %s, until frame %u", pair->storm.count, lasts, at.frame));
    g_free(lasts);
    nh_outage_fold(pair, at);
}

bool
nh_verdict_storm(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;

    if (pair->storm.active && at.time - pair->storm.last.time <= NH_SECOND) {
        nh_trouble_raise(conn, NH_RESET_STORM, at, pair->storm.start);
        count_storm(pair, at);
        return true;
    }
    pair->storm.active = false;
    pair->resets[pair->n_resets++ % 3] = at.time;
    if (pair->n_resets >= 3 && at.time - pair->resets[pair->n_resets % 3] <= NH_SECOND) {
        begin_storm(conn, at);
        return true;
    }
    return false;
}

/* --- foreign connections ----------------------------------------------------------- */

void
nh_verdict_disown(nh_conn *conn)
{
    conn->foreign = true;
    nh_verdict_forget(conn);
}

void
nh_verdict_forget(nh_conn *conn)
{
    nh_outage *outage = conn->pair->open;

    g_ptr_array_remove_fast(conn->pair->troubled, conn);
    if (conn->troubles)
        g_array_set_size(conn->troubles, 0);
    if (!outage)
        return;
    for (unsigned i = outage->symptoms->len; i-- > 0;)
        if (g_array_index(outage->symptoms, nh_symptom, i).conn == conn)
            nh_outage_retract(outage, i);
}
