/* log_dialog.h
 * Tools > NLM Health > Kernel log...: which log goes with the capture that is open.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOG_DIALOG_H
#define NLM_HEALTH_LOG_DIALOG_H

/*
 * A log that lies beside a capture and bears its name: NAME.log, else
 * NAME.SOMETHING.kernel.log (or NAME.kernel.log); NULL when there is none. Caller frees.
 */
char *nh_log_beside(const char *capture);

/* Ask for the log of the capture that is open; one that lies beside it stands in the field, and is taken when it is confirmed. */
void nh_log_dialog_open(void);

#endif
