/* lock_text.c
 * Locks and their owners in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/locks/lock_text.h"

char *
nh_lock_owner_text(const nh_lock *lock)
{
    if (lock->share)
        return g_strdup_printf("%s%sowner 0x%08x", lock->caller, lock->caller[0] ? ", " : "", lock->owner);
    return g_strdup_printf("%s%ssvid %u", lock->caller, lock->caller[0] ? ", " : "", lock->svid);
}

char *
nh_lock_who(const nh_lock *lock)
{
    char client[NH_ADDR_TEXT];
    char *process = lock->share ? g_strdup_printf("owner 0x%08x", lock->owner) : g_strdup_printf("svid %u", lock->svid);
    const char *host = lock->state == NH_LOCK_REPORTED ? "somebody" : nh_addr_text(&lock->pair->client, client);
    char *text = g_strdup_printf("%s%s%s (%s)", process, lock->caller[0] ? " of " : "", lock->caller, host);

    g_free(process);
    return text;
}

char *
nh_lock_what(const nh_lock *lock)
{
    if (lock->first == 0 && lock->last == G_MAXUINT64)
        return g_strdup_printf("the whole file 0x%08x", lock->file);
    if (lock->last == G_MAXUINT64)
        return g_strdup_printf("bytes %" G_GUINT64_FORMAT " to the end of file 0x%08x", lock->first, lock->file);
    return g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " of file 0x%08x", lock->first, lock->last, lock->file);
}
