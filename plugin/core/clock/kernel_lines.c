/* kernel_lines.c
 * Kernel lines of an outage: predicted, and observed in the capture.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/kernel_lines.h"

#include "core/base/limits.h"
#include "core/clock/grant_answers.h"
#include "core/model/call.h"
#include "core/model/losses.h"
#include "core/clock/client.h"
#include "core/clock/deadlines.h"
#include "core/wire/procedures.h"

#define LOCKD "lockd"

/* --- predictions -------------------------------------------------------------- */

nh_log_event
nh_line_event(const nh_pair *pair, nh_way way, const nh_call *call)
{
    const nh_options *options = &pair->watch->options;
    bool answer = call && (call->proc == NH_NLM_GRANTED_MSG || call->proc == NH_NLM_GRANTED_RES);
    bool soft = way == NH_CALLBACK || answer || (options->use_mount && !options->mount.hard);

    return soft ? NH_LOG_TIMED_OUT : NH_LOG_STILL_TRYING;
}

/* What follows the server's name (call_timeout and call_decode, net/sunrpc/clnt.c). */
static const char *
words_of_event(nh_log_event event)
{
    switch (event) {
    case NH_LOG_STILL_TRYING:
        return "not responding, still trying";
    case NH_LOG_TIMED_OUT:
        return "not responding, timed out";
    default:
        return "OK";
    }
}

static char *
text_of_line(const char *program, const nh_pair *pair, nh_way way, nh_log_event event)
{
    const nh_addr *peer = way == NH_CALLBACK ? &pair->client : &pair->server;
    char address[NH_ADDR_TEXT];

    return g_strdup_printf("%s: server %s %s", program, pair->side[way].log_name ? pair->side[way].log_name : nh_addr_text(peer, address),
                           words_of_event(event));
}

char *
nh_line_text(const nh_pair *pair, nh_way way, nh_log_event event)
{
    return text_of_line(LOCKD, pair, way, event);
}

nh_remark
nh_line_remark(const nh_pair *pair, nh_log_event event, const nh_deadlines *deadlines, nh_moment seen)
{
    return (nh_remark){ NH_REMARK_LINE,
                        { NH_POINTER(pair), NH_NUMBER(NH_FORWARD), NH_NUMBER(event), NH_NUMBER(seen.frame != 0),
                          NH_NUMBER(seen.frame ? seen.time : deadlines->major_earliest), NH_NUMBER(deadlines->major_latest) } };
}

char *
nh_line_text_again(const nh_kernel_line *line, const nh_pair *pair)
{
    return text_of_line(line->program, pair, line->of_server ? NH_CALLBACK : NH_FORWARD, line->event);
}

/* What a line is about: whose calls, which host they go to, what became of them. */
typedef struct {
    const char *program;
    const nh_pair *pair;
    nh_way way;
    nh_log_event event;
} subject;

static nh_kernel_line *
add_line(nh_incident *incident, subject what, nh_time earliest, nh_time latest, nh_moment seen, const nh_story_call *call)
{
    nh_kernel_line *line = nh_incident_add_line(incident);

    line->program = what.program;
    line->event = what.event;
    line->of_server = what.way == NH_CALLBACK;
    line->text = text_of_line(what.program, what.pair, what.way, what.event);
    line->earliest = earliest;
    line->latest = MAX(earliest, latest);
    line->call = call;
    line->beyond = !seen.frame && earliest > what.pair->watch->last;
    if (seen.frame) {
        line->observed = seen.time;
        line->observed_frame = seen.frame;
        line->earliest = seen.time - NH_OBSERVED_SLACK;
        line->latest = seen.time + NH_OBSERVED_SLACK;
    }
    return line;
}

/* The line of a major timeout that the answer, if there is one, outlived. */
static void
add_outlived(nh_incident *incident, subject what, const nh_deadlines *deadlines, nh_moment seen, nh_moment answered,
             const nh_story_call *call)
{
    nh_time latest = answered.frame ? MIN(deadlines->major_latest, answered.time) : deadlines->major_latest;
    nh_kernel_line *line = add_line(incident, what, deadlines->major_earliest, latest, seen, call);

    line->answered = answered.frame ? answered.time : NH_TIME_NONE;
}

/*
 * Printed only if the other line was; certain when that is sure. since: where the answer itself was not captured, it came no
 * earlier. Nothing is said where the answer may not have been the first.
 */
static void
add_ok(nh_incident *incident, subject what, nh_time since, nh_moment answered, bool certain, const nh_story_call *call)
{
    if (nh_loss_is_heavy(what.pair))
        return;
    what.event = NH_LOG_OK;
    add_line(incident, what, since - NH_OBSERVED_SLACK, answered.time + NH_OBSERVED_SLACK,
             certain && since == answered.time ? answered : (nh_moment){ 0, NH_TIME_NONE }, call);
}

/* The client gives up the answer to a callback: a line about the server in its own log. */
static void
add_given_up(nh_incident *incident, const nh_call *grant, const nh_story_call *story_call)
{
    nh_deadlines deadlines;

    if (nh_grant_answer_given_up(grant, &deadlines) && deadlines.major_earliest != NH_NEVER)
        add_outlived(incident, (subject){ LOCKD, grant->pair, NH_FORWARD, NH_LOG_TIMED_OUT }, &deadlines, (nh_moment){ 0, NH_TIME_NONE },
                     grant->reply, story_call);
}

