/* tap_pairs.c
 * Statistics > NLM Health pairs: a row for each pair of hosts, the one whose application waited longest first.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/table.h"

#include <epan/tap.h>

#include "core/base/hash.h"
#include "core/out/waits.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/status.h"
#include "wireshark/tap-nlm_health.h"

/* X(column, heading, type, alignment, how it prints) */
#define COLUMNS(X) \
    X(RANK, "No.", UINT, RIGHT, "%u") \
    X(CLIENT, "Client", STRING, LEFT, "%s") \
    X(SERVER, "Server", STRING, LEFT, "%s") \
    X(INCIDENTS, "Incidents", UINT, RIGHT, "%u") \
    X(WAIT, "Longest wait (s)", FLOAT, RIGHT, "%.3f") \
    X(OUTAGE, "Outage (s)", FLOAT, RIGHT, "%.3f") \
    X(CALLS, "Calls", UINT, RIGHT, "%u") \
    X(ANSWERED, "Answered", UINT, RIGHT, "%u") \
    X(UNANSWERED, "Unanswered", UINT, RIGHT, "%u") \
    X(RESENT, "Resent", UINT, RIGHT, "%u") \
    X(DENIED, "Denied", UINT, RIGHT, "%u") \
    X(SLOWEST, "Slowest (ms)", FLOAT, RIGHT, "%.3f") \
    X(FINDINGS, "Findings", UINT, RIGHT, "%u")

enum { COLUMNS(NH_COLUMN_NUMBER) COLUMN_COUNT };

static stat_tap_table_item columns[] = { COLUMNS(NH_COLUMN_ITEM) };

/* Of the present story, by pair. */
static const nh_pair_waits *
waits_of(const nh_story *story, const nh_pair_key *key)
{
    static GPtrArray *waits;
    static GHashTable *by_pair;
    static unsigned told_in; /* the number of the story they are of */

    if (!waits || told_in != nlm_health_story_number()) {
        g_clear_pointer(&by_pair, g_hash_table_unref);
        g_clear_pointer(&waits, g_ptr_array_unref);
        waits = nh_waits_of_pairs(story);
        by_pair = g_hash_table_new(nh_pair_key_hash, nh_pair_key_equal);
        for (unsigned i = 0; i < waits->len; i++)
            g_hash_table_add(by_pair, waits->pdata[i]);
        told_in = nlm_health_story_number();
    }
    return g_hash_table_lookup(by_pair, key);
}

static void
complete(const nh_story *story, const void *key, nh_cell *row)
{
    const nh_pair_waits *pair = waits_of(story, key);

    row[COLUMN_RANK].value.uint_value = pair ? pair->rank : G_MAXUINT16; /* those that no call tells of come last */
    row[COLUMN_INCIDENTS].value.uint_value = pair ? pair->incidents : 0;
    row[COLUMN_WAIT].value.float_value = pair ? (double)pair->wait / NH_SECOND : 0;
    row[COLUMN_OUTAGE].value.float_value = pair ? (double)pair->outage / NH_SECOND : 0;
}

static stat_tap_table_ui ui;
static nh_table table = {
    .ui = &ui, .key_size = sizeof(nh_pair_key), .hash = nh_pair_key_hash, .equal = nh_pair_key_equal, .complete = complete
};

static void
begin(stat_tap_table_ui *the_ui)
{
    nh_table_begin(&table);
}

static void
empty(stat_tap_table *the_table)
{
    nh_table_empty(&table);
}

static unsigned
count_bits(uint64_t bits)
{
    unsigned count = 0;
    for (; bits; bits &= bits - 1)
        count++;
    return count;
}

static void
name_row(nh_cell *row, const nh_tap_info *info)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    nh_cell_set_text(&row[COLUMN_CLIENT], nh_addr_text(&info->client, client));
    nh_cell_set_text(&row[COLUMN_SERVER], nh_addr_text(&info->server, server));
}

static tap_packet_status
count(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped, tap_flags_t flags)
{
    const nh_tap_info *info = tapped;
    nh_pair_key key = { info->client, info->server };
    bool is_new;
    nh_cell *row = nh_table_row(&table, &key, &is_new);

    if (is_new)
        name_row(row, info);
    row[COLUMN_CALLS].value.uint_value += info->calls;
    row[COLUMN_ANSWERED].value.uint_value += info->answers;
    row[COLUMN_RESENT].value.uint_value += info->resent;
    row[COLUMN_DENIED].value.uint_value += info->denied;
    row[COLUMN_FINDINGS].value.uint_value += count_bits(info->findings);
    unsigned calls = row[COLUMN_CALLS].value.uint_value, answered = row[COLUMN_ANSWERED].value.uint_value;
    row[COLUMN_UNANSWERED].value.uint_value = MAX(calls, answered) - answered;
    if (nh_time_known(info->answered_in)) {
        double *slowest = &row[COLUMN_SLOWEST].value.float_value, took = (double)info->answered_in / NH_MSEC;
        *slowest = MAX(*slowest, took);
    }
    nh_table_counted(&table);
    return TAP_PACKET_REDRAW;
}

void
nlm_health_register_pairs(void)
{
    ui = (stat_tap_table_ui){
        .title = "NLM Health pairs",
        .cli_string = NH_TAP_NAME ",pairs",
        .stat_tap_init_cb = begin,
        .packet_func = count,
        .stat_tap_reset_table_cb = empty,
        .stat_filter_check_cb = nh_status_check,
        .nfields = COLUMN_COUNT,
        .fields = columns,
    };
    nh_table_register(&table);
}
