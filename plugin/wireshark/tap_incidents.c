/* tap_incidents.c
 * Statistics > NLM Health incidents: a row for each incident.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/table.h"

#include <epan/tap.h>

#include "core/base/text.h"
#include "core/out/waits.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/status.h"
#include "wireshark/tap-nlm_health.h"

/* X(column, heading, type, alignment, how it prints) */
#define COLUMNS(X) \
    X(NUMBER, "No.", UINT, RIGHT, "%u") \
    X(START, "Start (UTC)", STRING, LEFT, "%s") \
    X(LASTED, "Lasted (s)", FLOAT, RIGHT, "%.3f") \
    X(ENDED, "Ended", STRING, LEFT, "%s") \
    X(CLIENT, "Client", STRING, LEFT, "%s") \
    X(SERVER, "Server", STRING, LEFT, "%s") \
    X(CAUSE, "Cause", STRING, LEFT, "%s") \
    X(SIDE, "Side", STRING, LEFT, "%s") \
    X(CONFIDENCE, "How sure", STRING, LEFT, "%s") \
    X(REQUESTS, "Requests hurt", UINT, RIGHT, "%u") \
    X(WAIT, "Longest wait (s)", FLOAT, RIGHT, "%.3f") \
    X(FIRST, "First packet", UINT, RIGHT, "%u") \
    X(LAST, "Last packet", UINT, RIGHT, "%u")

enum { COLUMNS(NH_COLUMN_NUMBER) COLUMN_COUNT };

static stat_tap_table_item columns[] = { COLUMNS(NH_COLUMN_ITEM) };

/*
 * On a first pass incidents have no numbers yet that last: a packet of each is
 * remembered. Without a display filter all incidents are shown.
 */
static GArray *packets; /* uint32_t */
static bool is_filtered;

static void
set_text(nh_cell *cell, char *text)
{
    nh_cell_set_text(cell, text);
    g_free(text);
}

/* The finding's title without what explains it. */
static char *
cause_text(nh_finding cause)
{
    const char *title = cause ? nh_finding_get(cause)->title : "unknown";
    return g_strndup(title, strcspn(title, ":"));
}

static void
complete(const nh_story *story, const void *key, nh_cell *row)
{
    unsigned number = *(const uint32_t *)key;
    const nh_incident *incident = number && number <= story->incidents->len ? story->incidents->pdata[number - 1] : NULL;
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    if (!incident)
        return;
    row[COLUMN_NUMBER].value.uint_value = number;
    set_text(&row[COLUMN_START], nh_time_date_clock(incident->start));
    row[COLUMN_LASTED].value.float_value = (double)incident->duration / NH_SECOND;
    nh_cell_set_text(&row[COLUMN_ENDED], nh_time_known(incident->end) ? "yes" : "no");
    nh_cell_set_text(&row[COLUMN_CLIENT], nh_addr_text(&incident->client, client));
    nh_cell_set_text(&row[COLUMN_SERVER], nh_addr_text(&incident->server, server));
    set_text(&row[COLUMN_CAUSE], cause_text(incident->cause));
    nh_cell_set_text(&row[COLUMN_SIDE], nh_side_name(incident->side) ? nh_side_name(incident->side) : "unknown");
    nh_cell_set_text(&row[COLUMN_CONFIDENCE], nh_confidence_name(incident->confidence) ? nh_confidence_name(incident->confidence) : "");
    row[COLUMN_REQUESTS].value.uint_value = nh_incident_requests(incident);
    row[COLUMN_WAIT].value.float_value = (double)nh_longest_wait(incident, story->last) / NH_SECOND;
    row[COLUMN_FIRST].value.uint_value = incident->first_frame;
    row[COLUMN_LAST].value.uint_value = incident->last_frame;
}

static void
gather(nh_table *table, const nh_story *story)
{
    bool is_new;

    for (unsigned i = 0; !is_filtered && i < story->incidents->len; i++)
        nh_table_row(table, &((const nh_incident *)story->incidents->pdata[i])->id, &is_new);
    for (unsigned i = 0; is_filtered && i < packets->len; i++) {
        uint32_t number = nlm_health_incident_of(g_array_index(packets, uint32_t, i));
        if (number)
            nh_table_row(table, &number, &is_new);
    }
}

static stat_tap_table_ui ui;
static nh_table table = {
    .ui = &ui, .key_size = sizeof(uint32_t), .hash = g_int_hash, .equal = g_int_equal, .gather = gather, .complete = complete
};

static void
forget_packets(void)
{
    if (!packets)
        packets = g_array_new(false, false, sizeof(uint32_t));
    g_array_set_size(packets, 0);
}

static void
begin(stat_tap_table_ui *the_ui)
{
    forget_packets();
    nh_table_begin(&table);
}

static void
empty(stat_tap_table *the_table)
{
    forget_packets();
    nh_table_empty(&table);
}

/* Only the command line comes by here, which is where a first pass is counted. */
static void
check_words(const char *words, const char **filter, char **error)
{
    is_filtered = *filter && **filter;
    nh_status_check(words, filter, error);
}

static tap_packet_status
count(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped, tap_flags_t flags)
{
    static uint32_t latest;
    const nh_tap_info *info = tapped;
    bool is_new;

    nh_table_counted(&table);
    if (info->incident && nlm_health_known_story())
        nh_table_row(&table, &info->incident, &is_new);
    else if (info->incident && (packets->len == 0 || info->incident != latest))
        g_array_append_val(packets, pinfo->num);
    latest = info->incident;
    return TAP_PACKET_REDRAW;
}

void
nlm_health_register_incidents(void)
{
    ui = (stat_tap_table_ui){
        .title = "NLM Health incidents",
        .cli_string = NH_TAP_NAME ",incidents",
        .stat_tap_init_cb = begin,
        .packet_func = count,
        .stat_tap_reset_table_cb = empty,
        .stat_filter_check_cb = check_words,
        .nfields = COLUMN_COUNT,
        .fields = columns,
    };
    nh_table_register(&table);
}
