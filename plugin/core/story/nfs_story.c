/* nfs_story.c
 * NFS between the hosts of an incident, in its timeline.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/nfs_story.h"

#include "core/base/text.h"
#include "core/clock/client.h"
#include "core/clock/kernel_lines.h"
#include "core/rpc/nfs_calls.h"
#include "core/wire/procedures.h"

static void
add_answers(nh_incident *incident, const nh_outage *outage)
{
    if (outage->nfs_answers == 0)
        return;
    nh_incident_add_event(incident, outage->nfs_first.frame, outage->nfs_first.time, "nfs", NH_FINDING_NONE,
                          g_strdup_printf("NFS of this server goes on meanwhile: %u answer%s, the last in frame %u", outage->nfs_answers,
                                          nh_plural(outage->nfs_answers), outage->nfs_last.frame));
}

static void
add_slow(nh_incident *incident, const nh_outage *outage, const nh_nfs_slow *slow)
{
    const nh_nfs_call *call = &slow->first;
    const char *name = nh_procedure_name(NH_PROG_NFS, call->vers, call->proc);
    nh_time done = call->reply.frame ? call->reply.time : outage->pair->watch->last;
    char *waited = nh_duration_text(nh_elapsed(call->sent.time, done));
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "NFS %s call waits, too: ", name ? name : "v4");
    if (call->reply.frame)
        g_string_append_printf(text, "answered in frame %u after %s", call->reply.frame, waited);
    else
        g_string_append_printf(text, "no answer for %s", waited);
    if (slow->count > 1)
        g_string_append_printf(text, "; %u NFS calls wait longer than 5 s", slow->count);
    nh_policy policy = nh_policy_of(outage->pair, call->l4, true);
    policy.proto = call->l4;
    char *timers = nh_policy_text(&policy, nh_pair_family(outage->pair));
    if (!nh_client_is_other(outage->pair))
        g_string_append_printf(text, "; timers: %s", timers);
    nh_incident_add_event(incident, call->sent.frame, call->sent.time, "nfs", NH_FINDING_NONE, g_string_free(text, false));
    g_free(timers);
    g_free(waited);
}

void
nh_nfs_story(nh_incident *incident, const nh_outage *outage)
{
    nh_nfs_slow slow = nh_nfs_slow_of(outage);

    add_answers(incident, outage);
    if (slow.count == 0)
        return;
    add_slow(incident, outage, &slow);
    nh_lines_of_nfs(incident, outage->pair, slow.first.l4, slow.first.sent, slow.first.reply);
}
