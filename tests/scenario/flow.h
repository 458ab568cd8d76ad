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
    gint64   seq, ack, win, tsval, tsecr, split, fragment;      /* -1: not said */
    gboolean lost;          /* sent, not captured, did not arrive */
    gboolean unseen;        /* arrived, but was not captured */
    gboolean dropped;       /* captured, but did not arrive */
    gboolean twice, old, sack;
    guint32  sack_range[2];
} manner;

manner manner_read(line_reader *line);
gboolean flow_before(guint32 a, guint32 b);
void flow_keep_frame(scenario *sc, GByteArray *ip, const host *src, const host *dst, gboolean twice);
void flow_emit(scenario *sc, connection *conn, int direction, GByteArray *ip, const manner *how);
void flow_transmit(scenario *sc, connection *conn, int direction, const segment *seg, const manner *how);
void flow_send(scenario *sc, connection *conn, int direction, guint8 flags, GByteArray *data, const manner *how);

#endif
