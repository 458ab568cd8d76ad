/* show.c
 * The fields and expert infos of NLM Health, and how a frame shows them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/show.h"

#include "core/points/points.h"

#include <epan/expert.h>
#include <epan/proto.h>
#include <epan/tap.h>

#include "core/base/text.h"
#include "core/clock/client.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/story/faults.h"
#include "core/story/remark_text.h"
#include "core/story/sentence.h"
#include "core/clock/issue.h"
#include "core/clock/kernel_lines.h"
#include "core/wire/procedures.h"
#include "wireshark/steps.h"
#include "wireshark/tap-nlm_health.h"

static int proto_nlm_health = -1;
static int tap_nlm_health = -1;

static int ett_nlm_health = -1;
static int ett_trouble = -1;
static int ett_call = -1;
static int ett_timeout = -1;
static int ett_incident = -1;

static int hf_service = -1;
static int hf_trouble = -1;
static int hf_trouble_first_frame = -1;
static int hf_trouble_since = -1;
static int hf_trouble_duration = -1;
static int hf_call_dead_reason = -1;
static int hf_call_deferred = -1;
static int hf_call_issued_earliest = -1;
static int hf_call_issued_latest = -1;
static int hf_call_held = -1;
static int hf_call_attempt = -1;
static int hf_call_first_frame = -1;
static int hf_call_reply_frame = -1;
static int hf_call_answered_in = -1;
static int hf_timeout_policy = -1;
static int hf_timeout_minor = -1;
static int hf_timeout_major_earliest = -1;
static int hf_timeout_major_latest = -1;
static int hf_timeout_mount_major_earliest = -1;
static int hf_timeout_mount_major_latest = -1;
static int hf_timeout_observed = -1;
static int hf_timeout_message = -1;
static int hf_kernel_log_line = -1;
static int hf_kernel_log_offset = -1;
static int hf_incident = -1;
static int hf_incident_cause = -1;
static int hf_incident_side = -1;
static int hf_incident_confidence = -1;
static int hf_incident_summary = -1;
static int hf_point = -1;
static int hf_twin = -1;
static int hf_point_offset = -1;
static int hf_detail = -1;
static int hf_packet = -1;
static int hf_connection = -1;
static int hf_incident_step = -1;

static expert_field ei_findings[NH_FINDING_COUNT];

/* --- tables made from the core's tables ------------------------------------------------ */

#define NH_VALUE_ROW(id, name) { id, name },
static const value_string service_vals[] = { NH_SERVICES(NH_VALUE_ROW){ 0, NULL } };
static const value_string side_vals[] = { NH_SIDES(NH_VALUE_ROW){ 0, NULL } };
static const value_string confidence_vals[] = { NH_CONFIDENCES(NH_VALUE_ROW){ 0, NULL } };
static const value_string finding_vals[] = {
#define NH_FINDING(id, name, ...) { id, name },
#include "core/base/findings.def"
    { 0, NULL }
};

/* Values of nlm_health.trouble and of dead_reason: the transport causes. */
static const value_string *
trouble_vals(void)
{
    static value_string vals[NH_FINDING_COUNT];
    unsigned n = 0;

    for (int finding = 1; finding < NH_FINDING_COUNT; finding++)
        if (nh_finding_get(finding)->kind == NH_KIND_TRANSPORT)
            vals[n++] = (value_string){ (uint32_t)finding, nh_finding_name(finding) };
    return vals;
}

