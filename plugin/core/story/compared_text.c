/* compared_text.c
 * What two capture points say of an outage, in words.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/compared_text.h"

#include "core/base/text.h"
#include "core/judge/compared.h"
#include "core/story/remark_text.h"

/* What rule the losses follow, and where to look for that. */
static const nh_remark_id rules[] = {
    [NH_LOST_SOME] = NH_REMARK_NONE,
    [NH_LOST_ALL] = NH_REMARK_LOST_ALL,
    [NH_LOST_ONE_WAY] = NH_REMARK_LOST_ONE_WAY,
    [NH_LOST_PORT] = NH_REMARK_LOST_PORT,
    [NH_LOST_LARGE] = NH_REMARK_LOST_LARGE,
    [NH_LOST_PORT_OR_LARGE] = NH_REMARK_LOST_PORT_OR_LARGE,
    [NH_LOST_SYNACKS] = NH_REMARK_LOST_SYNACKS,
    [NH_LOST_CONNECTION] = NH_REMARK_LOST_CONNECTION,
};

static void
add_rule(GString *text, const nh_compared *c, int sender, const char *const names[2])
{
    nh_remark rule = { rules[c->kind],
                       { NH_NUMBER(c->port), NH_NUMBER(c->least_lost), NH_NUMBER(c->most_passed), NH_POINTER(names[sender]),
                         NH_NUMBER(c->first_lost[sender].time), NH_NUMBER(c->last_lost[sender].time) } };

    if (rule.id == NH_REMARK_NONE || (rule.id == NH_REMARK_LOST_ALL && c->meanwhile > 0))
        return;
    char *words = nh_remark_text(&rule);
    g_string_append_printf(text, " %s", words);
    g_free(words);
}

/* "Frame 306 left 10.7.1.2 and was not seen at 10.7.1.1, nor were 9 more from 12:21:41.009 to 12:23:28.448; meanwhile 26 other packets got through." */
static char *
lost_text(const nh_compared *c, int sender, const char *const names[2])
{
    GString *text = g_string_new(NULL);
    char *from = nh_time_clock(c->first_lost[sender].time), *to = nh_time_clock(c->last_lost[sender].time);

    g_string_append_printf(text, "Frame %u left %s and was not seen at %s", c->first_lost[sender].frame, names[sender], names[!sender]);
    if (c->lost[sender] > 1)
        g_string_append_printf(text, ", nor %s %u more, from %s to %s", c->lost[sender] == 2 ? "was" : "were", c->lost[sender] - 1, from,
                               to);
    if (c->lost[sender] < c->left[sender])
        g_string_append_printf(text, "; %u of its kind came through", c->left[sender] - c->lost[sender]);
    if (c->lost[!sender] == 0 && c->left[!sender] > 0 && c->kind != NH_LOST_ONE_WAY)
        g_string_append(text, "; what was sent the other way came through");
    if (c->meanwhile > 0)
        g_string_append_printf(text, "; meanwhile %u other packet%s got through%s", c->meanwhile, nh_plural(c->meanwhile),
                               c->kind == NH_LOST_ALL ? ", after the last of these" : "");
    g_free(from);
    g_free(to);
    g_string_append_c(text, '.');
    add_rule(text, c, sender, names);
    return g_string_free(text, FALSE);
}

/* "All 10 copies reached 10.7.1.1 (frame 306 left, 307 arrived, 7 ms later)"; acknowledgments of what was sent back are no copies */
static char *
arrived_text(const nh_compared *c, int sender, const char *const names[2], const char *and)
{
    char *took = nh_duration_text(ABS(c->took[sender]));
    char *text = c->left[sender] == 1 ? g_strdup_printf("It reached %s (frame %u left, %u arrived, %s later); %s.", names[!sender],
                                                        c->first_left[sender], c->first_arrived[sender], took, and)
                                      : g_strdup_printf("All %u %s reached %s (frame %u left, %u arrived, %s later); %s.", c->left[sender],
                                                        c->resent > 0 ? "packets" : "copies", names[!sender], c->first_left[sender],
                                                        c->first_arrived[sender], took, and);
    g_free(took);
    return text;
}

static char *
not_answered_text(const nh_compared *c, const char *const names[2])
{
    if (c->resent == 0)
        return arrived_text(c, c->asker, names, "nothing was sent back");
    char *and = g_strdup_printf("what %s sent meanwhile, %u packet%s, acknowledges none of it", names[!c->asker], c->resent,
                                nh_plural(c->resent));
    char *text = arrived_text(c, c->asker, names, and);
    g_free(and);
    return text;
}

/* Why the points decide nothing, where they might have. */
static char *
not_compared_text(const nh_compared *c)
{
    if (c->known || c->outside + c->unheard_of == 0)
        return NULL;
    if (c->outside > 0)
        return g_strdup("Whether its packets arrived cannot be said: not both points captured at that time.");
    return g_strdup("Whether its packets arrived cannot be said: the other point has nothing of that port, or of that sender, and may "
                    "have been filtered.");
}

char *
nh_compared_text(const nh_outage *outage, const nh_judgement *judgement)
{
    const nh_compared *c = &outage->compared;
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];
    const char *const names[2] = { nh_addr_text(&outage->pair->client, client), nh_addr_text(&outage->pair->server, server) };
    nh_finding cause = judgement->evidence ? judgement->evidence->finding : judgement->cause;

    switch (nh_compared_outcome(outage, cause)) {
    case NH_OUTCOME_LOST_ASKING:
        return lost_text(c, c->asker, names);
    case NH_OUTCOME_LOST_ANSWERS:
        return lost_text(c, !c->asker, names);
    case NH_OUTCOME_NOT_ANSWERED:
        return not_answered_text(c, names);
    case NH_OUTCOME_NOT_TAKEN:
        return arrived_text(c, !c->asker, names, "nothing was sent back");
    case NH_OUTCOME_ANSWER_FORGED:
        return g_strdup_printf("What refused it was never seen at %s: something on the way sent it.", names[!c->asker]);
    default:
        return not_compared_text(c);
    }
}
