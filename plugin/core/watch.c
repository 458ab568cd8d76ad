/* watch.c
 * The core as a whole: packets in.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/watch.h"

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "core/wire/arguments.h"
#include "core/rpc/datagrams.h"
#include "core/net/wrong_source.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/rpc/encrypted.h"
#include "core/net/icmp.h"
#include "core/locks/fault.h"
#include "core/locks/lock_clients.h"
#include "core/locks/lock_store.h"
#include "core/net/first_syns.h"
#include "core/rpc/nfs_calls.h"
#include "core/judge/outage.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"
#include "core/wire/records.h"
#include "core/rpc/rpc_calls.h"
#include "core/rpc/dtls.h"
#include "core/net/tcp_life.h"
#include "core/points/live.h"
#include "core/points/compare.h"
#include "core/points/points.h"
#include "core/story/assemble.h"
#include "core/story/conclude.h"
#include "core/wire/transport.h"
#include "core/rpc/requests.h"
#include "core/rpc/lost_replies.h"
#include "core/judge/raise.h"
#include "core/points/points_text.h"

nh_watch *
nh_watch_new(const nh_options *options)
{
    nh_watch *watch = g_new0(nh_watch, 1);

    nh_hash_seed();
    watch->options = *options;
    watch->options.log_path = g_strdup(options->log_path);
    watch->options.log_hints.host = g_strdup(options->log_hints.host);
    watch->arena = nh_arena_new();
    watch->names = g_string_chunk_new(256);
    watch->pairs = nh_pairs_new(NULL);
    watch->pair_list = g_ptr_array_new_with_free_func(nh_pair_free);
    watch->clients = g_hash_table_new_full(nh_addr_hash_key, nh_addr_equal_keys, NULL, g_free);
    nh_table_init(&watch->conns);
    watch->conn_list = g_ptr_array_new_with_free_func(nh_conn_free);
    watch->asking_conns = nh_askers_new();
    watch->asking_calls = nh_askers_new();
    watch->first_syns = nh_first_syns_new();
    nh_table_init(&watch->calls);
    watch->ports = nh_ports_new();
    watch->locks = nh_locks_new();
    watch->faults = g_ptr_array_new_with_free_func(nh_fault_free);
    watch->nfs = nh_nfs_new();
    watch->tape = nh_tape_new();
    watch->first = watch->last = watch->begins = watch->current = NH_TIME_NONE;
    nh_port_mark_known(watch);
    return watch;
}

/* What the last story found of two capture points */
static void
forget_points(nh_watch *watch)
{
    if (watch->single_view) {
        watch->single_view->points = NULL;
        nh_watch_free(watch->single_view);
        watch->single_view = NULL;
    }
    nh_points_free(watch->points);
    watch->points = NULL;
}

void
nh_watch_free(nh_watch *watch)
{
    if (!watch)
        return;
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        for (unsigned j = 0; j < pair->outages->len; j++)
            nh_outage_free(g_ptr_array_index(pair->outages, j));
    }
    nh_frames_free(watch);
    g_hash_table_unref(watch->ports);
    nh_table_clear(&watch->calls);
    nh_list_clear(&watch->call_list);
    g_hash_table_unref(watch->asking_conns);
    g_hash_table_unref(watch->asking_calls);
    g_hash_table_unref(watch->first_syns);
    nh_table_clear(&watch->conns);
    g_ptr_array_unref(watch->conn_list);
    g_hash_table_unref(watch->pairs);
    g_ptr_array_unref(watch->pair_list);
    g_hash_table_unref(watch->clients);
    if (watch->lock_hosts)
        g_hash_table_unref(watch->lock_hosts);
    if (watch->strange_notices)
        g_hash_table_unref(watch->strange_notices);
    if (watch->dtls_flows)
        g_ptr_array_unref(watch->dtls_flows);
    nh_locks_free(watch->locks);
    nh_requests_free(watch);
    g_ptr_array_unref(watch->faults);
    nh_nfs_free(watch->nfs);
    nh_story_forget_before(watch);
    g_clear_pointer(&watch->concluded.notes, g_hash_table_unref);
    forget_points(watch);
    nh_live_free(watch->live);
    nh_tape_free(watch->tape);
    g_string_chunk_free(watch->names);
    nh_arena_free(watch->arena);
    g_free((char *)watch->options.log_path);
    g_free((char *)watch->options.log_hints.host);
    g_free(watch);
}

