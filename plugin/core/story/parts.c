/* parts.c
 * The parts of a wait: what kept the client from its answer, one after the other.
 *
 * Each symptom says what was wrong, since when and until when it was seen. Symptoms
 * of one kind make a stretch, and a stretch lasts until the next one begins. Where
 * nothing came from the server, its first packet after the last attempt that met
 * silence ends the server's part: what follows until the client tries again is the
 * client's own back-off.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/parts.h"

#include "core/base/limits.h"
#include "core/base/search.h"
#include "core/model/call.h"
#include "core/model/frames.h"

/*
 * What is said of each. `alive`: where the server answered something meanwhile; NULL: the same. `back`: of the time after the
 * server's first sign of life, until the client acts on it; NULL: such a sign ends nothing.
 */
static const struct {
    const char *what, *alive, *back;
} kinds[NH_PART_COUNT] = {
    [NH_PART_OTHER] = { "no lock service" },
    [NH_PART_AWAY] = { "server out of reach: nothing answers the client", "no answer from this port, though the server answers elsewhere",
                       "client's own back-off: it waits for its next attempt" },
    [NH_PART_UNACCEPTED] = { "connection not accepted: the server's SYN-ACK comes again" },
    [NH_PART_CLOSING] = { "FIN unanswered: the old socket blocks the client's port", NULL,
                          "client's own socket still blocks its port, and it sends nothing" },
    [NH_PART_HANDSHAKE] = { "handshake not completed: the SYN-ACK is not acknowledged" },
    [NH_PART_ANSWER_LOST] = { "the client does not acknowledge what the server sends" },
    [NH_PART_REFUSED] = { "connections refused: nobody listens" },
    [NH_PART_LOOKUP_REFUSED] = { "look-ups refused: lockd is not registered" },
    [NH_PART_LOOKUP_SILENT] = { "port mapper silent: it has the look-up and does not answer" },
    [NH_PART_RESET] = { "connections reset or closed" },
    [NH_PART_OLD_CONNECTION] = { "the server still holds the old connection" },
    [NH_PART_WINDOW] = { "receive window closed" },
    [NH_PART_SILENT] = { "lockd silent: it has the call and does not answer" },
    [NH_PART_GRACE] = { "grace period: only reclaims are answered" },
    [NH_PART_REJECTED] = { "calls refused by RPC" },
    [NH_PART_NOLOCKS] = { "refused: NLM_DENIED_NOLOCKS" },
    [NH_PART_DENIED] = { "refused with an error" },
    [NH_PART_CALLBACK] = { "the callback does not reach the client" },
};

/* Evidence of one kind without anything else in between: since when, and the latest that was seen of it. */
typedef struct {
    nh_part_kind kind;
    nh_time from; /* when what is told of it begins */
    nh_time since, seen;
    nh_time
        before; /* the sign of it before the latest: what was sent then met silence, while the latest attempt may be the one that works */
} stretch;

/* What the pair's frames tell beside the symptoms: by time. */
typedef struct {
    GArray *alive; /* nh_time: the server sent something that the client got */
    GArray *tries; /* nh_time: what the client wanted went out, on a connection that opened or in a datagram */
} signs;

static nh_part_kind
kind_of(const nh_symptom *symptom)
{
    bool portmap = symptom->service == NH_SERVICE_PORTMAP;
    nh_part_kind kind = nh_finding_get(symptom->finding)->part;

    if (symptom->way == NH_CALLBACK)
        return NH_PART_CALLBACK;
    if (kind == NH_PART_AWAY && symptom->client_acks_nothing)
        return NH_PART_ANSWER_LOST;
    if (kind == NH_PART_AWAY && symptom->conn && symptom->conn->unaccepted.frame)
        return NH_PART_UNACCEPTED;
    return kind == NH_PART_SILENT && portmap ? NH_PART_LOOKUP_SILENT : kind;
}

/* --- what the frames tell ----------------------------------------------------------- */

static void
note_call(signs *found, const nh_outage *outage, const nh_call *call, nh_moment at)
{
    if (call->way == NH_FORWARD && call->reply.frame == at.frame)
        g_array_append_val(found->alive, at.time);
    else if (call->outage == outage)
        g_array_append_val(found->tries, at.time);
}

static void
note_conn(signs *found, const nh_conn *conn, nh_moment at)
{
    if (conn->foreign || conn->way != NH_FORWARD)
        return;
    if (conn->synack.frame == at.frame && conn->service == NH_SERVICE_PORTMAP)
        g_array_append_val(found->alive, at.time);
    if (conn->established.frame == at.frame && conn->service != NH_SERVICE_PORTMAP)
        g_array_append_val(found->tries, at.time);
}

