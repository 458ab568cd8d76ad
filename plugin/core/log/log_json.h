/* log_json.h
 * Records of JSON in a log, whole ones and those of a file that is cut off, which a parser of documents (json-glib, which
 * few systems have beside Wireshark) refuses.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_JSON_H
#define NLM_HEALTH_LOG_JSON_H

#include "core/log/log_record.h"

typedef struct {
    const char *text, *end;
    nh_log_row_func take;
    void *data;
} nh_log_json_place;

/*
 * The value that begins at from, an object or an array, and everything in it that
 * holds a message. number: of the line it begins in. Returns where reading goes on:
 * behind the last object that was whole; from itself when there is none.
 */
const char *nh_log_json_read(const nh_log_json_place *place, const char *from, unsigned number);

#endif
