/* incident_calls.c
 * Calls as incidents tell them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/incident_calls.h"

#include "core/clock/policy.h"
#include "core/clock/client.h"
#include "core/model/call.h"
#include "core/wire/procedures.h"

/* What a call asks for, as far as it was captured. */
static nh_request
request_of(const nh_nlm *nlm)
{
    nh_request request = { .known = (nlm->has_lock || nlm->has_share) && !nlm->has_holder };

    if (!request.known)
        return request;
    request.owner = *nlm->caller ? g_strdup(nlm->caller) : NULL;
    request.file = g_strdup_printf("0x%08x", nlm->file);
    request.svid = nlm->svid;
    request.offset = nlm->offset;
    request.length = nlm->length;
    request.exclusive = nlm->exclusive;
    return request;
}

nh_story_call *
nh_incident_describe_call(nh_incident *incident, const nh_call *call)
{
    nh_story_call *entry = nh_incident_add_call(incident);
    nh_policy policy = nh_policy_of(call->pair, call->l4, call->pair->watch->options.use_mount);

    entry->xid = call->xid;
    entry->prog = call->prog;
    entry->vers = call->vers;
    entry->proc = call->proc;
    entry->procedure = nh_procedure_name(call->prog, call->vers, call->proc);
    for (unsigned i = 0; i < call->n_sendings; i++)
        g_array_append_val(entry->frames, call->sendings[i].at.frame);
    entry->reply_frame = call->reply.frame;
    entry->status = nh_call_outcome(call);
    entry->dead = call->dead != NH_FINDING_NONE;
    entry->dead_reason = call->dead;
    entry->deferred = call->deferred;
    entry->sent = call->sendings[0].at.time;
    entry->issued_earliest = call->issue.earliest;
    entry->issued_latest = call->issue.latest;
    entry->issue = call->issue;
    if (call->reply.frame)
        entry->answered_in = nh_elapsed(entry->sent, call->reply.time);
    entry->policy = nh_client_policy_text(call->pair, call->way, call->l4, &policy, nh_pair_family(call->pair));
    entry->callback = call->way == NH_CALLBACK;
    entry->request = request_of(&call->nlm);
    return entry;
}