/*
 * Linux sends a call again as long as nobody answers it, and nothing kept its copies from the wire: where the capture
 * goes on and has none, it was answered, and the answer was not captured.
 */
static bool
was_not_sent_again(const nh_call *call)
{
    const nh_sending *first = nh_call_first(call);
    const GArray *troubles = first->conn ? first->conn->troubles : NULL;
    nh_time troubled = troubles && troubles->len ? g_array_index(troubles, nh_trouble, 0).since.time : NH_NEVER;
    bool carried = call->l4 == NH_L4_UDP || (call->tcp_acked && troubled > first->at.time + NH_RESENT_BEFORE_TIME);

    return call->way == NH_FORWARD && carried && call->n_sendings == 1 && call->waits && !call->line_seen.frame &&
           !nh_call_rare_of(call)->icmp.at.frame && call->pair->watch->last - first->at.time > NH_RESENT_BEFORE_TIME;
}

/* The call was sent long before, and nobody knows when: whether its line came before its answer cannot be told. */
static bool
is_undatable(const nh_call *call, nh_moment answered, const nh_deadlines *deadlines)
{
    return call->issue.cycles_before && !call->line_seen.frame && answered.frame && answered.time <= deadlines->major_latest;
}

bool
nh_line_may_come(const nh_call *call)
{
    nh_deadlines deadlines;

    if (call->prog == NH_PROG_NLM && call->proc == 0) /* a ping: no kernel of Linux sends it */
        return false;
    if (was_not_sent_again(call) || call->no_line)
        return false;
    if (!nh_call_is_one_way(call) || call->line_seen.frame)
        return true;
    nh_call_deadlines(call, call->pair->watch->options.use_mount, &deadlines);
    return nh_call_done(call).time >= deadlines.major_earliest;
}

void
nh_lines_of_call(nh_incident *incident, nh_call *call, const nh_story_call *story_call)
{
    nh_deadlines deadlines;

    /* an answer may reach its caller later than it passed the capture */
    bool ends = call->outage && call->outage->ended_by == call && !nh_call_is_one_way(call);
    nh_moment answered = ends ? call->outage->end : nh_call_done(call);

    add_given_up(incident, call, story_call);
    if (call->proc == NH_NLM_GRANTED_RES || !nh_line_may_come(call))
        return; /* the line of the former stands with the callback */
    nh_call_deadlines(call, call->pair->watch->options.use_mount, &deadlines);
    if (deadlines.major_earliest == NH_NEVER || (answered.frame && answered.time < deadlines.major_earliest && !call->line_seen.frame))
        return;
    if (is_undatable(call, answered, &deadlines))
        return;
    bool certain = call->line_seen.frame || (answered.frame && answered.time > deadlines.major_latest);
    subject what = { LOCKD, call->pair, call->way, nh_line_event(call->pair, call->way, call) };
    add_outlived(incident, what, &deadlines, call->line_seen, answered, story_call);
    nh_time since = call->reply.frame ? answered.time : MIN(nh_call_last(call)->at.time, answered.time);
    if (answered.frame && what.event == NH_LOG_STILL_TRYING && !nh_call_first(call)->behind_hole)
        add_ok(incident, what, since, answered, certain, story_call);
}

void
nh_lines_of_attempt(nh_incident *incident, const nh_pair *pair, nh_way way, const nh_attempt *attempt, const nh_story_call *story_call)
{
    nh_deadlines deadlines;

    if (attempt->answers)
        return; /* its line stands with the callback */
    nh_attempt_deadlines(pair, way, attempt, &deadlines);
    if (deadlines.major_earliest == NH_NEVER)
        return;
    if (attempt->outage && !attempt->line_seen.frame && attempt->outage->last.time + NH_SYN_GAP_BEFORE < deadlines.major_earliest)
        return; /* given up before */
    add_line(incident, (subject){ LOCKD, pair, way, nh_line_event(pair, way, NULL) }, deadlines.major_earliest, deadlines.major_latest,
             attempt->line_seen, story_call);
}

void
nh_lines_of_nfs(nh_incident *incident, const nh_pair *pair, nh_l4 l4, nh_moment sent, nh_moment answered)
{
    nh_policy policy = pair->watch->options.mount;
    nh_wait_facts facts = { NH_WAIT_REPLY, sent.time, sent.time, sent.time };
    subject what = { "nfs", pair, NH_FORWARD, policy.hard ? NH_LOG_STILL_TRYING : NH_LOG_TIMED_OUT };
    nh_deadlines deadlines;

    if (nh_client_is_other(pair))
        return;
    nh_policy_over(&policy, l4);
    nh_timer_predict(&policy, nh_pair_family(pair), &facts, &deadlines);
    if ((answered.frame ? answered.time : pair->watch->last) < deadlines.major_earliest)
        return;
    add_outlived(incident, what, &deadlines, (nh_moment){ 0, NH_TIME_NONE }, answered, NULL);
    if (answered.frame && policy.hard)
        add_ok(incident, what, answered.time, answered, answered.time > deadlines.major_latest, NULL);
}
