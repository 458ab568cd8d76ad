/* tape.h
 * What passed on followed connections, kept small, so that it can be told again in another order.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TAPE_H
#define NLM_HEALTH_TAPE_H

#include "core/model/model.h"

typedef struct nh_tape nh_tape;

nh_tape *nh_tape_new(void);
/* NULL is none. */
void nh_tape_free(nh_tape *tape);

/*
 * Append. A packet takes 10 to 40 bytes: only what differs from the one before it on its connection is kept. A tape
 * that would become too long is given up. tape may be NULL.
 */
void nh_tape_segment(nh_tape *tape, nh_conn *conn, int half, const nh_segment *segment);
void nh_tape_datagram(nh_tape *tape, const nh_packet *datagram);
void nh_tape_quote(nh_tape *tape, const nh_quote *quote);

typedef enum { NH_TAPED_SEGMENT, NH_TAPED_DATAGRAM, NH_TAPED_QUOTE } nh_taped_kind;

/* One packet of a tape. Its bytes stay until the next one is read. */
typedef struct {
    nh_taped_kind kind;
    const nh_conn *conn; /* of a segment */
    int half;
    nh_segment segment;
    nh_packet datagram;
    nh_quote quote;
} nh_taped;

typedef struct nh_tape_reader nh_tape_reader;

/* Read from the beginning; NULL when there is nothing, or the tape was given up. Caller frees. */
nh_tape_reader *nh_tape_read(const nh_tape *tape);
bool nh_tape_next(nh_tape_reader *reader, nh_taped *item);
void nh_tape_reader_free(nh_tape_reader *reader);

#endif