static hf_register_info fields[] = {
    { &hf_service,
      { "Service", "nlm_health.service", FT_UINT8, BASE_DEC, VALS(service_vals), 0, "What the connection or message belongs to", HFILL } },
    { &hf_trouble, { "Trouble", "nlm_health.trouble", FT_UINT8, BASE_DEC, NULL, 0, "What is wrong with the connection", HFILL } },
    { &hf_trouble_first_frame,
      { "First frame of the trouble", "nlm_health.trouble.first_frame", FT_FRAMENUM, BASE_NONE, NULL, 0, "The frame that began the trouble",
        HFILL } },
    { &hf_trouble_since,
      { "Trouble since", "nlm_health.trouble.since", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0, "When the trouble began", HFILL } },
    { &hf_trouble_duration,
      { "Trouble for", "nlm_health.trouble.duration", FT_RELATIVE_TIME, BASE_NONE, NULL, 0, "Time since the trouble began", HFILL } },
    { &hf_call_dead_reason,
      { "Dead because of", "nlm_health.call.dead_reason", FT_UINT8, BASE_DEC, NULL, 0, "Why the connection could not carry the call",
        HFILL } },
    { &hf_call_deferred,
      { "Deferred", "nlm_health.call.deferred", FT_BOOLEAN, BASE_NONE, NULL, 0, "Held back by an outage and sent when it ended", HFILL } },
    { &hf_call_issued_earliest,
      { "Issued at the earliest", "nlm_health.call.issued_earliest", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "When the client may have issued the call", HFILL } },
    { &hf_call_issued_latest,
      { "Issued at the latest", "nlm_health.call.issued_latest", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "When the client must have issued the call", HFILL } },
    { &hf_call_held,
      { "Held back for", "nlm_health.call.held", FT_RELATIVE_TIME, BASE_NONE, NULL, 0, "From the earliest issue to the first transmission",
        HFILL } },
    { &hf_call_attempt,
      { "Transmission", "nlm_health.call.attempt", FT_UINT32, BASE_DEC, NULL, 0, "Which transmission of the call this is, from 1",
        HFILL } },
    { &hf_call_first_frame,
      { "First transmission", "nlm_health.call.first_frame", FT_FRAMENUM, BASE_NONE, NULL, 0, "The frame that first carried the call",
        HFILL } },
    { &hf_call_reply_frame,
      { "Reply", "nlm_health.call.reply_frame", FT_FRAMENUM, BASE_NONE, NULL, 0, "The frame with the first reply to the call", HFILL } },
    { &hf_call_answered_in,
      { "Answered in", "nlm_health.call.answered_in", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
        "From the first transmission to the first reply, across connections", HFILL } },
    { &hf_timeout_policy, { "Timers", "nlm_health.timeout.policy", FT_STRING, BASE_NONE, NULL, 0, "Which timers were used", HFILL } },
    { &hf_timeout_minor,
      { "Expected retransmission", "nlm_health.timeout.minor", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "When the client sends the call again if no reply comes", HFILL } },
    { &hf_timeout_major_earliest,
      { "Kernel line at the earliest", "nlm_health.timeout.major_earliest", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "Before this moment the kernel does not log its line", HFILL } },
    { &hf_timeout_major_latest,
      { "Kernel line at the latest", "nlm_health.timeout.major_latest", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "By this moment the kernel has logged its line", HFILL } },
    { &hf_timeout_mount_major_earliest,
      { "By timeo/retrans at the earliest", "nlm_health.timeout.mount.major_earliest", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "The window if timeo and retrans ruled", HFILL } },
    { &hf_timeout_mount_major_latest,
      { "By timeo/retrans at the latest", "nlm_health.timeout.mount.major_latest", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "The window if timeo and retrans ruled", HFILL } },
    { &hf_timeout_observed,
      { "Kernel line as the capture shows it", "nlm_health.timeout.observed", FT_ABSOLUTE_TIME, ABSOLUTE_TIME_LOCAL, NULL, 0,
        "When the kernel logged its line, by what it sent at that moment", HFILL } },
    { &hf_timeout_message,
      { "Kernel line", "nlm_health.timeout.message", FT_STRING, BASE_NONE, NULL, 0,
        "The line that the kernel logs: the client's, or the server's for its callbacks", HFILL } },
    { &hf_kernel_log_line,
      { "Logged line", "nlm_health.kernel_log.line", FT_STRING, BASE_NONE, NULL, 0,
        "A line of the kernel log that was matched to this frame", HFILL } },
    { &hf_kernel_log_offset,
      { "Distance from the prediction", "nlm_health.kernel_log.offset", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
        "When the line was logged minus when it was expected", HFILL } },
    { &hf_incident,
      { "Incident", "nlm_health.incident", FT_UINT32, BASE_DEC, NULL, 0, "The incident that the frame belongs to, numbered from 1",
        HFILL } },
    { &hf_incident_cause,
      { "Cause", "nlm_health.incident.cause", FT_UINT8, BASE_DEC, VALS(finding_vals), 0,
        "Why there was no lock service: the name of a finding", HFILL } },
    { &hf_incident_side,
      { "Side", "nlm_health.incident.side", FT_UINT8, BASE_DEC, VALS(side_vals), 0,
        "Which side the cause is on: client, server or the path between them", HFILL } },
    { &hf_incident_confidence,
      { "Confidence", "nlm_health.incident.confidence", FT_UINT8, BASE_DEC, VALS(confidence_vals), 0,
        "Whether the capture shows the cause or makes it likely", HFILL } },
    { &hf_incident_summary,
      { "Summary", "nlm_health.incident.summary", FT_STRING, BASE_NONE, NULL, 0, "The incident in one sentence", HFILL } },
    { &hf_incident_step,
      { "Step", "nlm_health.incident.step", FT_STRING, BASE_NONE, NULL, 0,
        "What the incident's timeline says of the packet; only the packets that it names have this", HFILL } },
    { &hf_point,
      { "Capture point", "nlm_health.point", FT_UINT32, BASE_DEC, NULL, 0, "Which of two capture points saw this frame", HFILL } },
    { &hf_twin,
      { "The same packet at the other point", "nlm_health.twin", FT_FRAMENUM, BASE_NONE, NULL, 0,
        "The frame that the other capture point made of this packet", HFILL } },
    { &hf_point_offset,
      { "Distance of the clocks", "nlm_health.point.offset", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
        "Clock of the second capture point minus that of the first", HFILL } },
    { &hf_packet,
      { "This packet", "nlm_health.packet", FT_STRING, BASE_NONE, NULL, 0, "What the packet is in the story, in a few words", HFILL } },
    { &hf_connection,
      { "This connection", "nlm_health.connection", FT_STRING, BASE_NONE, NULL, 0,
        "Whose connection it is and what is wrong with it, in a few words", HFILL } },
    { &hf_detail,
      { "Detail", "nlm_health.detail", FT_STRING, BASE_NONE, NULL, 0, "What a finding says on this frame: numbers, times, frames",
        HFILL } },
};