void
nh_watch_frame(nh_watch *watch, uint32_t frame, nh_time at)
{
    watch->frames_total = MAX(watch->frames_total, frame);
    if (nh_time_known(watch->last) && at >= watch->last) { /* nearly always */
        watch->current = watch->last = at;
        return;
    }
    if (nh_time_known(watch->last) && watch->last - at >= NH_RUNS_BACK_TIME && !watch->runs_back.frame)
        watch->runs_back = (nh_moment){ frame, at };
    if (!nh_time_known(watch->current) || at < watch->current - NH_PIECE_TIME)
        watch->begins = at;
    watch->current = at;
    if (!nh_time_known(watch->first) || at < watch->first)
        watch->first = at;
    if (!nh_time_known(watch->last) || at > watch->last)
        watch->last = at;
}

/* --- messages ----------------------------------------------------------------------- */

/* More packets come: what was concluded for a story is not the end. */
static inline void
go_on(nh_watch *watch)
{
    if (watch->concluded.done)
        nh_story_reopen(watch);
}

void
nh_watch_message(nh_watch *watch, const nh_message *message)
{
    go_on(watch);
    if (message->l4 == NH_L4_UDP)
        nh_tcp_wake(watch, &message->src.addr, &message->dst.addr);
    nh_calls_message(watch, message);
    nh_lost_reply_message(watch, message);
}

/* A call of a followed program, or an answer to one. */
static void
take_message(nh_watch *watch, nh_message *message, const nh_rpc_header *header)
{
    if (header->reply) {
        nh_calls_reply(watch, message, header);
    } else if (nh_service_of_program(header->prog) != NH_SERVICE_NONE && !header->tls_probe) {
        nh_arguments_read(message, header->body, header->body_length);
        nh_watch_message(watch, message);
    }
}

/* What its header says of a message; the rest is not known yet. */
static void
begin_message(nh_message *message, const nh_rpc_header *header, nh_l4 l4, const nh_end *src, const nh_end *dst, nh_moment at)
{
    /* each by itself: to clear the whole first would cost as much again */
    message->frame = at.frame;
    message->time = at.time;
    message->l4 = l4;
    message->src = *src;
    message->dst = *dst;
    message->reply = header->reply;
    message->refused = header->refused;
    message->xid = header->xid;
    message->prog = header->prog;
    message->vers = header->vers;
    message->proc = header->proc;
    message->integrity = header->integrity;
    message->nlm = (nh_nlm){ .has_lock = false };
    message->nsm_state = 0;
    message->travel = NH_TRAVEL_UNKNOWN;
    message->by = NULL;
    message->n_mappings = 0;
    message->caller[0] = message->mon_name[0] = '\0';
}

/* --- segments ------------------------------------------------------------------------- */

/* The stream that is being read. */
typedef struct {
    nh_watch *watch;
    nh_conn *conn; /* NULL: not followed */
    const nh_segment *segment;
    nh_segment_effect *by; /* what that did; its end is that of the latest record */
} reading;

/* The program that a record on a followed connection calls tells whose connection it is. */
static void
learn_service(nh_watch *watch, nh_conn *conn, const nh_rpc_header *header)
{
    nh_service service = nh_service_of_program(header->prog);

    if (conn->service == NH_SERVICE_PROBABLE) {
        nh_port_learn(watch, &conn->server.addr, NH_L4_TCP, conn->server.port, header->prog);
        if (service == NH_SERVICE_NONE)
            nh_raise_disown(conn);
        else
            conn->service = service;
    } else if ((header->prog == NH_PROG_NFS || header->prog == NH_PROG_MOUNT) && conn->calls == 0) {
        nh_raise_disown(conn); /* one port for all programs */
    }
}

static void
record_begins(const nh_rpc_header *header, void *data)
{
    const reading *r = data;
    const nh_segment *segment = r->segment;
    nh_moment at = { segment->frame, segment->time };

    if (header->reply || header->prog == NH_PROG_NFS)
        nh_nfs_header(r->watch, &segment->src, &segment->dst, NH_L4_TCP, header, at);
    if (!r->conn)
        return;
    if (!header->reply)
        learn_service(r->watch, r->conn, header);
    if (header->starttls || header->privacy)
        nh_encrypted_header(r->watch, &segment->src, &segment->dst, r->conn, header, nh_encrypted_starts_tls(r->conn, header), at);
}

static bool
record_wanted(const nh_rpc_header *header, void *data)
{
    const reading *r = data;
    nh_message message;

    if (!header->reply)
        return nh_service_of_program(header->prog) != NH_SERVICE_NONE;
    begin_message(&message, header, NH_L4_TCP, &r->segment->src, &r->segment->dst, (nh_moment){ 0, 0 });
    message.by = r->by;
    return nh_calls_answers(r->watch, &message);
}

static void
record_ends(const nh_rpc_header *header, uint32_t end, void *data)
{
    const reading *r = data;
    nh_message message;

    if (!header->reply && nh_service_of_program(header->prog) == NH_SERVICE_NONE)
        return;
    if (r->conn && (int32_t)(end - r->by->end) > 0)
        r->by->end = end; /* the rest was captured before this segment */
    begin_message(&message, header, NH_L4_TCP, &r->segment->src, &r->segment->dst, (nh_moment){ r->segment->frame, r->segment->time });
    message.travel = r->segment->travel;
    message.by = r->by;
    take_message(r->watch, &message, header);
}

