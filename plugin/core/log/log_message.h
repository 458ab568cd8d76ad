/* log_message.h
 * What a line of a kernel log says, of lock servers and of itself.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_MESSAGE_H
#define NLM_HEALTH_LOG_MESSAGE_H

#include "core/log/kernel_log.h"

/* A message and where it stands in its line. */
typedef struct {
    nh_log_event event;
    const char *start, *end;
    const char *server, *server_end;
    bool has_program;
    unsigned task, alarm_ms;
} nh_log_message;

/* The message whose program's name ends at colon and begins at or after from. */
bool nh_log_message_at(const char *from, const char *colon, const char *line_end, nh_log_message *m);
/* Words of another system's lock client, or of the log about lines that it lacks. */
bool nh_log_message_aside(const char *from, const char *line_end, nh_log_message *m);
/* The line ends within a message about a server, as mail and terminals wrap it. */
bool nh_log_message_is_cut(const char *line, const char *line_end);

#endif
