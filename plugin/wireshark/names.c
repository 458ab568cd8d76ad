/* names.c
 * Carrying the name resolution blocks of a capture file into a copy.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/names.h"

struct nh_names {
    addrinfo_lists_t lists;
};

#if NH_NAMES_BY_HAND

/* wiretap's callbacks carry no user data */
static nh_names *collecting;

static void
add_ipv4(const unsigned addr, const char *name)
{
    hashipv4_t *entry = g_new0(hashipv4_t, 1);

    entry->addr = addr;
    entry->flags = NAME_RESOLVED | RESOLVED_ADDRESS_USED;
    g_strlcpy(entry->name, name, sizeof entry->name);
    collecting->lists.ipv4_addr_list = g_list_append(collecting->lists.ipv4_addr_list, entry);
}

static void
add_ipv6(const void *addr, const char *name)
{
    hashipv6_t *entry = g_new0(hashipv6_t, 1);

    memcpy(entry->addr, addr, sizeof entry->addr);
    entry->flags = NAME_RESOLVED | RESOLVED_ADDRESS_USED;
    g_strlcpy(entry->name, name, sizeof entry->name);
    collecting->lists.ipv6_addr_list = g_list_append(collecting->lists.ipv6_addr_list, entry);
}

nh_names *
nh_names_collect(wtap *reader)
{
    collecting = g_new0(nh_names, 1);
    wtap_set_cb_new_ipv4(reader, add_ipv4);
    wtap_set_cb_new_ipv6(reader, add_ipv6);
    return collecting;
}

#else

nh_names *
nh_names_collect(wtap *reader)
{
    return NULL;
}

#endif

void
nh_names_write(nh_names *names, wtap_dumper *writer)
{
    if (names && !wtap_addrinfo_list_empty(&names->lists))
        wtap_dump_set_addrinfo_list(writer, &names->lists);
}

void
nh_names_free(nh_names *names)
{
    if (!names)
        return;
    g_list_free_full(names->lists.ipv4_addr_list, g_free);
    g_list_free_full(names->lists.ipv6_addr_list, g_free);
    g_free(names);
}
