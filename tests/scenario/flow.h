/* flow.h
 * How one segment or datagram leaves, for those who decide what leaves.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef FLOW_H
#define FLOW_H

#include "scenario.h"

enum { MICROSECOND = 1000 };

/* What a line says about the way of its frames */
typedef struct {
    int64_t   seq, ack, win, tsval, tsecr, split, fragment, hops, machine;      /* -1: not said */
    bool lost;          /* sent, not captured, did not arrive */
    bool unseen;        /* arrived, but was not captured */
    bool dropped;       /* captured, but did not arrive */
    bool twice, old, sack;
    uint32_t  sack_range[2];
} manner;

manner manner_read(line_reader *line);
bool flow_before(uint32_t a, uint32_t b);
void flow_keep_frame(scenario *sc, GByteArray *ip, const host *src, const host *dst, bool twice, bool dropped);
void flow_emit(scenario *sc, connection *conn, int direction, GByteArray *ip, const manner *how);
void flow_transmit(scenario *sc, connection *conn, int direction, const segment *seg, const manner *how);
void flow_send(scenario *sc, connection *conn, int direction, uint8_t flags, GByteArray *data, const manner *how);

#endif
