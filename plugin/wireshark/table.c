/* table.c
 * What the tables of Statistics have in common: rows that are found by a key,
 * and columns that only the story of the whole capture can fill.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/table.h"

#include <epan/tap.h>

#include "wireshark/packet-nlm_health.h"
#include "wireshark/tap-nlm_health.h"

static stat_tap_table *
table_of(const nh_table *table)
{
    return table->ui->tables && table->ui->tables->len ? g_array_index(table->ui->tables, stat_tap_table *, 0) : NULL;
}

void
nh_table_empty(nh_table *table)
{
    stat_tap_table *shown = table_of(table);

    for (unsigned i = 0; shown && i < shown->num_elements; i++)
        g_ptr_array_add(table->retired, shown->elements[i]);
    if (shown)
        shown->num_elements = 0;
    g_hash_table_remove_all(table->rows);
}

void
nh_cell_set_text(nh_cell *cell, const char *text)
{
    g_free((char *)cell->value.string_value);
    cell->value.string_value = g_strdup(text);
}

static void
free_cell(stat_tap_table *table, unsigned row, unsigned column, stat_tap_table_item_type *cell)
{
    if (cell->type == TABLE_ITEM_STRING)
        g_free((char *)cell->value.string_value);
}

/* No window shows them any more. */
static void
free_retired(nh_table *table)
{
    for (unsigned i = 0; i < table->retired->len; i++) {
        nh_cell *row = table->retired->pdata[i];
        for (size_t column = 0; column < table->ui->nfields; column++)
            free_cell(NULL, i, (unsigned)column, &row[column]);
        g_free(row);
    }
    g_ptr_array_set_size(table->retired, 0);
}

void
nh_table_begin(nh_table *table)
{
    if (!table->rows) {
        table->rows = g_hash_table_new_full(table->hash, table->equal, g_free, NULL);
        table->retired = g_ptr_array_new();
    }
    if (table->listening)
        remove_tap_listener(table);
    table->listening = false;
    nh_table_empty(table);
    if (table_of(table))
        return;
    free_retired(table);
    stat_tap_add_table(table->ui, stat_tap_init_table(table->ui->title, (int)table->ui->nfields, 0, NULL));
}

static nh_cell *
add_row(nh_table *table)
{
    stat_tap_table *shown = table_of(table);
    unsigned row = shown->num_elements;
    nh_cell *cells = g_new0(nh_cell, table->ui->nfields);

    for (size_t i = 0; i < table->ui->nfields; i++) {
        cells[i].type = table->ui->fields[i].type;
        if (cells[i].type == TABLE_ITEM_STRING)
            cells[i].value.string_value = g_strdup("");
    }
    stat_tap_init_table_row(shown, row, (unsigned)table->ui->nfields, cells); /* copies them */
    g_free(cells);
    return shown->elements[row];
}

nh_cell *
nh_table_row(nh_table *table, const void *key, bool *is_new)
{
    const nh_story *known = nlm_health_known_story();
    nh_cell *row = g_hash_table_lookup(table->rows, key);

    *is_new = row == NULL;
    if (row)
        return row;
    row = add_row(table);
    g_hash_table_insert(table->rows, g_memdup2(key, table->key_size), row);
    if (known)
        table->complete(known, key, row);
    return row;
}

/* By the first column, a number. */
static int
by_number(const void *a, const void *b)
{
    const nh_cell *x = *(nh_cell *const *)a, *y = *(nh_cell *const *)b;
    return x->value.uint_value < y->value.uint_value ? -1 : x->value.uint_value > y->value.uint_value;
}

static void
complete_all(void *data)
{
    nh_table *table = data;
    stat_tap_table *shown = table_of(table);
    GHashTableIter iter;
    void *key, *row;

    if (!shown)
        return;
    if (table->gather)
        table->gather(table, nlm_health_story());
    g_hash_table_iter_init(&iter, table->rows);
    while (g_hash_table_iter_next(&iter, &key, &row))
        table->complete(nlm_health_story(), key, row);
    qsort(shown->elements, shown->num_elements, sizeof *shown->elements, by_number);
}

/*
 * A first pass knows the whole capture only when all is counted, and no
 * call-back of a table comes then. A listener of its own is drawn before the table
 * is, if it was registered later: Wireshark draws the newest first.
 */
static void
listen_for_the_end(nh_table *table)
{
    GString *error = register_tap_listener(NH_TAP_NO_PACKETS, table, NULL, TL_REQUIRES_NOTHING, NULL, NULL, complete_all, NULL);

    table->listening = error == NULL;
    if (error)
        g_string_free(error, true);
}

void
nh_table_counted(nh_table *table)
{
    if (!table->listening && !nlm_health_known_story())
        listen_for_the_end(table);
}

void
nh_table_register(nh_table *table)
{
    static tap_param params[] = { { PARAM_FILTER, "filter", "Filter", NULL, true } };

    table->ui->group = REGISTER_PACKET_STAT_GROUP_UNSORTED;
    table->ui->tap_name = NH_TAP_NAME;
    table->ui->stat_tap_free_table_item_cb = free_cell;
    table->ui->nparams = G_N_ELEMENTS(params);
    table->ui->params = params;
    register_stat_tap_table_ui(table->ui);
}