static signs
signs_of(const nh_incident *incident, const nh_outage *outage)
{
    const GPtrArray *frames = outage->pair->indexed.frames;
    signs found = { g_array_new(false, false, sizeof(nh_time)), g_array_new(false, false, sizeof(nh_time)) };
    unsigned end = frames ? nh_frames_before(frames, incident->last_frame + 1) : 0;

    for (unsigned i = frames ? nh_frames_before(frames, incident->first_frame) : 0; i < end; i++) {
        const nh_frame *frame = g_ptr_array_index(frames, i);
        if (frame->conn)
            note_conn(&found, frame->conn, nh_frame_at(frame));
        for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item))
            note_call(&found, outage, item.call, nh_frame_at(frame));
    }
    if (outage->nfs_answers) {
        g_array_append_val(found.alive, outage->nfs_first.time);
        g_array_append_val(found.alive, outage->nfs_last.time);
    }
    g_array_sort(found.alive, nh_time_compare);
    g_array_sort(found.tries, nh_time_compare);
    return found;
}

/* The first of these after one time and before another; NH_TIME_NONE when there is none. */
static nh_time
first_between(const GArray *times, nh_time after, nh_time before)
{
    unsigned place;

    NH_SEARCH(place, times->len, g_array_index(times, nh_time, place) <= after);
    return place < times->len && g_array_index(times, nh_time, place) < before ? g_array_index(times, nh_time, place) : NH_TIME_NONE;
}

/* --- stretches --------------------------------------------------------------------------- */

static int
by_from(const void *a, const void *b)
{
    const stretch *x = a, *y = b;

    return x->from < y->from ? -1 : x->from > y->from;
}

static void
lengthen(stretch *before, nh_time since, nh_time seen)
{
    before->before = MAX(since, MIN(before->seen, seen));
    before->seen = MAX(before->seen, seen);
}

/* The latest stretch of this kind, if what began then still lasted at the latest sign of it. */
static stretch *
continued(GArray *stretches, nh_part_kind kind, nh_time since)
{
    for (unsigned i = stretches->len; i-- > 0;) {
        stretch *before = &g_array_index(stretches, stretch, i);
        if (before->kind == kind)
            return since <= before->seen ? before : NULL;
    }
    return NULL;
}

/* From the first to the last that the others show within this one; false: there are none. */
static bool
others_within(const GArray *stretches, const stretch *all, nh_time *from, nh_time *seen)
{
    *from = G_MAXINT64;
    *seen = G_MININT64;
    for (unsigned i = 0; i < stretches->len; i++) {
        const stretch *other = &g_array_index(stretches, stretch, i);
        if (other->kind == NH_PART_SILENT || other->from >= all->seen || other->seen <= all->from)
            continue;
        *from = MIN(*from, other->from);
        *seen = MAX(*seen, other->seen);
    }
    return *from < *seen;
}

/* That calls wait at the server is what is left to say where nothing is wrong with the way there. */
static void
give_way(GArray *stretches)
{
    for (unsigned i = stretches->len; i-- > 0;) {
        stretch silent = g_array_index(stretches, stretch, i), rest = silent;
        nh_time from, seen;
        if (silent.kind != NH_PART_SILENT || !others_within(stretches, &silent, &from, &seen))
            continue;
        silent.seen = silent.before = from;
        rest.from = rest.since = MAX(rest.from, seen);
        g_array_remove_index(stretches, i);
        if (silent.seen > silent.from)
            g_array_append_val(stretches, silent);
        if (rest.seen > rest.from)
            g_array_append_val(stretches, rest);
    }
}

/* One after the other: what began first goes before, and what it covers is none of its own; two of a kind in a row are one. */
static void
straighten(GArray *stretches)
{
    unsigned kept = 0;

    g_array_sort(stretches, by_from);
    for (unsigned i = 0; i < stretches->len; i++) {
        stretch next = g_array_index(stretches, stretch, i);
        stretch *before = kept ? &g_array_index(stretches, stretch, kept - 1) : NULL;
        if (before && next.kind == before->kind) {
            lengthen(before, next.before, next.seen);
            continue;
        }
        if (before && next.seen <= before->seen)
            continue;
        if (before)
            next.from = MAX(next.from, before->seen);
        g_array_index(stretches, stretch, kept++) = next;
    }
    g_array_set_size(stretches, kept);
}

