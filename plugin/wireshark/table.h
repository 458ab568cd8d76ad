/* table.h
 * What the tables of Statistics have in common: rows that are found by a key,
 * and columns that only the story of the whole capture can fill.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TABLE_UI_H
#define NLM_HEALTH_TABLE_UI_H

#include "wireshark/compat.h"

#include "core/model/story.h"

/* Columns of a table are listed once, as COLUMNS(X) with X(id, heading, type, align, format): their numbers, and what Wireshark is told of them. */
#define NH_COLUMN_NUMBER(id, heading, type, align, format) COLUMN_##id,
#define NH_COLUMN_ITEM(id, heading, type, align, format)   { TABLE_ITEM_##type, TAP_ALIGN_##align, heading, format },

typedef stat_tap_table_item_type nh_cell;

/* One kind of table. There is one of each, which all its windows share, as Wireshark has it. */
typedef struct nh_table {
    stat_tap_table_ui *ui;
    size_t key_size; /* of what tells rows apart */
    GHashFunc hash;
    GEqualFunc equal;
    /* Add the rows that a first pass could not know; NULL = there are none. */
    void (*gather)(struct nh_table *table, const nh_story *story);
    /* Fill in what the story of the whole capture tells of a row. */
    void (*complete)(const nh_story *story, const void *key, nh_cell *row);
    /* kept by table.c */
    GHashTable *rows;   /* key to nh_cell* */
    GPtrArray *retired; /* nh_cell*: rows of an earlier count, which other windows may still show */
    bool listening;
} nh_table;

/* For stat_tap_init_cb: an empty table. */
void nh_table_begin(nh_table *table);
/* For stat_tap_reset_table_cb: it is empty again. */
void nh_table_empty(nh_table *table);
/* Put it into the menu and on the command line. Its ui has title, cli_string, fields and the call-backs but that which frees a cell. */
void nh_table_register(nh_table *table);

/* The row of a key, made if there is none: its numbers are 0 and its texts "", or as the story tells if that is known already. */
nh_cell *nh_table_row(nh_table *table, const void *key, bool *is_new);
/* A packet was counted: sees to it that the table is completed at the end of a first pass. */
void nh_table_counted(nh_table *table);
/* A text for a cell, which owns it; text is copied. */
void nh_cell_set_text(nh_cell *cell, const char *text);

#endif
