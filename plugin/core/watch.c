/* watch.c
 * The core as a whole: packets in.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/watch.h"

#include "core/wire/arguments.h"
#include "core/rpc/datagrams.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/rpc/hidden.h"
#include "core/net/icmp.h"
#include "core/locks/lock_table.h"
#include "core/net/lone_syns.h"
#include "core/rpc/nfs_calls.h"
#include "core/judge/outage.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"
#include "core/wire/records.h"
#include "core/rpc/rpc_calls.h"
#include "core/rpc/sealed.h"
#include "core/net/tcp_life.h"
#include "core/rpc/unheard.h"
#include "core/judge/raise.h"

nh_watch *
nh_watch_new(const nh_options *options)
{
    nh_watch *watch = g_new0(nh_watch, 1);

    watch->options = *options;
    watch->options.log_path = g_strdup(options->log_path);
    watch->arena = nh_arena_new();
    watch->pairs = nh_pairs_new(NULL);
    watch->pair_list = g_ptr_array_new_with_free_func(nh_pair_free);
    nh_table_init(&watch->conns);
    watch->conn_list = g_ptr_array_new_with_free_func(nh_conn_free);
    watch->lone_syns = nh_lone_syns_new();
    nh_table_init(&watch->calls);
    watch->call_list = g_ptr_array_new();
    watch->ports = nh_ports_new();
    watch->frames = g_ptr_array_new_with_free_func(nh_frame_free);
    watch->locks = nh_locks_new();
    watch->nfs = nh_nfs_new();
    watch->first = watch->last = NH_TIME_NONE;
    nh_port_mark_known(watch);
    return watch;
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
    g_ptr_array_unref(watch->frames);
    g_hash_table_unref(watch->ports);
    nh_table_clear(&watch->calls);
    g_ptr_array_unref(watch->call_list);
    g_hash_table_unref(watch->lone_syns);
    nh_table_clear(&watch->conns);
    g_ptr_array_unref(watch->conn_list);
    g_hash_table_unref(watch->pairs);
    g_ptr_array_unref(watch->pair_list);
    if (watch->sealed)
        g_ptr_array_unref(watch->sealed);
    nh_locks_free(watch->locks);
    nh_nfs_free(watch->nfs);
    nh_arena_free(watch->arena);
    g_free((char *)watch->options.log_path);
    g_free(watch);
}

void
nh_watch_frame(nh_watch *watch, uint32_t frame, nh_time at)
{
    watch->frames_total = MAX(watch->frames_total, frame);
    if (!nh_time_known(watch->first) || at < watch->first)
        watch->first = at;
    if (!nh_time_known(watch->last) || at > watch->last)
        watch->last = at;
}

/* A reply begins: most are reported with their results, and of no interest here. */
static void
reply_begins(nh_watch *watch, const nh_rpc_header *header)
{
    const nh_segment *segment = &watch->segment;
    nh_message message;

    if (!header->refused && !nh_calls_returns_nothing(watch, &segment->dst.addr, &segment->src.addr, header->xid))
        return;
    nh_message_clear(&message);
    message.frame = segment->frame;
    message.time = segment->time;
    message.l4 = NH_L4_TCP;
    message.src = segment->src;
    message.dst = segment->dst;
    message.reply = true;
    message.refused = header->refused;
    message.xid = header->xid;
    nh_calls_empty_reply(watch, &message);
}

/* A record begins on a followed connection: whose program, and is it a refusal? */
static void
record_begins(nh_rpc_header *header, void *data)
{
    nh_watch *watch = data;
    nh_conn *conn = watch->passing.conn;
    const nh_segment *segment = &watch->segment;
    nh_moment at = { segment->frame, segment->time };

    nh_nfs_header(watch, &segment->src, &segment->dst, NH_L4_TCP, header, at);
    if (header->complete && !header->tls_probe && watch->n_unreported < NH_UNREPORTED_MAX)
        watch->unreported[watch->n_unreported++] = (nh_unreported){ header->reply, header->xid,  header->prog,       header->vers,
                                                                    header->proc,  header->body, header->body_length };
    if (header->reply) {
        nh_hidden_header(watch, &segment->src, &segment->dst, conn, header, nh_hidden_starts_tls(conn, header), at);
        reply_begins(watch, header);
        return;
    }
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
    nh_hidden_header(watch, &segment->src, &segment->dst, conn, header, nh_hidden_starts_tls(conn, header), at);
}

