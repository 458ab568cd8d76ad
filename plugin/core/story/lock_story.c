/* lock_story.c
 * The lock table as the story tells it: lists, wait chains, holders that went away.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/lock_story.h"

#include "core/base/limits.h"
#include "core/locks/lock.h"
#include "core/locks/lock_clients.h"
#include "core/locks/lock_queries.h"
#include "core/locks/lock_text.h"

/* --- lists --------------------------------------------------------------------- */

static int
compare(const void *x, const void *y)
{
    const nh_lock *a = x, *b = y;
    int order = memcmp(&a->pair->server, &b->pair->server, sizeof(nh_addr));

    if (order == 0)
        order = memcmp(&a->pair->client, &b->pair->client, sizeof(nh_addr));
    if (order == 0)
        order = (a->file > b->file) - (a->file < b->file);
    if (order == 0)
        order = (a->state > b->state) - (a->state < b->state);
    if (order == 0)
        order = (a->first > b->first) - (a->first < b->first);
    return order ? order : (a->since.frame > b->since.frame) - (a->since.frame < b->since.frame);
}

static void
add_lock(GPtrArray *locks, const nh_lock *lock)
{
    nh_story_lock *entry = nh_story_add_lock(locks);

    if (lock->state != NH_LOCK_REPORTED)
        entry->client = lock->pair->client;
    entry->server = lock->pair->server;
    entry->file = g_strdup_printf("0x%08x", lock->file);
    entry->owner = nh_lock_owner_text(lock);
    entry->svid = lock->svid;
    entry->offset = lock->first;
    entry->length = lock->last == G_MAXUINT64 ? 0 : lock->last - lock->first + 1;
    entry->exclusive = lock->exclusive;
    entry->waiting = lock->state == NH_LOCK_WAITING;
    entry->share = lock->share;
    entry->since = lock->since.time;
    entry->frame = lock->since.frame;
}

static void
add_sorted(GPtrArray *list, GArray *locks)
{
    g_array_sort(locks, compare);
    for (unsigned i = 0; i < locks->len; i++)
        add_lock(list, &g_array_index(locks, nh_lock, i));
}

void
nh_lock_story_list(GPtrArray *list, GArray *locks)
{
    add_sorted(list, locks);
}

void
nh_lock_story_incident(const nh_outage *outage, nh_incident *incident)
{
    GArray *before = g_array_new(false, false, sizeof(nh_lock));

    for (unsigned i = 0; i < outage->locks->len; i++) {
        const nh_lock *lock = &g_array_index(outage->locks, nh_lock, i);
        if (lock->since.frame <= outage->start.frame) /* its first symptom may be later than its start */
            g_array_append_val(before, *lock);
    }
    add_sorted(incident->locks, before);
    g_array_unref(before);
}

/* --- sentences ------------------------------------------------------------------------ */

typedef struct {
    const nh_lock *waiting;
    nh_lock found;
    bool any;
} blocker;

/* Who stands in the way: one that is known rather than one that was only told of. */
static void
find_blocker(const nh_lock *lock, void *data)
{
    blocker *search = data;

    if (lock->state == NH_LOCK_WAITING || !nh_lock_conflict(lock, search->waiting))
        return;
    if (search->any && compare(lock, &search->found) > 0 && search->found.state == NH_LOCK_HELD)
        return;
    search->found = *lock;
    search->any = true;
}

static blocker
blocker_of(const nh_watch *watch, const nh_lock *waiting)
{
    blocker search = { .waiting = waiting };
    nh_locks_visit_file(watch->locks, &waiting->pair->server, waiting->file, find_blocker, &search);
    return search;
}

/* The wait of an owner who holds something; -1 when he waits for nothing. */
static int
wait_of(const GArray *waits, const nh_lock *holder)
{
    for (unsigned i = 0; i < waits->len; i++)
        if (nh_lock_same_owner(&g_array_index(waits, nh_lock, i), holder))
            return (int)i;
    return -1;
}

/* " waits since 10:00:05.000 (frame 12) for file 0x12345678, held by B" */
static void
append_link(GString *text, const nh_lock *waiting, const nh_lock *holder)
{
    char *since = nh_time_clock(waiting->since.time), *name = nh_lock_who(holder);

    g_string_append_printf(text, " waits since %s (frame %u) for file 0x%08x, held by %s", since, waiting->since.frame, waiting->file,
                           name);
    g_free(since);
    g_free(name);
}

/* Waits that follow one from the other, by their index; closed: the last waits for the owner of the first. */
typedef struct {
    int wait[NH_WAIT_CHAIN_MAX];
    nh_lock holder[NH_WAIT_CHAIN_MAX];
    unsigned links;
    bool closed;
} chain;

static bool
is_in(const chain *path, int wait)
{
    for (unsigned i = 0; i < path->links; i++)
        if (path->wait[i] == wait)
            return true;
    return false;
}

static void
follow(const nh_watch *watch, const GArray *waits, unsigned from, chain *path)
{
    int at = (int)from;

    path->links = 0;
    while (at >= 0 && path->links < NH_WAIT_CHAIN_MAX && !is_in(path, at)) {
        blocker next = blocker_of(watch, &g_array_index(waits, nh_lock, at));
        if (!next.any)
            break;
        path->wait[path->links] = at;
        path->holder[path->links++] = next.found;
        at = wait_of(waits, &next.found);
    }
    path->closed = path->links > 1 && at == (int)from;
}

