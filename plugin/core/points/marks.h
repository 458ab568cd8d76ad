/* marks.h
 * The packets of a tape, each in a few words: enough to know it again where another capture point saw it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_MARKS_H
#define NLM_HEALTH_MARKS_H

#include "core/points/tape.h"

#define NH_NO_MARK UINT32_MAX
/* The view of a packet of which nobody knows who saw it. */
#define NH_NO_VIEW 2

typedef enum { NH_MARK_SEGMENT, NH_MARK_DATAGRAM, NH_MARK_QUOTE } nh_mark_kind;

/* A packet. "Low" is the lower address of its two hosts. */
typedef struct {
    uint64_t key; /* what all copies of the packet have in common, and nothing else has */
    nh_time time; /* by the clock of the point that saw it */
    uint32_t frame, iface;
    uint32_t next;  /* mark with the same key, later on the tape */
    uint32_t twin;  /* the same packet at the other point */
    uint32_t hosts; /* which two; where addresses are translated those of the first point that is met */
    const nh_conn *conn;
    uint16_t src, dst; /* ports, as this point has them */
    uint16_t flags;
    uint16_t ip_id, mss;
    uint32_t seq_end, ack, len; /* of TCP; len also of UDP: bytes of payload */
    uint32_t tsval, tsecr;
    uint8_t hops, view;
    nh_mark_kind kind;
    bool low;          /* sent by the lower address */
    bool asked_by_low; /* it belongs to a connection, or a call, that the lower address began */
    bool has_id;       /* its IP identification or time stamp tells copies from retransmissions */
    bool has_tsval;
    bool head;       /* the first with its key */
    bool translated; /* its connection is another one at the point that is met first */
    bool missed;     /* it came to its receiver, as that acknowledges it, but the capture there does not have it */
} nh_mark_row;

/* Two hosts, the lower address first. */
typedef struct {
    nh_addr low, high;
    unsigned twins;
} nh_two_hosts;

typedef struct {
    GArray *rows;             /* nh_mark_row, in the order of the tape */
    GArray *hosts;            /* nh_two_hosts */
    GHashTable *translations; /* nh_conn* of one point to what it is at the point that is met first, where addresses or ports differ */
    GHashTable *translated;   /* and back */
    bool renumbered;          /* sequence numbers are rewritten on the way */
} nh_marks;

/* Whether packets stand on the tape twice, under whatever addresses: most tapes hold each once, and nothing more need be asked. */
bool nh_marks_have_copies(const nh_tape *tape);

/* What all copies of a packet have in common, ports included, addresses not. */
uint64_t nh_mark_segment_key(const nh_segment *s);
uint64_t nh_mark_datagram_key(const nh_packet *d);

/* NULL for an empty tape; caller frees. */
nh_marks *nh_marks_read(const nh_tape *tape);
void nh_marks_free(nh_marks *marks);

static inline nh_mark_row *
nh_mark_at(const nh_marks *marks, uint32_t i)
{
    return &g_array_index(marks->rows, nh_mark_row, i);
}

static inline nh_two_hosts *
nh_mark_hosts(const nh_marks *marks, uint32_t i)
{
    return &g_array_index(marks->hosts, nh_two_hosts, i);
}

/* A key that stands on the tape exactly twice, and not because its packet was sent again; the first of the two. */
bool nh_mark_is_pair(const nh_marks *marks, const nh_mark_row *m);
/* The first of those with its key, of which there are others, and not because its packet was sent again. */
bool nh_mark_has_copies(const nh_marks *marks, const nh_mark_row *m);

#endif
