/* verdict.h
 * Verdicts on connections: from what TCP did to a finding, a trouble and a symptom.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_VERDICT_H
#define NLM_HEALTH_VERDICT_H

#include "core/model/model.h"

/* Who would have had to answer: a verdict on him is given only when the capture shows his packets at all. */
typedef enum { NH_SILENT_NOBODY, NH_SILENT_CLIENT, NH_SILENT_SERVER } nh_silent;

/*
 * Something is wrong with a connection. Notes it on the frame, begins or
 * continues the trouble and tells the pair's outage; withheld while only one
 * direction of the pair has been seen. text is taken over.
 */
void nh_verdict(nh_conn *conn, nh_finding finding, nh_silent silent, nh_moment at, nh_moment since, char *text);
/* A finding that is no trouble of the connection; text is taken over. */
void nh_remark(nh_conn *conn, nh_finding finding, nh_moment at, char *text);
/* A connection of this way on which this verdict is withheld, other than the port mapper's, or NULL. */
nh_conn *nh_verdict_withheld(const nh_pair *pair, nh_finding finding, nh_way way);
/* Give the verdicts that waited for the other direction, if it was seen by now. */
void nh_verdict_give_withheld(nh_pair *pair);
/* A packet of the pair was seen: verdicts that waited for the other direction are given. */
static inline void
nh_verdict_release(nh_pair *pair)
{
    if (pair->withheld) /* hardly ever, and each packet asks */
        nh_verdict_give_withheld(pair);
}
/* One more reset of the pair: true when it is folded into a storm. Begins the storm at the third within a second. */
bool nh_verdict_storm(nh_conn *conn, nh_moment at);
/* The connection carries another program: nothing of it was our business. */
void nh_verdict_disown(nh_conn *conn);
/* What went wrong with the connection concerned another program: it is no symptom of the pair. */
void nh_verdict_forget(nh_conn *conn);
/* The service of a connection by what is known now. */
nh_service nh_conn_service(const nh_conn *conn);

#endif