static void
register_fields(int proto)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(fields); i++)
        if (fields[i].p_id == &hf_trouble || fields[i].p_id == &hf_call_dead_reason)
            fields[i].hfinfo.strings = VALS(trouble_vals());
    proto_register_field_array(proto, fields, G_N_ELEMENTS(fields));
}

static void
register_findings(int proto)
{
    static ei_register_info ei[] = {
#define NH_FINDING(id, name, group, severity, title, ...) \
    { &ei_findings[id], { "nlm_health." name, PI_##group, PI_##severity, title, EXPFILL } },
#include "core/base/findings.def"
    };

    for (int finding = 0; finding < NH_FINDING_COUNT; finding++)
        ei_findings[finding] = (expert_field)EI_INIT;
    expert_register_field_array(expert_register_protocol(proto), ei, G_N_ELEMENTS(ei));
}

void
nh_show_register(int proto)
{
    static int *ett[] = { &ett_nlm_health, &ett_trouble, &ett_call, &ett_timeout, &ett_incident };

    proto_nlm_health = proto;
    register_fields(proto);
    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
    register_findings(proto);
    tap_nlm_health = register_tap(NH_TAP_NAME);
}

/* --- values ------------------------------------------------------------------------------------ */

/* Where items are added; nothing here may depend on the tree being real. */
typedef struct {
    tvbuff_t *tvb;
    packet_info *pinfo;
    proto_item *root; /* the line that shows while the tree is folded; NULL: none */
} place;

static nstime_t
to_nstime(nh_time at)
{
    nstime_t t = { (time_t)(at / NH_SECOND), (int)(at % NH_SECOND) };
    return t;
}

static void
add_time(place *at, proto_tree *tree, int hf, nh_time when)
{
    nstime_t t = to_nstime(when);
    if (nh_time_known(when))
        proto_item_set_generated(proto_tree_add_time(tree, hf, at->tvb, 0, 0, &t));
}

static void
add_uint(place *at, proto_tree *tree, int hf, uint32_t value)
{
    if (value)
        proto_item_set_generated(proto_tree_add_uint(tree, hf, at->tvb, 0, 0, value));
}

static void
add_string(place *at, proto_tree *tree, int hf, const char *value)
{
    if (!value)
        return;
    char *clean = nh_text_tidy(g_strdup(value)); /* before the story is told, a summary or a line may hold a name as it was sent */
    proto_item_set_generated(proto_tree_add_string(tree, hf, at->tvb, 0, 0, clean));
    g_free(clean);
}

static proto_tree *
add_branch(place *at, proto_tree *tree, int ett, const char *title)
{
    proto_item *item;
    proto_tree *branch = proto_tree_add_subtree(tree, at->tvb, 0, 0, ett, &item, title);

    proto_item_set_generated(item);
    return branch;
}

/* --- parts ----------------------------------------------------------------------------------------- */

static void
show_trouble(place *at, proto_tree *tree, const nh_view *view)
{
    const nh_trouble *trouble = view->trouble;

    if (!trouble)
        return;
    tree = add_branch(at, tree, ett_trouble, "Connection in trouble");
    add_uint(at, tree, hf_trouble, trouble->finding);
    add_uint(at, tree, hf_trouble_first_frame, trouble->since.frame);
    add_time(at, tree, hf_trouble_since, trouble->since.time);
    add_time(at, tree, hf_trouble_duration, nh_elapsed(trouble->since.time, view->frame->time));
}

/* Why and when, on calls that an outage touched. */
static void
show_dead_call(place *at, proto_tree *tree, const nh_call *call)
{
    const nh_issue *issue = nh_issue_of(call);

    if (call->dead)
        add_uint(at, tree, hf_call_dead_reason, call->dead);
    proto_item_set_generated(proto_tree_add_boolean(tree, hf_call_deferred, at->tvb, 0, 0, call->deferred));
    add_time(at, tree, hf_call_issued_earliest, issue->earliest);
    add_time(at, tree, hf_call_issued_latest, issue->latest);
    if (call->deferred)
        add_time(at, tree, hf_call_held, nh_elapsed(issue->earliest, call->sendings[0].at.time));
}

/* In a branch of its own, so that nobody takes for a prediction what is there to be compared. */
static void
show_mount_timers(place *at, proto_tree *tree, const nh_timers *timers)
{
    bool rules = timers->policy.kind == NH_POLICY_MOUNT;

    tree = add_branch(at, tree, ett_timeout,
                      rules ? "By the mount's timeo and retrans" : "If the mount's timeo and retrans ruled, which for locks they do not");
    add_time(at, tree, hf_timeout_mount_major_earliest, timers->mount_deadlines.major_earliest);
    add_time(at, tree, hf_timeout_mount_major_latest, timers->mount_deadlines.major_latest);
}

static void
show_timers(place *at, proto_tree *tree, const nh_timers *timers)
{
    char *policy = nh_client_policy_text(timers->pair, timers->way, timers->policy.proto, &timers->policy, timers->family);
    char *line = timers->no_line ? NULL : nh_line_text(timers->pair, timers->way, timers->event);

    tree = add_branch(at, tree, ett_timeout, timers->way == NH_CALLBACK ? "Timers of the server" : "Timers of the client");
    add_string(at, tree, hf_timeout_policy, policy);
    for (unsigned i = 0; i < timers->deadlines.n_minor; i++)
        add_time(at, tree, hf_timeout_minor, timers->deadlines.minor[i]);
    add_time(at, tree, hf_timeout_major_earliest, timers->deadlines.major_earliest);
    add_time(at, tree, hf_timeout_major_latest, timers->deadlines.major_latest);
    add_time(at, tree, hf_timeout_observed, timers->observed);
    add_string(at, tree, hf_timeout_message, line);
    if (timers->has_mount_deadlines)
        show_mount_timers(at, tree, timers);
    g_free(line);
    g_free(policy);
}

static void
show_call(place *at, proto_tree *tree, const nh_frame *frame, const nh_call *call)
{
    const nh_sending *first = &call->sendings[0];
    const char *procedure = nh_procedure_name(call->prog, call->vers, call->proc);
    nh_timers timers;

    tree = add_branch(at, tree, ett_call,
                      wmem_strdup_printf(at->pinfo->pool, "Call: %s, XID 0x%08x", procedure ? procedure : "NLM", call->xid));
    add_uint(at, tree, hf_call_attempt, nh_view_attempt(frame, call));
    add_uint(at, tree, hf_call_first_frame, first->at.frame);
    add_uint(at, tree, hf_call_reply_frame, call->reply.frame);
    if (call->reply.frame)
        add_time(at, tree, hf_call_answered_in, nh_elapsed(first->at.time, call->reply.time));
    if (call->outage || call->dead)
        show_dead_call(at, tree, call);
    if (nh_view_timers_of_call(call, &timers))
        show_timers(at, tree, &timers);
}

/* A frame may carry several calls and replies: each has its branch. */
static void
show_calls(place *at, proto_tree *tree, const nh_view *view)
{
    nh_timers timers;

    for (nh_frame_calls item = nh_frame_calls_of(view->frame); item.call; nh_frame_calls_next(&item))
        if (item.call->prog == NH_PROG_NLM)
            show_call(at, tree, view->frame, item.call);
    if (nh_view_timers_in_trouble(view, &timers))
        show_timers(at, tree, &timers);
}

/* A line of the kernel log belongs to the frame that dates it, else to its call; an OK to the reply. */
static bool
line_is_of_frame(const nh_kernel_line *line, uint32_t frame)
{
    if (line->observed_frame)
        return line->observed_frame == frame;
    return line->call && line->call->frames->len && g_array_index(line->call->frames, uint32_t, 0) == frame;
}

static void
show_lines_of(place *at, proto_tree *tree, uint32_t frame, const nh_incident *incident)
{
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = g_ptr_array_index(incident->kernel_lines, i);
        if (!line->logged_text || !line_is_of_frame(line, frame))
            continue;
        add_string(at, tree, hf_kernel_log_line, line->logged_text);
        add_time(at, tree, hf_kernel_log_offset, nh_kernel_line_offset(line));
    }
}

/* There may be thousands of incidents: the frame's own is looked at, and all only where a fault of a lock shows. */
static void
show_kernel_log(place *at, proto_tree *tree, const nh_view *view, const nh_story *story)
{
    unsigned id = story && view->outage ? view->outage->id : 0;
    bool all = nh_frame_faults(view->frame) != NULL;

    for (unsigned i = all ? 0 : id ? id - 1 : G_MAXUINT; story && i < story->incidents->len && (all || i < id); i++)
        show_lines_of(at, tree, view->frame->number, g_ptr_array_index(story->incidents, i));
}

/* The story has more to say of this incident than is known by this frame. */
static bool
is_in_story(const nh_story *story, unsigned id)
{
    return story && id <= story->incidents->len;
}

/* Wireshark cuts a line of the tree off behind 240 bytes: a longer sentence goes on in lines of its own. */
#define SENTENCE_COLUMNS 110

static void
add_sentence(place *at, proto_tree *tree, int hf, const char *text)
{
    const char *name = proto_registrar_get_name(hf);
    char *clean = nh_text_clean(text);
    GString *wrapped = g_string_new(NULL);

    nh_text_wrap_at(wrapped, SENTENCE_COLUMNS, (unsigned)strlen(name) + 2, 0, clean);
    char **lines = g_strsplit(wrapped->str, "\n", -1);
    proto_item_set_generated(proto_tree_add_string_format(tree, hf, at->tvb, 0, 0, clean, "%s: %s", name, lines[0]));
    for (unsigned i = 1; lines[i] && *lines[i]; i++)
        add_branch(at, tree, ett_incident, lines[i]);
    g_strfreev(lines);
    g_string_free(wrapped, true);
    g_free(clean);
}

/* An incident's fields; its summary as the story has it, else this one, which is freed. */
static void
show_incident(place *at, proto_tree *tree, unsigned id, const nh_judgement *judgement, const nh_story *story, char *summary)
{
    proto_item *item = proto_tree_add_uint(tree, hf_incident, at->tvb, 0, 0, id);

    proto_item_set_generated(item);
    tree = proto_item_add_subtree(item, ett_incident);
    add_uint(at, tree, hf_incident_cause, judgement->cause);
    add_uint(at, tree, hf_incident_side, judgement->side);
    add_uint(at, tree, hf_incident_confidence, judgement->confidence);
    proto_item_append_text(at->root, ", incident %u: %s (side: %s)", id, nh_finding_get(judgement->cause)->title,
                           val_to_str_const(judgement->side, side_vals, "unknown"));
    if (is_in_story(story, id)) {
        const char *step = nh_step_of(story, id, at->pinfo->num);
        add_sentence(at, tree, hf_incident_summary, ((const nh_incident *)g_ptr_array_index(story->incidents, id - 1))->summary);
        if (step)
            add_sentence(at, tree, hf_incident_step, step);
    } else
        add_sentence(at, tree, hf_incident_summary, summary);
    g_free(summary);
}

/* Where the incidents of a frame go. */
typedef struct {
    place *at;
    proto_tree *tree;
    const nh_story *story;
} incident_place;

static void
show_fault(const nh_fault *fault, void *data)
{
    const incident_place *to = data;
    nh_judgement judgement = { .cause = fault->finding, .side = fault->side, .confidence = fault->confidence };

    show_incident(to->at, to->tree, fault->id, &judgement, to->story, is_in_story(to->story, fault->id) ? NULL : nh_fault_summary(fault));
}

static void
show_incidents(place *at, proto_tree *tree, const nh_view *view, const nh_story *story)
{
    const nh_outage *outage = view->outage;
    incident_place to = { at, tree, story };

    if (outage) {
        nh_judgement judgement = nh_judge(outage);
        show_incident(at, tree, outage->id, &judgement, story,
                      is_in_story(story, outage->id) ? NULL : nh_outage_summary(outage, &judgement, NULL, view->frame->time));
    }
    nh_view_faults(view, show_fault, &to);
}

bool
nh_show_is_wanted(const nh_frame *frame, const proto_tree *tree)
{
    return tree || nh_frame_notes(frame) || have_tap_listener(tap_nlm_health);
}

static void
show_point(place *at, proto_tree *tree, const nh_points *points)
{
    const nh_point_frame *frame = points ? nh_points_frame(points, at->pinfo->num) : NULL;

    if (!frame)
        return;
    add_uint(at, tree, hf_point, frame->point);
    add_uint(at, tree, hf_twin, frame->twin);
    add_time(at, tree, hf_point_offset, nh_points_offset(points));
}

static proto_tree *
add_root(tvbuff_t *tvb, proto_tree *tree, proto_item **root)
{
    *root = proto_tree_add_item(tree, proto_nlm_health, tvb, 0, 0, ENC_NA);
    proto_item_set_generated(*root);
    return proto_item_add_subtree(*root, ett_nlm_health);
}

void
nh_show_point(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nh_points *points)
{
    place at = { tvb, pinfo, NULL };
    proto_item *root;

    if (points && nh_points_frame(points, pinfo->num))
        show_point(&at, add_root(tvb, tree, &root), points);
}

/* Expert infos bear the name of the protocol at work, which in a post-dissector that adds no layer is still "Frame". */
static void
show_findings(place *at, proto_tree *tree, const nh_frame *frame)
{
    const char *before = at->pinfo->current_proto;

    at->pinfo->current_proto = "NLM Health";
    for (const GSList *item = nh_frame_notes(frame); item; item = item->next) {
        const nh_note *note = item->data;
        char *text = nh_remark_text(&note->says);
        proto_item *detail = proto_tree_add_string(tree, hf_detail, at->tvb, 0, 0, text);
        g_free(text);
        proto_item_set_generated(detail);
        expert_add_info(at->pinfo, detail, &ei_findings[note->finding]); /* its text is the finding's title: frames group by it */
    }
    at->pinfo->current_proto = before;
}

void
nh_show_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nh_view *view, const nh_story *story)
{
    place at = { tvb, pinfo, NULL };

    if (!tree && !nh_frame_notes(view->frame))
        return;
    proto_tree *branch = add_root(tvb, tree, &at.root);

    /* fields cost much; columns, filters, -e and the visible tree all refer to them, expert infos are for everybody */
    if (proto_field_is_referenced(tree, proto_nlm_health)) {
        char *words = nh_view_words(view), *connection = nh_view_connection_words(view);
        add_string(&at, branch, hf_packet, words);
        add_string(&at, branch, hf_connection, connection);
        g_free(connection);
        g_free(words);
        add_uint(&at, branch, hf_service, view->service);
        show_incidents(&at, branch, view, story);
        show_trouble(&at, branch, view);
        show_calls(&at, branch, view);
        show_kernel_log(&at, branch, view, story);
        show_point(&at, branch, view->points);
    }
    show_findings(&at, branch, view->frame);
}