/* Until when the symptom was seen. A connection that is over no longer holds up the call that it carried. */
static nh_time
seen_until(const nh_symptom *symptom)
{
    nh_time seen = symptom->latest.frame ? symptom->latest.time : symptom->at.time;
    const nh_conn *carried = NULL;

    if (kind_of(symptom) != NH_PART_SILENT || !symptom->call)
        return seen;
    for (unsigned i = 0; i < symptom->call->n_sendings && symptom->call->sendings[i].at.frame < symptom->at.frame; i++)
        carried = symptom->call->sendings[i].conn;
    const nh_half *peer = carried ? &carried->half[!nh_call_half(symptom->call, carried)] : NULL;
    if (peer && peer->fin)
        return MIN(seen, peer->fin_at.time);
    return carried && carried->state == NH_TCP_RESET ? MIN(seen, carried->last.time) : seen;
}

static GArray *
stretches_of(const nh_outage *outage)
{
    GArray *stretches = g_array_new(false, false, sizeof(stretch));

    for (unsigned i = 0; i < outage->symptoms->len; i++) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        nh_time since = symptom->since.frame ? symptom->since.time : symptom->at.time;
        nh_time seen = seen_until(symptom);
        stretch next = { kind_of(symptom), since, since, seen, since };
        stretch *before = continued(stretches, next.kind, since);
        if (outage->end.frame && symptom->at.frame >= outage->end.frame && nh_finding_get(symptom->finding)->refusal)
            continue; /* the answer that ends the wait */
        if (before)
            lengthen(before, before->before, seen);
        else
            g_array_append_val(stretches, next);
    }
    give_way(stretches);
    straighten(stretches);
    return stretches;
}

/* --- parts ----------------------------------------------------------------------------------- */

static nh_part *
latest_part(const nh_incident *incident)
{
    return incident->parts->len ? g_ptr_array_index(incident->parts, incident->parts->len - 1) : NULL;
}

/* A part that is too short is added to the one before, and the first one to what follows. */
static void
add_part(nh_incident *incident, nh_time from, nh_time to, const char *what)
{
    nh_part *before = latest_part(incident);

    if (before)
        before->to = from;
    if (before && (before->to - before->from < NH_PART_MIN || strcmp(before->what, what) == 0)) {
        from = before->from;
        g_ptr_array_remove_index(incident->parts, incident->parts->len - 1);
    }
    if (before && nh_time_known(to) && to - from < NH_PART_MIN && latest_part(incident)) {
        latest_part(incident)->to = to;
        return;
    }
    nh_incident_add_part(incident, from, to, g_strdup(what));
}

/*
 * When the latest attempt that surely met silence was over: the one before the latest, if that may be the one that worked.
 * A FIN that comes again needs no help from its peer's life; the socket that sends it no more does.
 */
static nh_time
silent_until(const stretch *which, bool works)
{
    return works && which->kind != NH_PART_CLOSING ? which->before : which->seen;
}

/* works: its end is that something got through. until: the next stretch, or the end of all. */
static void
add_stretch(nh_incident *incident, const stretch *which, const signs *found, bool works, nh_time until, nh_time to)
{
    const char *what = kinds[which->kind].what, *back = kinds[which->kind].back;
    nh_time after = silent_until(which, works);
    bool meanwhile = which->kind != NH_PART_CLOSING && nh_time_known(first_between(found->alive, which->since, after));
    nh_time alive = back && !meanwhile ? first_between(found->alive, after, until) : NH_TIME_NONE;
    nh_time tried = nh_time_known(alive) ? first_between(found->tries, alive, until + 1) : NH_TIME_NONE;
    bool waits = nh_time_known(alive) && (nh_time_known(tried) ? tried : until) - alive >= NH_PART_MIN;

    if (meanwhile && kinds[which->kind].alive)
        what = kinds[which->kind].alive;
    add_part(incident, which->from, waits ? alive : to, what);
    if (waits)
        add_part(incident, alive, to, back);
}

void
nh_parts_story(nh_incident *incident, const nh_outage *outage)
{
    GArray *stretches = stretches_of(outage);
    signs found = signs_of(incident, outage);
    bool lasts = !nh_time_known(incident->end);
    nh_time end = lasts ? outage->pair->watch->last : incident->end;

    if (stretches->len)
        g_array_index(stretches, stretch, 0).from = incident->start;
    for (unsigned i = 0; i < stretches->len; i++) {
        const stretch *which = &g_array_index(stretches, stretch, i);
        bool latest = i + 1 == stretches->len;
        nh_time next = latest ? end : g_array_index(stretches, stretch, i + 1).from;
        add_stretch(incident, which, &found, !latest || !(lasts || outage->given_up), next, latest ? incident->end : next);
    }
    g_array_unref(stretches);
    g_array_unref(found.alive);
    g_array_unref(found.tries);
}
