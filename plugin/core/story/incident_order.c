/* incident_order.c
 * Which outages and faults are incidents, in capture order.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/incident_order.h"

#include "core/judge/incident.h"
#include "core/judge/outage.h"
#include "core/model/ports.h"
#include "core/model/position.h"

static int
by_start(const void *a, const void *b)
{
    const nh_outage *x = *(nh_outage *const *)a, *y = *(nh_outage *const *)b;

    if (x->start.frame != y->start.frame)
        return x->start.frame < y->start.frame ? -1 : 1;
    return x->pair->order < y->pair->order ? -1 : x->pair->order > y->pair->order;
}

/* Symptoms of connections that turned out to be another program's count no longer. */
static void
drop_foreign_symptoms(nh_outage *outage)
{
    for (unsigned i = outage->symptoms->len; i-- > 0;) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->conn && nh_conn_service(symptom->conn) == NH_SERVICE_NONE)
            nh_outage_retract(outage, i);
        else if (symptom->conn && nh_conn_service(symptom->conn) != NH_SERVICE_PROBABLE)
            outage->only_probable = false;
    }
}

void
nh_outages_drop_foreign(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        for (unsigned j = 0; j < pair->outages->len; j++)
            drop_foreign_symptoms(g_ptr_array_index(pair->outages, j));
    }
}

GPtrArray *
nh_outages_number(nh_watch *watch)
{
    GPtrArray *outages = g_ptr_array_new();

    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        for (unsigned j = 0; j < pair->outages->len; j++) {
            nh_outage *outage = g_ptr_array_index(pair->outages, j);
            outage->id = 0;
            if (!nh_pair_is_one_sided(pair) && outage->symptoms->len && nh_outage_is_incident(outage, watch->last))
                g_ptr_array_add(outages, outage);
        }
    }
    g_ptr_array_sort(outages, by_start);
    for (unsigned i = 0; i < outages->len; i++)
        ((nh_outage *)g_ptr_array_index(outages, i))->id = i + 1;
    watch->incidents = outages->len;
    return outages;
}

static int
by_frame(const void *a, const void *b)
{
    const nh_numbered *x = a, *y = b;

    if (x->start.frame != y->start.frame)
        return x->start.frame < y->start.frame ? -1 : 1;
    if (x->outage && y->outage)
        return x->outage->pair->order < y->outage->pair->order ? -1 : x->outage->pair->order > y->outage->pair->order;
    return (x->fault != NULL) - (y->fault != NULL);
}

static void
add_faults(nh_watch *watch, GArray *all)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++)
        ((nh_pair *)g_ptr_array_index(watch->pair_list, i))->faults = 0;
    for (unsigned i = 0; i < watch->faults->len; i++) {
        nh_fault *fault = g_ptr_array_index(watch->faults, i);
        nh_numbered row = { fault->at, NULL, fault };
        fault->id = 0;
        if (!nh_fault_is_reported(fault))
            continue;
        fault->pair->faults++;
        g_array_append_val(all, row);
    }
}

GArray *
nh_incidents_number(nh_watch *watch)
{
    GPtrArray *outages = nh_outages_number(watch);
    GArray *all = g_array_new(false, false, sizeof(nh_numbered));

    for (unsigned i = 0; i < outages->len; i++) {
        nh_outage *outage = g_ptr_array_index(outages, i);
        nh_numbered row = { outage->start, outage, NULL };
        g_array_append_val(all, row);
    }
    g_ptr_array_unref(outages);
    add_faults(watch, all);
    g_array_sort(all, by_frame);
    for (unsigned i = 0; i < all->len; i++) {
        const nh_numbered *row = &g_array_index(all, nh_numbered, i);
        *(row->outage ? &row->outage->id : &row->fault->id) = i + 1;
    }
    watch->incidents = all->len;
    return all;
}
