/* flow.c
 * Statistics > Flow Graph > NLM Health incidents: the packets that tell an
 * incident as arrows, what the kernel logs on a lane of its own, long gaps as rows.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/flow.h"

#include "wireshark/compat.h"

#if NH_FLOW_GRAPH

#include <epan/sequence_analysis.h>
#include <epan/tap.h>

#include "wireshark/facts.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/steps.h"
#include "wireshark/tap-nlm_health.h"

/* A gap between two rows that is worth a row of its own. */
#define SILENCE (10 * NH_SECOND)

#define LOG_LANE "kernel log"

/* The row before, of the graph that is being made. */
static struct {
    const seq_analysis_info_t *graph;
    uint32_t incident;
    nh_time time;
} before;

static void
set_host(address *to, const nh_addr *host)
{
    address from;

    set_address(&from, host->len == 4 ? AT_IPv4 : AT_IPv6, host->len, host->bytes);
    copy_address(to, &from);
}

static void
set_log_lane(address *to)
{
    address from;

    set_address(&from, AT_STRINGZ, sizeof LOG_LANE, LOG_LANE);
    copy_address(to, &from);
}

/* label and comment are taken over. */
static void
add_item(seq_analysis_info_t *graph, seq_analysis_item_t *item, uint32_t frame, char *label, char *comment)
{
    item->frame_number = frame;
    item->frame_label = label;
    item->comment = comment;
    item->line_style = 1;
    item->display = true;
    g_queue_push_tail(graph->items, item);
}

/* A row for what is no packet: it has a packet's number, that of the next one, but no packet's colour. */
static seq_analysis_item_t *
new_row(char *time)
{
    seq_analysis_item_t *item = g_new0(seq_analysis_item_t, 1);

    item->time_str = time;
    item->has_color_filter = true;
    item->bg_color = 0xffffff;
    return item;
}

static void
add_gap(seq_analysis_info_t *graph, const nh_tap_info *info, uint32_t frame, nh_time now)
{
    seq_analysis_item_t *item = new_row(g_strdup(""));
    char *lasted = nh_duration_text(nh_elapsed(before.time, now));

    set_host(&item->src_addr, &info->client);
    set_host(&item->dst_addr, &info->server);
    add_item(graph, item, frame, g_strdup_printf("... %s later", lasted), g_strdup(""));
    g_free(lasted);
}

static nh_time
time_of_line(const nh_kernel_line *line)
{
    return nh_time_known(line->logged) ? line->logged : nh_time_known(line->observed) ? line->observed : line->earliest;
}

static void
add_line(seq_analysis_info_t *graph, const nh_tap_info *info, uint32_t frame, const nh_kernel_line *line)
{
    seq_analysis_item_t *item = new_row(nh_time_clock(time_of_line(line)));
    const char *how = nh_time_known(line->logged) ? "logged" : nh_time_known(line->observed) ? "as the capture shows" : "predicted";

    set_host(&item->src_addr, line->of_server ? &info->server : &info->client);
    set_log_lane(&item->dst_addr);
    add_item(graph, item, frame, g_strdup(line->event == NH_LOG_OK ? "OK" : "not responding"),
             g_strdup_printf("%s (%s)", line->text ? line->text : "", how));
}

static void
add_lines(seq_analysis_info_t *graph, const nh_tap_info *info, uint32_t frame, const nh_incident *incident, nh_time since, nh_time until)
{
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        const nh_kernel_line *line = incident->kernel_lines->pdata[i];
        nh_time at = time_of_line(line);
        if (nh_time_known(at) && !line->beyond && at > since && at <= until)
            add_line(graph, info, frame, line);
    }
}

/* What happened since the row before, of the same incident. */
static void
add_between(seq_analysis_info_t *graph, const nh_tap_info *info, uint32_t frame, nh_time now, const nh_story *story)
{
    bool goes_on = before.graph == graph && before.incident == info->incident && !g_queue_is_empty(graph->items);

    if (goes_on && nh_elapsed(before.time, now) >= SILENCE)
        add_gap(graph, info, frame, now);
    if (story && info->incident <= story->incidents->len)
        add_lines(graph, info, frame, story->incidents->pdata[info->incident - 1], goes_on ? before.time : NH_TIME_NONE, now);
    before.graph = graph;
    before.incident = info->incident;
    before.time = now;
}

/* Once the whole capture is known, only the packets that the timelines name; before, all of the incidents. */
static tap_packet_status
add_packet(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped, tap_flags_t flags)
{
    seq_analysis_info_t *graph = data;
    const nh_tap_info *info = tapped;
    const nh_story *story = nlm_health_known_story();
    const char *step = story ? nh_step_of(story, info->incident, pinfo->num) : NULL;

    if (info->incident == 0 || (story && !step))
        return TAP_PACKET_DONT_REDRAW;
    add_between(graph, info, pinfo->num, nh_facts_time(pinfo), story);
    seq_analysis_item_t *item = sequence_analysis_create_sai_with_addresses(pinfo, graph);
    if (!item)
        return TAP_PACKET_DONT_REDRAW;
    item->port_src = (uint16_t)pinfo->srcport;
    item->port_dst = (uint16_t)pinfo->destport;
    sequence_analysis_use_color_filter(pinfo, item);
    const char *label = info->words ? info->words : step ? step : info->connection;
    add_item(graph, item, pinfo->num, g_strdup(label ? label : ""),
             g_strdup_printf("Incident %u: %s", info->incident,
                             step               ? step
                             : info->connection ? info->connection
                                                : ""));
    return TAP_PACKET_REDRAW;
}

void
nh_flow_register(int proto)
{
    register_seq_analysis("nlm_health", "NLM Health incidents", proto, NH_TAP_NAME, TL_REQUIRES_NOTHING, add_packet);
}

#else

void
nh_flow_register(int proto)
{
}

#endif
