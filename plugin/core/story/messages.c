/* messages.c
 * What the reader should know of clients and of calls that cannot be read.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/messages.h"

#include "core/clock/client.h"
#include "core/net/pairs.h"

void
nh_messages_on_clients(const nh_watch *watch, nh_story *story)
{
    GHashTable *said = g_hash_table_new(g_str_hash, g_str_equal);

    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        const nh_pair *pair = nh_pair_find(watch, &incident->client, &incident->server);
        char client[NH_ADDR_TEXT], *why = pair ? nh_client_why(pair) : NULL;
        char *text = why ? g_strdup_printf("The client %s is no Linux kernel: it %s. No line of Linux is expected in its log",
                                           nh_addr_text(&incident->client, client), why)
                         : NULL;
        g_free(why);
        if (text && g_hash_table_add(said, text))
            g_ptr_array_add(story->messages, text);
        else
            g_free(text);
    }
    g_hash_table_unref(said);
}

void
nh_messages_on_encryption(const nh_watch *watch, nh_story *story)
{
    static const char *const names[] = { NULL, "RPC with TLS (RFC 9289)", "Kerberos with privacy (krb5p, RFC 2203)",
                                         "RPC with TLS (RFC 9289) and Kerberos with privacy (krb5p, RFC 2203)" };

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
        if (!pair->encrypted.how)
            continue;
        g_ptr_array_add(
            story->messages,
            g_strdup_printf("From frame %u on calls between %s and %s are hidden by %s: what they ask for, the answers and the locks are "
                            "not known; the connections and datagrams that carry them are judged all the same.",
                            pair->encrypted.since.frame, nh_addr_text(&pair->client, client), nh_addr_text(&pair->server, server),
                            names[pair->encrypted.how]));
    }
}