const nh_passing *
nh_watch_segment(nh_watch *watch, const nh_segment *segment)
{
    nh_moment at = { segment->frame, segment->time };
    nh_passing *passing = &watch->passing;

    watch->segment = *segment;
    watch->n_unreported = 0;
    nh_tcp_segment(watch, segment);
    if (!passing->conn) {
        nh_locks_seen(watch->locks, &segment->src.addr, at);
        nh_nfs_segment(watch, segment);
        return passing;
    }
    if (passing->new_data && segment->payload)
        nh_records_feed(&passing->conn->half[passing->half].records, segment, record_begins, watch);
    watch->segment.payload = NULL;
    nh_calls_transport(watch, at);
    nh_unheard_transport(watch, at);
    return passing;
}

/* A message was reported: its record needs no help. */
static void
strike_out(nh_watch *watch, const nh_message *message)
{
    for (unsigned i = 0; i < watch->n_unreported; i++)
        if (watch->unreported[i].xid == message->xid && watch->unreported[i].reply == message->reply) {
            watch->unreported[i] = watch->unreported[--watch->n_unreported];
            return;
        }
}

void
nh_watch_segment_done(nh_watch *watch)
{
    const nh_segment *segment = &watch->segment;

    for (unsigned i = 0; i < watch->n_unreported; i++) {
        const nh_unreported *record = &watch->unreported[i];
        nh_message message = { .frame = segment->frame,
                               .time = segment->time,
                               .l4 = NH_L4_TCP,
                               .src = segment->src,
                               .dst = segment->dst,
                               .reply = record->reply,
                               .xid = record->xid,
                               .prog = record->prog,
                               .vers = record->vers,
                               .proc = record->proc };
        if (record->reply) {
            nh_calls_bare_reply(watch, &message, record->body, record->body_length);
        } else if (nh_service_of_program(record->prog) != NH_SERVICE_NONE) {
            nh_arguments_read(&message, record->body, record->body_length);
            nh_calls_message(watch, &message);
        }
    }
    watch->n_unreported = 0;
}

void
nh_watch_seen(nh_watch *watch, const nh_addr *from, nh_moment at)
{
    nh_locks_seen(watch->locks, from, at);
}

void
nh_watch_quote(nh_watch *watch, const nh_quote *quote)
{
    nh_tcp_wake(watch, &quote->src.addr, &quote->dst.addr);
    if (quote->l4 == NH_L4_TCP)
        nh_icmp_quote_tcp(watch, quote);
    else if (!nh_sealed_quote(watch, quote))
        nh_datagram_quote(watch, quote);
}

void
nh_watch_message(nh_watch *watch, const nh_message *message)
{
    if (message->l4 == NH_L4_TCP)
        strike_out(watch, message);
    else
        nh_tcp_wake(watch, &message->src.addr, &message->dst.addr);
    nh_calls_message(watch, message);
    nh_unheard_message(watch, message);
}

void
nh_watch_datagram(nh_watch *watch, const nh_message *message, const nh_rpc_header *header)
{
    nh_moment at = { message->frame, message->time };

    nh_tcp_wake(watch, &message->src.addr, &message->dst.addr);
    nh_hidden_header(watch, &message->src, &message->dst, NULL, header, nh_sealed_header(watch, message, header), at);
    nh_nfs_header(watch, &message->src, &message->dst, NH_L4_UDP, header, at);
    if (header->reply)
        nh_calls_empty_reply(watch, message);
    else if (nh_service_of_program(header->prog) != NH_SERVICE_NONE && !header->tls_probe && header->body && header->body_length == 0)
        nh_calls_message(watch, message);
}

void
nh_watch_unreadable(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_moment at)
{
    nh_sealed_datagram(watch, src, dst, at);
}