/* --- the tap ------------------------------------------------------------------------------------------ */

/* How often RPC itself sent the call again in this frame: no second reply, and no copy that TCP resent. */
static unsigned
times_resent(const nh_call *call, uint32_t frame)
{
    unsigned times = 0;

    for (unsigned i = 1; i < call->n_sendings; i++) {
        const nh_sending *sending = &call->sendings[i];
        times += sending->at.frame == frame && !sending->by_tcp;
    }
    return times;
}

static void
count_calls(const nh_view *view, nh_tap_info *info)
{
    uint32_t frame = view->frame->number;

    for (nh_frame_calls item = nh_frame_calls_of(view->frame); item.call; nh_frame_calls_next(&item)) {
        const nh_call *call = item.call;
        bool receipt = nh_call_rare_of(call)->accepted.frame == frame && call->reply.frame != frame;
        if (call->prog != NH_PROG_NLM || nh_nlm_is_result(call->prog, call->proc) || receipt)
            continue; /* a *_RES is an answer */
        if (call->reply.frame == frame) {
            nh_time latency = nh_elapsed(call->sendings[0].at.time, call->reply.time);
            info->answers++;
            info->denied += call->has_status && call->status != NH_NLM_STAT_GRANTED && call->status != NH_NLM_STAT_BLOCKED;
            if (!nh_time_known(info->answered_in) || latency > info->answered_in)
                info->answered_in = latency;
        } else if (call->sendings[0].at.frame == frame) {
            info->calls++;
        } else {
            info->resent += times_resent(call, frame);
        }
    }
}

/* text is taken over */
static const char *
in_packet_scope(packet_info *pinfo, char *text)
{
    const char *copy = text ? wmem_strdup(pinfo->pool, text) : NULL;

    g_free(text);
    return copy;
}

void
nh_show_tap(packet_info *pinfo, const nh_view *view)
{
    nh_tap_info *info;

    if (!have_tap_listener(tap_nlm_health) || !view->frame->pair)
        return;
    info = wmem_new0(pinfo->pool, nh_tap_info);
    info->service = view->service;
    info->client = view->frame->pair->client;
    info->server = view->frame->pair->server;
    info->answered_in = NH_TIME_NONE;
    info->incident = nh_view_incident(view);
    for (const GSList *item = nh_frame_notes(view->frame); item; item = item->next)
        info->findings |= G_GUINT64_CONSTANT(1) << ((const nh_note *)item->data)->finding;
    info->words = in_packet_scope(pinfo, nh_view_words(view));
    info->connection = in_packet_scope(pinfo, nh_view_connection_words(view));
    count_calls(view, info);
    tap_queue_packet(tap_nlm_health, pinfo, info);
}
