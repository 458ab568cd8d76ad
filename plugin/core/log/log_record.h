/* log_record.h
 * One record of a structured log: its fields, gathered, and the row that they make.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_RECORD_H
#define NLM_HEALTH_LOG_RECORD_H

#include "core/base/core.h"

/* text: not ended by NUL, valid during the call; number: line in the file, from 1. */
typedef void (*nh_log_row_func)(const char *text, size_t length, unsigned number, void *data);

typedef struct {
    char *stamp;   /* as a row has it; NULL: none */
    unsigned rank; /* of the field that it is from: a lower one is better */
    char *uptime, *host, *message;
} nh_log_record;

/* A field by its name in JSON or in the journal; others than those of the table are passed over unless they hold a message. */
void nh_log_record_field(nh_log_record *record, const char *name, const char *value, bool is_number);
/* What the outer record has and this one lacks. */
void nh_log_record_inherit(nh_log_record *record, const nh_log_record *outer);
/* Written out as rows, if it has a message; it is empty then. */
void nh_log_record_end(nh_log_record *record, unsigned number, nh_log_row_func take, void *data);
void nh_log_record_clear(nh_log_record *record);

#endif
