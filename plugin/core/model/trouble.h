/* trouble.h
 * What is wrong with a connection, since when and until when.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TROUBLE_H
#define NLM_HEALTH_TROUBLE_H

#include "core/model/model.h"

/* Trouble of a connection that lasts, or NULL. */
nh_trouble *nh_conn_trouble(const nh_conn *conn);
/*
 * Another lock client behind the same address (address translation, network namespaces) is opening a connection: a client
 * has one to a server, and would use the one that is open and works (nlm_bind_host, fs/lockd/host.c). Its answers to
 * callbacks go by another one (the server's own client of it, fs/lockd/svc4proc.c, nlm4svc_callback).
 */
bool nh_conn_is_of_other_client(const nh_conn *opening, const nh_conn *used);
/* Trouble of a connection at a frame, or NULL. */
nh_trouble *nh_conn_trouble_at(const nh_conn *conn, uint32_t frame);
/* Begin or continue trouble; returns it. */
nh_trouble *nh_trouble_raise(nh_conn *conn, nh_finding finding, nh_moment at, nh_moment since);

#endif
