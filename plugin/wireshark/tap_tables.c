/* tap_tables.c
 * Per pair of hosts: calls, answers, findings, as a statistics tree and as a
 * sortable table.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <epan/tap.h>

#include "wireshark/tap-nlm_health.h"

static double
milliseconds(nh_time duration)
{
    return (double)duration / NH_MSEC;
}

/* --- statistics tree ------------------------------------------------------ */

#define TREE_ROOT "Hosts"

static int tree_root = -1;

static void
init_tree(stats_tree *tree)
{
    tree_root = stats_tree_create_node(tree, TREE_ROOT, 0, STAT_DT_INT, true);
}

static void
count_findings(stats_tree *tree, int pair, uint64_t findings)
{
    for (unsigned i = 1; i < NH_FINDING_COUNT; i++) {
        if (!(findings & (G_GUINT64_CONSTANT(1) << i)))
            continue;
        char *name = g_strdup_printf("finding %s", nh_finding_name(i));
        tick_stat_node(tree, name, pair, false);
        g_free(name);
    }
}

static tap_packet_status
count_in_tree(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt, const void *data, tap_flags_t flags)
{
    const nh_tap_info *info = data;
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    char *name = g_strdup_printf("%s -> %s", nh_addr_text(&info->client, client), nh_addr_text(&info->server, server));

    tick_stat_node(tree, TREE_ROOT, 0, true);
    int pair = tick_stat_node(tree, name, tree_root, true);
    increase_stat_node(tree, "calls", pair, false, (int)info->calls);
    increase_stat_node(tree, "calls resent", pair, false, (int)info->resent);
    increase_stat_node(tree, "answers", pair, false, (int)info->answers);
    increase_stat_node(tree, "refusals", pair, false, (int)info->denied);
    if (nh_time_known(info->answered_in))
        avg_stat_node_add_value_float(tree, "milliseconds to the answer", pair, false, (gfloat)milliseconds(info->answered_in));
    count_findings(tree, pair, info->findings);
    g_free(name);
    return TAP_PACKET_REDRAW;
}

/* --- table of pairs -------------------------------------------------------- */

/* X(column, heading, type, how it prints) */
#define COLUMNS(X) \
    X(CLIENT, "Client", STRING, "%s") \
    X(SERVER, "Server", STRING, "%s") \
    X(CALLS, "Calls", UINT, "%u") \
    X(ANSWERED, "Answered", UINT, "%u") \
    X(UNANSWERED, "Unanswered", UINT, "%u") \
    X(RESENT, "Resent", UINT, "%u") \
    X(DENIED, "Denied", UINT, "%u") \
    X(SLOWEST, "Slowest (ms)", FLOAT, "%.3f") \
    X(FINDINGS, "Findings", UINT, "%u") \
    X(INCIDENTS, "Incidents", UINT, "%u")

typedef enum {
#define X(id, heading, type, format) COLUMN_##id,
    COLUMNS(X)
#undef X
        COLUMN_COUNT
} column;

static stat_tap_table_item columns[] = {
#define ALIGN_STRING                 TAP_ALIGN_LEFT
#define ALIGN_UINT                   TAP_ALIGN_RIGHT
#define ALIGN_FLOAT                  TAP_ALIGN_RIGHT
#define X(id, heading, type, format) { TABLE_ITEM_##type, ALIGN_##type, heading, format },
    COLUMNS(X)
#undef X
};

static void
init_table(stat_tap_table_ui *ui)
{
    static const char title[] = "NLM Health pairs";
    stat_tap_table *table = stat_tap_find_table(ui, title);

    if (table) {
        if (ui->stat_tap_reset_table_cb)
            ui->stat_tap_reset_table_cb(table);
        return;
    }
    table = stat_tap_init_table(title, COLUMN_COUNT, 0, NULL);
    stat_tap_add_table(ui, table);
}

static void
init_row(stat_tap_table *table, unsigned row, const char *client, const char *server)
{
    stat_tap_table_item_type items[COLUMN_COUNT];

    memset(items, 0, sizeof items);
    for (unsigned i = 0; i < COLUMN_COUNT; i++)
        items[i].type = columns[i].type;
    items[COLUMN_CLIENT].value.string_value = g_strdup(client);
    items[COLUMN_SERVER].value.string_value = g_strdup(server);
    stat_tap_init_table_row(table, row, COLUMN_COUNT, items);
}