static void
read_stream(nh_watch *watch, nh_conn *conn, nh_records *records, nh_segment_effect *by)
{
    static const nh_record_sink sink = { record_begins, record_wanted, record_ends };
    reading r = { watch, conn, by->segment, by };

    nh_records_feed(records, by->segment, &sink, &r);
}

/* Whether a segment begins with a call of a followed program. */
static bool
begins_call(const nh_segment *segment, nh_rpc_header *header)
{
    uint32_t size;

    return segment->captured >= 28 && nh_record_read(segment->payload, segment->captured, header, &size) && !header->reply &&
           nh_service_of_program(header->prog) != NH_SERVICE_NONE;
}

/* A segment of a connection that is not followed: NFS, one that turned out to be another program's, or its first lock call. */
static void
read_other(nh_watch *watch, nh_segment_effect by)
{
    const nh_segment *segment = by.segment;
    nh_moment at = { segment->frame, segment->time };
    nh_records *stream = nh_nfs_stream(watch, segment);
    nh_rpc_header header;
    bool call = !segment->quoted && begins_call(segment, &header);
    nh_conn *conn = stream && !call ? NULL : nh_follow_find(watch, &segment->src, &segment->dst);

    if (!conn && call) {
        conn = nh_follow_message(watch, &segment->src, &segment->dst, nh_service_of_program(header.prog), at);
        by = nh_tcp_pass(conn, segment);
        read_stream(watch, conn, &conn->half[0].records, &by);
    } else if (stream) {
        read_stream(watch, NULL, stream, &by);
    } else if (conn && segment->payload) {
        read_stream(watch, NULL, &conn->half[nh_conn_half(conn, &segment->src)].records, &by);
    }
}

void
nh_watch_segment(nh_watch *watch, const nh_segment *segment)
{
    nh_moment at = { segment->frame, segment->time };
    bool has_data = segment->payload && !(segment->flags & (NH_TH_SYN | NH_TH_RST));

    go_on(watch);
    nh_segment_effect effect = nh_tcp_segment(watch, segment);
    nh_conn *conn = effect.conn;

    if (!conn) {
        nh_locks_seen(watch->locks, &segment->src.addr, at);
        read_other(watch, effect);
    } else {
        nh_calls_transport(&effect, at);
        if (conn->replied.len > 0)
            nh_lost_reply_transport(conn, at);
        if (has_data && !effect.duplicate)
            read_stream(watch, conn, &conn->half[effect.half].records, &effect);
    }
}

/* --- datagrams --------------------------------------------------------------------------- */

void
nh_watch_datagram(nh_watch *watch, nh_message *message, const nh_rpc_header *header)
{
    nh_moment at = { message->frame, message->time };

    go_on(watch);
    nh_tcp_wake(watch, &message->src.addr, &message->dst.addr);
    nh_encrypted_header(watch, &message->src, &message->dst, NULL, header, nh_dtls_header(watch, message, header), at);
    nh_nfs_header(watch, &message->src, &message->dst, NH_L4_UDP, header, at);
    if (!header->privacy)
        take_message(watch, message, header);
}

static void
take_datagram(nh_watch *watch, const nh_packet *packet)
{
    nh_moment at = { packet->frame, packet->time };
    nh_rpc_header header = { .reply = false };
    nh_message message;

    if (packet->captured < NH_UDP_HEADER)
        return;
    bool readable = nh_rpc_header_read(packet->bytes + NH_UDP_HEADER, packet->captured - NH_UDP_HEADER, &header);
    if (!readable && !watch->dtls_flows)
        return;
    nh_end src = { packet->src, nh_be16(packet->bytes) }, dst = { packet->dst, nh_be16(packet->bytes + 2) };
    go_on(watch);
    if (!readable) {
        nh_tape_datagram(watch->tape, packet);
        nh_dtls_datagram(watch, &src, &dst, at);
        return;
    }
    begin_message(&message, &header, NH_L4_UDP, &src, &dst, at);
    if (watch->live && nh_live_datagram(watch->live, packet)) {
        nh_tape_datagram(watch->tape, packet);
        return; /* the other point's copy */
    }
    if (header.reply ? nh_calls_answers(watch, &message) : nh_service_of_program(header.prog) != NH_SERVICE_NONE)
        nh_tape_datagram(watch->tape, packet);
    message.travel = packet->travel;
    nh_watch_datagram(watch, &message, &header);
}

/* --- packets ------------------------------------------------------------------------------- */

