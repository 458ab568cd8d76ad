/* live.c
 * The second view of a capture while it passes: what was there before is known again and not told as sent again.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/points/live.h"

#include "core/points/marks.h"

struct nh_live {
    GHashTable *keys;
};

static bool
is_known(nh_live *live, uint64_t key)
{
    if (g_hash_table_contains(live->keys, &key))
        return true;
    g_hash_table_add(live->keys, g_memdup2(&key, sizeof key));
    return false;
}

bool
nh_live_segment(nh_live *live, const nh_segment *segment)
{
    return (segment->ip_id != 0 || segment->has_tsval) && is_known(live, nh_mark_segment_key(segment));
}

bool
nh_live_datagram(nh_live *live, const nh_packet *datagram)
{
    return datagram->ip_id != 0 && is_known(live, nh_mark_datagram_key(datagram));
}

nh_live *
nh_live_new(const nh_tape *tape)
{
    nh_live *live = g_new(nh_live, 1);
    nh_tape_reader *reader = nh_tape_read(tape);
    nh_taped item = { 0 };

    live->keys = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    while (reader && nh_tape_next(reader, &item)) {
        if (item.kind == NH_TAPED_SEGMENT)
            nh_live_segment(live, &item.segment);
        else if (item.kind == NH_TAPED_DATAGRAM)
            nh_live_datagram(live, &item.datagram);
    }
    nh_tape_reader_free(reader);
    return live;
}

void
nh_live_free(nh_live *live)
{
    if (!live)
        return;
    g_hash_table_unref(live->keys);
    g_free(live);
}
