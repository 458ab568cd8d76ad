/* messages.c
 * What the reader should know of clients and of calls that cannot be read.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/messages.h"

#include "core/clock/client.h"
#include "core/model/losses.h"
#include "core/net/pairs.h"

/* Why there is no line of Linux in an incident, or NULL. */
static char *
no_line_text(const nh_pair *pair)
{
    char client[NH_ADDR_TEXT], *why = nh_client_why(pair);
    char *text = why ? g_strdup_printf("The client %s is no Linux kernel: it %s. No line of Linux is expected in its log",
                                       nh_addr_text(&pair->client, client), why)
                     : NULL;

    g_free(why);
    return text;
}

/* Why the windows of an incident are wide, or NULL. */
static char *
losses_text(const nh_pair *pair)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    if (pair->watch->runs_back.frame || !nh_loss_is_heavy(pair))
        return NULL;
    return g_strdup_printf("Many packets between %s and %s are missing in this capture (%u gaps, the latest before frame %u): what came "
                           "first is not known, and times are told with room for it",
                           nh_addr_text(&pair->client, client), nh_addr_text(&pair->server, server), pair->losses, pair->gap.frame);
}

/* Takes the text over. The story owns what is said: g_hash_table_add() would put a text in the place of one that is equal. */
static void
say_once(GHashTable *said, nh_story *story, char *text)
{
    if (!text || g_hash_table_contains(said, text)) {
        g_free(text);
        return;
    }
    g_hash_table_add(said, text);
    g_ptr_array_add(story->messages, text);
}

void
nh_messages_on_pairs(const nh_watch *watch, nh_story *story)
{
    GHashTable *said = g_hash_table_new(g_str_hash, g_str_equal);

    if (watch->runs_back.frame && story->incidents->len)
        say_once(said, story,
                 g_strdup_printf("Frame %u is older than one before it: the frames are not in the order of time, and nothing is sure that "
                                 "depends on what came first. reordercap puts them in order",
                                 watch->runs_back.frame));
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = g_ptr_array_index(story->incidents, i);
        const nh_pair *pair = nh_pair_find(watch, &incident->client, &incident->server);
        say_once(said, story, pair ? no_line_text(pair) : NULL);
        say_once(said, story, pair ? losses_text(pair) : NULL);
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