static void
take_segment(nh_watch *watch, const nh_packet *packet)
{
    nh_segment segment;

    if (!nh_packet_may_matter(watch, packet->bytes, packet->captured)) {
        nh_packet_seen(watch, &packet->src, (nh_moment){ packet->frame, packet->time });
    } else if (nh_segment_read(packet, &segment)) {
        nh_watch_segment(watch, &segment);
    }
}

static void
take_quote(nh_watch *watch, const nh_quote *quote)
{
    nh_tcp_wake(watch, &quote->src.addr, &quote->dst.addr);
    if (quote->l4 == NH_L4_TCP)
        nh_icmp_quote_tcp(watch, quote);
    else if (!nh_dtls_quote(watch, quote))
        nh_datagram_quote(watch, quote);
}

static void
take_icmp(nh_watch *watch, const nh_packet *packet)
{
    nh_quote quote;

    if (!nh_quote_read(packet, &quote))
        return;
    go_on(watch);
    take_quote(watch, &quote);
    if (nh_pair_find(watch, &quote.src.addr, &quote.dst.addr) || nh_pair_find(watch, &quote.dst.addr, &quote.src.addr))
        nh_tape_quote(watch->tape, &quote);
}

void
nh_packet_seen(nh_watch *watch, const nh_addr *from, nh_moment at)
{
    nh_locks_seen(watch->locks, from, at);
}

void
nh_packet_take(nh_watch *watch, const nh_packet *packet)
{
    switch (packet->kind) {
    case NH_PACKET_SEGMENT:
        take_segment(watch, packet);
        break;
    case NH_PACKET_DATAGRAM:
        take_datagram(watch, packet);
        break;
    default:
        take_icmp(watch, packet);
    }
}

/* --- two capture points ----------------------------------------------------------------------- */

/* A packet from the tape. */
static void
take_taped(nh_taped *item, void *data)
{
    nh_watch *watch = data;
    nh_segment *segment = &item->segment;

    if (item->kind == NH_TAPED_SEGMENT) {
        nh_watch_segment(watch, segment);
        nh_watch_frame(watch, segment->frame, segment->time);
    } else if (item->kind == NH_TAPED_DATAGRAM) {
        take_datagram(watch, &item->datagram);
        nh_watch_frame(watch, item->datagram.frame, item->datagram.time);
    } else {
        take_quote(watch, &item->quote);
        nh_watch_frame(watch, item->quote.frame, item->quote.time);
    }
}

static bool
is_client(const nh_addr *a, const nh_addr *b, void *data)
{
    const nh_pair *forward = nh_pair_find(data, a, b), *backward = nh_pair_find(data, b, a);

    if (forward && backward)
        return forward->calls >= backward->calls;
    return forward != NULL;
}

static void
note_lost(nh_moment at, unsigned seen, unsigned unseen, void *data)
{
    nh_watch *watch = data;
    const nh_points *points = watch->points;

    nh_frame_get(watch, at); /* it may be no packet of the story */
    nh_frame_note(watch, at.frame, NH_PATH_LOSS,
                  &(nh_remark){ NH_REMARK_PATH_LOSS,
                                { NH_POINTER(nh_points_host(points, seen)), NH_POINTER(nh_points_host(points, unseen)) } });
}

/* A core that sees each packet once, and all by one clock. */
static nh_watch *
feed_single_view(nh_watch *watch, nh_points *points)
{
    nh_watch *view = nh_watch_new(&watch->options);

    nh_tape_free(view->tape);
    view->tape = NULL;
    nh_points_replay(points, watch->tape, take_taped, view);
    view->frames_total = watch->frames_total;
    view->points = points;
    nh_points_lost(points, note_lost, view);
    return view;
}

static void
add_points(nh_story *story, const nh_points *points)
{
    story->n_points = 2;
    for (unsigned i = 0; i < 2; i++) {
        char name[NH_ADDR_TEXT];
        story->points[i].name = g_strdup(nh_addr_text(nh_points_host(points, i + 1), name));
        story->points[i].offset = i == 0 ? 0 : nh_points_offset(points);
        story->points[i].uncertainty = i == 0 ? 0 : nh_points_uncertainty(points);
        story->points[i].drift = i == 0 ? 0 : nh_points_drift(points);
    }
    g_ptr_array_insert(story->messages, 0, nh_points_text(points));
}

nh_story *
nh_watch_story(nh_watch *watch)
{
    forget_points(watch);
    watch->points = nh_points_find(watch->tape, is_client, watch);
    if (!watch->points)
        return nh_story_assemble(watch);
    watch->single_view = feed_single_view(watch, watch->points);
    nh_story *story = nh_story_assemble(watch->single_view);
    add_points(story, watch->points);
    return story;
}

const nh_watch *
nh_watch_shown(const nh_watch *watch)
{
    return watch->single_view ? watch->single_view : watch;
}
