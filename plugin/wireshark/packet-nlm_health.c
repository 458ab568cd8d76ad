/* packet-nlm_health.c
 * The protocol NLM Health: its registration, and what lives as long as a file.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <epan/epan.h>
#include <epan/expert.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/tap.h>

#include "wireshark/facts.h"
#include "wireshark/flow.h"
#include "core/model/frames.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/show.h"
#include "wireshark/steps.h"
#include "wireshark/window.h"
#include "core/watch.h"

static nh_watch *watch;
static nh_story *story;
static bool story_is_stale;
static unsigned stories_told;
static int64_t told_at, telling_took; /* microseconds: when the story was told last, and how long that took */

/* The frame whose facts are taken, or were taken last. */
static struct {
    uint32_t number;
    int64_t offset; /* in the file */
    bool taken;
} current;

/* --- state: lives as long as the file ------------------------------------------------ */

static void
start_file(void)
{
    nh_options options;

    nh_facts_begin();
    nh_window_file_begins();
    nh_prefs_options(&options);
    options.is_claimed = nh_facts_port_is_claimed;
    watch = nh_watch_new(&options);
    story_is_stale = true;
    memset(&current, 0, sizeof current);
}

static void
end_file(void)
{
    nh_steps_forget();
    nh_story_free(story);
    nh_watch_free(watch);
    story = NULL;
    watch = NULL;
}

/*
 * Whether the facts of this frame are still to be taken: once per frame, when
 * Wireshark meets it first (a redissection of the whole file begins with
 * start_file()). Two things happen under a read filter: a frame that it rejects
 * gives its number to the next one, which is another frame, and the window
 * dissects each frame twice before it has been "visited", which is the same one.
 */
static bool
is_new(const packet_info *pinfo)
{
    if (pinfo->fd->visited)
        return false;
    if (pinfo->num != current.number || pinfo->fd->file_off != current.offset) {
        if (pinfo->num <= current.number)
            nh_frame_drop(watch, pinfo->num);
        current.number = pinfo->num;
        current.offset = pinfo->fd->file_off;
        current.taken = false;
    }
    return !current.taken;
}

static nh_watch *
facts_sink(const packet_info *pinfo)
{
    return watch && is_new(pinfo) ? watch : NULL;
}

const nh_story *
nlm_health_story(void)
{
    static nh_story *empty;

    if (!watch) {
        if (!empty)
            empty = nh_story_new();
        return empty;
    }
    if (story_is_stale || !story) {
        int64_t start = g_get_monotonic_time();
        nh_steps_forget();
        nh_story_free(story);
        story = nh_watch_story(watch);
        told_at = g_get_monotonic_time();
        telling_took = told_at - start;
        story->wireshark = epan_get_version();
        nh_prefs_complaints(story->messages);
        story_is_stale = false;
        stories_told++;
    }
    return story;
}

const nh_story *
nlm_health_known_story(void)
{
    return watch && !story_is_stale ? story : NULL;
}

unsigned
nlm_health_story_number(void)
{
    return stories_told;
}

uint32_t
nlm_health_incident_of(uint32_t frame)
{
    nh_view view;

    nlm_health_story(); /* gives the incidents their numbers */
    return watch && nh_view_frame(nh_watch_shown(watch), frame, &view) ? nh_view_incident(&view) : 0;
}

/*
 * During a live capture packets come between the redrawings of the list, and each
 * redrawing would have the story told anew. It gets a fifth of the time; meanwhile
 * packets show what was known when they came.
 */
static bool
may_tell_again(void)
{
    return !story || g_get_monotonic_time() - told_at >= 4 * telling_took;
}

/* --- the post-dissector ----------------------------------------------------------------- */

static int
dissect_nlm_health(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    nh_view view;

    if (!watch)
        return 0;
    if (is_new(pinfo)) {
        nh_watch_frame(watch, pinfo->num, nh_facts_time(pinfo));
        current.taken = true;
        story_is_stale = true;
    } else if (story_is_stale && may_tell_again()) {
        nlm_health_story(); /* a later pass shows what the whole capture knows */
    }
    const nh_watch *shown = story_is_stale ? watch : nh_watch_shown(watch);
    const nh_frame *frame = nh_frame_find(shown, pinfo->num);
    if (frame && nh_show_is_wanted(frame, tree) && nh_view_frame(shown, pinfo->num, &view)) {
        nh_show_frame(tvb, pinfo, tree, &view, story_is_stale ? NULL : story);
        nh_show_tap(pinfo, &view);
    } else if (shown != watch && tree) {
        nh_show_point(tvb, pinfo, tree, shown->points); /* the other point's copy of it */
    }
    return 1; /* how much of it was dissected nobody asks of a protocol in name only */
}

/* --- registration --------------------------------------------------------------------------- */

void
proto_register_nlm_health(void)
{
    int proto_nlm_health = proto_register_protocol("NLM Health (NFS lock outages)", "NLM Health", "nlm_health");
    nh_show_register(proto_nlm_health);
    nh_prefs_register(proto_nlm_health);
    nh_flow_register(proto_nlm_health);
    register_init_routine(start_file);
    register_cleanup_routine(end_file);
    register_postseq_cleanup_routine(nh_window_file_is_read);
    /* in name only: adds no layer to each frame, which nobody asks for and which costs */
    int in_name_only = proto_register_protocol_in_name_only("NLM Health of a frame", "NLM Health of a frame", "nlm_health.frame",
                                                            proto_nlm_health, FT_PROTOCOL);
    register_postdissector(register_dissector("nlm_health", dissect_nlm_health, in_name_only));
}

void
proto_reg_handoff_nlm_health(void)
{
    nh_facts_handoff(facts_sink, nh_prefs_decode_as());
}