/* A circle is told once: from the first of its waits. */
static bool
begins_circle(const chain *path)
{
    for (unsigned i = 1; i < path->links; i++)
        if (path->wait[i] < path->wait[0])
            return false;
    return path->closed;
}

static void
report_chain(const GArray *waits, const chain *path, const char *what, GPtrArray *messages)
{
    char *name = nh_lock_who(&g_array_index(waits, nh_lock, path->wait[0]));
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "%s: %s", what, name);
    for (unsigned i = 0; i < path->links; i++) {
        if (i)
            g_string_append(text, ", which");
        append_link(text, &g_array_index(waits, nh_lock, path->wait[i]), &path->holder[i]);
    }
    g_string_append_c(text, '.');
    g_ptr_array_add(messages, g_string_free(text, false));
    g_free(name);
}

/* A waits for B who waits for C: told from those for whom nobody waits; and circles. */
static void
report_chains(const nh_watch *watch, const GArray *waits, GPtrArray *messages)
{
    bool *inner = g_new0(bool, waits->len);
    unsigned before = messages->len;
    chain path;

    for (unsigned i = 0; i < waits->len; i++) {
        follow(watch, waits, i, &path);
        for (unsigned j = 1; j < path.links; j++)
            inner[path.wait[j]] = true;
    }
    for (unsigned i = 0; i < waits->len && messages->len - before < NH_LOCK_SENTENCES_MAX; i++) {
        follow(watch, waits, i, &path);
        if (begins_circle(&path))
            report_chain(waits, &path, "Deadlock", messages);
        else if (path.links > 1 && !inner[i])
            report_chain(waits, &path, "Wait chain", messages);
    }
    g_free(inner);
}

/* --- holders that went away ------------------------------------------------------------ */

static const nh_lock *
first_waiting_for(const GArray *waits, const nh_lock *held)
{
    for (unsigned i = 0; i < waits->len; i++) {
        const nh_lock *waiting = &g_array_index(waits, nh_lock, i);
        if (waiting->file == held->file && nh_addr_equal(&waiting->pair->server, &held->pair->server) && nh_lock_conflict(waiting, held))
            return waiting;
    }
    return NULL;
}

static void
report_away(const nh_watch *watch, const nh_lock *held, const nh_lock *waiting, GPtrArray *messages)
{
    nh_moment seen = nh_locks_last_seen(watch->locks, &held->pair->client);
    nh_moment until = waiting ? (nh_moment){ watch->frames_total, watch->last } : held->refused;

    if (!seen.frame || until.time - seen.time < NH_AWAY_TIME)
        return;
    char *holder = nh_lock_who(held),
         *other = waiting ? nh_lock_who(waiting) : g_strdup_printf("others are refused (frame %u)", held->refused.frame);
    char *silent = nh_duration_text(nh_elapsed(seen.time, until.time));
    g_ptr_array_add(
        messages,
        g_strdup_printf(
            "File 0x%08x is locked since frame %u by %s, who was last seen in frame %u, %s before, while %s%s. If that client "
            "is gone, its lock stays until its statd announces its restart or the server drops it (clear_locks, a restart of lockd).",
            held->file, held->since.frame, holder, seen.frame, silent, other, waiting ? " waits for it" : ""));
    g_free(holder);
    g_free(other);
    g_free(silent);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* How many incidents do not list all locks that there were. */
static unsigned
count_shortened(const nh_watch *watch)
{
    unsigned shortened = 0;

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        for (unsigned j = 0; j < pair->outages->len; j++) {
            const nh_outage *outage = g_ptr_array_index(pair->outages, j);
            shortened += outage->id && outage->locks_left_out;
        }
    }
    return shortened;
}

static void
report_shortened(const nh_watch *watch, GPtrArray *messages)
{
    unsigned shortened = count_shortened(watch);

    if (shortened)
        g_ptr_array_add(messages,
                        g_strdup_printf("With %u of the incidents only %u of the locks are listed that their clients held or waited for "
                                        "when they began: there are too many",
                                        shortened, NH_FAULT_LOCKS_MAX));
}

static void
collect(const nh_lock *lock, void *data)
{
    g_array_append_val((GArray *)data, *lock);
}

void
nh_lock_story(nh_watch *watch, nh_story *story)
{
    GArray *all = g_array_new(false, false, sizeof(nh_lock)), *waits = g_array_new(false, false, sizeof(nh_lock));
    unsigned before;

    nh_locks_visit(watch->locks, collect, all);
    add_sorted(story->locks, all);
    for (unsigned i = 0; i < all->len && waits->len < NH_WAITS_MAX; i++)
        if (g_array_index(all, nh_lock, i).state == NH_LOCK_WAITING)
            g_array_append_val(waits, g_array_index(all, nh_lock, i));
    report_chains(watch, waits, story->messages);
    before = story->messages->len;
    for (unsigned i = 0; i < all->len && story->messages->len - before < NH_LOCK_SENTENCES_MAX; i++) {
        const nh_lock *held = &g_array_index(all, nh_lock, i);
        if (held->state == NH_LOCK_HELD && held->refused.frame)
            report_away(watch, held, first_waiting_for(waits, held), story->messages);
    }
    report_shortened(watch, story->messages);
    g_array_unref(all);
    g_array_unref(waits);
}
