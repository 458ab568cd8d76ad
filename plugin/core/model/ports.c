/* ports.c
 * Which program listens where, and which ports are worth a look.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/ports.h"

#include "core/base/hash.h"

/* Reserved ports a lock client binds to: 665-1023 (xs_get_random_port, net/sunrpc/xprtsock.c), wider for other systems */
#define RESERVED_MIN 512
#define RESERVED_MAX 1023

/* --- which may matter ------------------------------------------------------------ */

bool
nh_port_is_reserved(uint16_t port)
{
    return port >= RESERVED_MIN && port <= RESERVED_MAX;
}

void
nh_port_mark(nh_watch *watch, uint16_t port)
{
    watch->tcp_ports[port >> 3] |= (uint8_t)(1u << (port & 7));
}

void
nh_port_mark_known(nh_watch *watch)
{
    const nh_options *options = &watch->options;

    nh_port_mark(watch, NH_PORTMAP_PORT);
    nh_port_mark(watch, NH_NFS_PORT);
    for (unsigned port = RESERVED_MIN; port <= RESERVED_MAX && options->reserved_ports; port++)
        nh_port_mark(watch, (uint16_t)port);
    for (unsigned port = 0; port <= G_MAXUINT16 && options->is_lock_port; port++)
        if (options->is_lock_port(NH_L4_TCP, (uint16_t)port))
            nh_port_mark(watch, (uint16_t)port);
}

/* --- who listens ------------------------------------------------------------------- */

typedef struct {
    nh_addr addr;
    nh_l4 l4;
    uint16_t port;
} port_key;

static unsigned
hash_port_key(const void *data)
{
    const port_key *key = data;
    nh_hash hash = nh_hash_begin();

    nh_hash_addr(&hash, &key->addr);
    nh_hash_word(&hash, (uint32_t)key->l4 << 16 | key->port);
    return nh_hash_end(&hash);
}

static gboolean
equal_port_keys(const void *a, const void *b)
{
    const port_key *first = a, *second = b;
    return first->port == second->port && first->l4 == second->l4 && nh_addr_equal(&first->addr, &second->addr);
}

GHashTable *
nh_ports_new(void)
{
    return g_hash_table_new_full(hash_port_key, equal_port_keys, g_free, NULL);
}

void
nh_port_learn(nh_watch *watch, const nh_addr *addr, nh_l4 l4, uint16_t port, uint32_t prog)
{
    port_key key = { *addr, l4, port };

    /* servers in user space may have NFS and NLM on one port */
    if (nh_service_of_program(prog) == NH_SERVICE_NONE && nh_service_of_program(nh_port_program(watch, addr, l4, port)) != NH_SERVICE_NONE)
        return;
    g_hash_table_insert(watch->ports, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(prog));
    if (l4 == NH_L4_TCP && (prog == NH_PROG_NFS || nh_service_of_program(prog) != NH_SERVICE_NONE))
        nh_port_mark(watch, port);
}

uint32_t
nh_port_program(const nh_watch *watch, const nh_addr *addr, nh_l4 l4, uint16_t port)
{
    port_key key = { *addr, l4, port };
    uint32_t learnt = GPOINTER_TO_UINT(g_hash_table_lookup(watch->ports, &key));

    if (learnt || !watch->options.is_lock_port || port == NH_PORTMAP_PORT) /* a range may cover that, too */
        return learnt;
    return watch->options.is_lock_port(l4, port) ? NH_PROG_NLM : 0;
}

nh_service
nh_service_of_program(uint32_t prog)
{
    switch (prog) {
    case NH_PROG_PORTMAP:
        return NH_SERVICE_PORTMAP;
    case NH_PROG_NLM:
        return NH_SERVICE_NLM;
    case NH_PROG_STAT:
        return NH_SERVICE_STATD;
    default:
        return NH_SERVICE_NONE;
    }
}

nh_service
nh_conn_service(const nh_conn *conn)
{
    uint32_t prog;

    if (conn->service != NH_SERVICE_PROBABLE)
        return conn->service;
    prog = nh_port_program(conn->pair->watch, &conn->server.addr, NH_L4_TCP, conn->server.port);
    return prog == 0 ? NH_SERVICE_PROBABLE : nh_service_of_program(prog);
}

bool
nh_conn_carries_locks(const nh_conn *conn)
{
    return conn->service != NH_SERVICE_PORTMAP && conn->service != NH_SERVICE_STATD;
}

bool
nh_calls_unread(const nh_pair *pair)
{
    const nh_conn *carrier = pair->carrier;

    return carrier && !carrier->foreign && !carrier->port_learnt && nh_conn_service(carrier) != NH_SERVICE_NONE;
}
