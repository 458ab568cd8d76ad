/* list.c
 * Lists of pointers.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/base/list.h"

#include <string.h>

void
nh_list_clear(nh_list *list)
{
    g_free(list->items);
    *list = (nh_list){ .len = 0 };
}

void
nh_list_insert(nh_list *list, unsigned i, void *item)
{
    nh_list_add(list, item);
    memmove(list->items + i + 1, list->items + i, (list->len - 1 - i) * sizeof *list->items);
    list->items[i] = item;
}

void
nh_list_remove(nh_list *list, unsigned i)
{
    list->len--;
    memmove(list->items + i, list->items + i + 1, (list->len - i) * sizeof *list->items);
}