static unsigned
find_row(stat_tap_table *table, const nh_tap_info *info)
{
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    unsigned row;

    nh_addr_text(&info->client, client);
    nh_addr_text(&info->server, server);
    for (row = 0; row < table->num_elements; row++)
        if (strcmp(stat_tap_get_field_data(table, row, COLUMN_CLIENT)->value.string_value, client) == 0 &&
            strcmp(stat_tap_get_field_data(table, row, COLUMN_SERVER)->value.string_value, server) == 0)
            return row;
    init_row(table, row, client, server);
    return row;
}

static unsigned *
cell(stat_tap_table *table, unsigned row, column which)
{
    return &stat_tap_get_field_data(table, row, which)->value.uint_value;
}

static unsigned
count_bits(uint64_t bits)
{
    unsigned count = 0;
    for (; bits; bits &= bits - 1)
        count++;
    return count;
}

static tap_packet_status
count_in_table(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *tapped, tap_flags_t flags)
{
    const nh_tap_info *info = tapped;
    stat_data_t *stat = data;
    stat_tap_table *table = g_array_index(stat->stat_tap_data->tables, stat_tap_table *, 0);
    unsigned row = find_row(table, info);
    stat_tap_table_item_type *slowest = stat_tap_get_field_data(table, row, COLUMN_SLOWEST);
    stat_tap_table_item_type *incidents = stat_tap_get_field_data(table, row, COLUMN_INCIDENTS);

    *cell(table, row, COLUMN_CALLS) += info->calls;
    *cell(table, row, COLUMN_ANSWERED) += info->answers;
    *cell(table, row, COLUMN_RESENT) += info->resent;
    *cell(table, row, COLUMN_DENIED) += info->denied;
    *cell(table, row, COLUMN_FINDINGS) += count_bits(info->findings);
    *cell(table, row, COLUMN_UNANSWERED) = MAX(*cell(table, row, COLUMN_CALLS), *cell(table, row, COLUMN_ANSWERED)) -
                                           *cell(table, row, COLUMN_ANSWERED);
    if (nh_time_known(info->answered_in))
        slowest->value.float_value = MAX(slowest->value.float_value, milliseconds(info->answered_in));
    /* incidents of one pair come one after the other, so the last one is enough to know a new one */
    if (info->incident && info->incident != incidents->user_data.uint_value) {
        incidents->user_data.uint_value = info->incident;
        incidents->value.uint_value++;
    }
    return TAP_PACKET_REDRAW;
}

static void
reset_table(stat_tap_table *table)
{
    for (unsigned row = 0; row < table->num_elements; row++)
        for (unsigned i = COLUMN_SERVER + 1; i < COLUMN_COUNT; i++) {
            stat_tap_table_item_type *item = stat_tap_get_field_data(table, row, i);
            memset(&item->value, 0, sizeof item->value);
            memset(&item->user_data, 0, sizeof item->user_data);
        }
}

static void
free_cell(stat_tap_table *table, unsigned row, unsigned which, stat_tap_table_item_type *item)
{
    if (item->type == TABLE_ITEM_STRING)
        g_free((char *)item->value.string_value);
}

void
nlm_health_register_tables(void)
{
    static tap_param params[] = { { PARAM_FILTER, "filter", "Filter", NULL, true } };
    static stat_tap_table_ui ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "NLM Health pairs",
        .tap_name = NH_TAP_NAME,
        .cli_string = NH_TAP_NAME ",pairs",
        .stat_tap_init_cb = init_table,
        .packet_func = count_in_table,
        .stat_tap_reset_table_cb = reset_table,
        .stat_tap_free_table_item_cb = free_cell,
        .nfields = COLUMN_COUNT,
        .fields = columns,
        .nparams = G_N_ELEMENTS(params),
        .params = params,
    };

    register_stat_tap_table_ui(&ui);
    /* tshark puts ",tree" behind the name */
    stats_tree_register_plugin(NH_TAP_NAME, NH_TAP_NAME, "NLM Health" NH_TREE_MENU "Calls and findings", TL_REQUIRES_NOTHING, count_in_tree,
                               init_tree, NULL);
}
