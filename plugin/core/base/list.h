/* list.h
 * Lists of pointers that each packet adds to or takes from. Not GLib's, whose calls take five times the instructions.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LIST_H
#define NLM_HEALTH_LIST_H

#include <stdbool.h>

#include <glib.h>

/* One that is all zero is empty. What the pointers point to is not the list's. */
typedef struct {
    void **items;
    unsigned len, room;
} nh_list;

/* To be ended with this. */
void nh_list_clear(nh_list *list);
/* Before item i; i may be the length of the list. */
void nh_list_insert(nh_list *list, unsigned i, void *item);
/* Those behind it move up. */
void nh_list_remove(nh_list *list, unsigned i);

static inline void
nh_list_add(nh_list *list, void *item)
{
    if (list->len == list->room) {
        list->room = MAX(2 * list->room, 2);
        list->items = g_renew(void *, list->items, list->room);
    }
    list->items[list->len++] = item;
}

static inline bool
nh_list_has(const nh_list *list, const void *item)
{
    for (unsigned i = 0; i < list->len; i++)
        if (list->items[i] == item)
            return true;
    return false;
}

/* The last one takes its place. */
static inline void
nh_list_drop_at(nh_list *list, unsigned i)
{
    list->items[i] = list->items[--list->len];
}

/* false when it is not there. Most came lately, behind others that may never go. */
static inline bool
nh_list_drop(nh_list *list, const void *item)
{
    for (unsigned i = list->len; i-- > 0;)
        if (list->items[i] == item) {
            nh_list_drop_at(list, i);
            return true;
        }
    return false;
}

#endif
