/* window.c
 * Wireshark's window as the plugin sees it: the capture, packet and display filter in it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <cfile.h>
#include <epan/funnel.h>
#include <epan/plugin_if.h>

#include "wireshark/packet-nlm_health.h"
#include "wireshark/window.h"

#define LOOK_AGAIN_MSEC 100

static void *
take_it(capture_file *cf, void *data)
{
    return cf;
}

bool
nh_window_is_there(void)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    return ops && ops->copy_to_clipboard; /* TShark has text windows, which it prints */
}

/* What the window has open; NULL in other programs, and before there is a window. */
static capture_file *
open_file(void)
{
    /* without a window that function leaves behind what it made */
    return nh_window_is_there() ? plugin_if_get_capture_file(take_it, NULL) : NULL;
}

const char *
nh_window_capture(void)
{
    const capture_file *cf = open_file();
    return cf && cf->state != FILE_CLOSED ? cf->filename : NULL;
}

uint32_t
nh_window_selected(void)
{
    const capture_file *cf = open_file();
    return cf && cf->state != FILE_CLOSED && cf->current_frame ? cf->current_frame->num : 0;
}

const char *
nh_window_filter(void)
{
    const capture_file *cf = open_file();
    return cf && cf->dfilter ? cf->dfilter : "";
}

/* Only filters on fields of ours (or the profile's macros, nlm_NAME) lack something, and only where there is more to know. */
static bool
knows_too_little(const capture_file *cf)
{
    return cf->state != FILE_CLOSED && cf->dfilter && strstr(cf->dfilter, "nlm_") && nlm_health_story()->incidents->len > 0;
}

/* Wireshark does nothing for the filter that is in force already: another one comes between. */
static void
apply_again(const capture_file *cf)
{
    char *filter = g_strdup(cf->dfilter);

    plugin_if_apply_filter("", true);
    plugin_if_apply_filter(filter, true);
    g_free(filter);
}

static unsigned look_again;
static bool is_queued; /* Wireshark was asked to look again by itself */

/* Whether Wireshark did as it was asked. What it never came to is taken back: as long as it is asked, it takes no other filter. */
static bool
was_done(capture_file *cf)
{
    bool done = is_queued && cf && cf->redissection_queued == RESCAN_NONE;

    if (is_queued && cf && !done)
        cf->redissection_queued = RESCAN_NONE;
    is_queued = false;
    return done;
}

static gboolean
apply_when_idle(void *data)
{
    capture_file *cf = open_file();

    if (cf && cf->state != FILE_CLOSED && (cf->read_lock || cf->redissecting))
        return G_SOURCE_CONTINUE; /* a dialog about the progress lets us in */
    look_again = 0;
    if (!was_done(cf) && cf && knows_too_little(cf))
        apply_again(cf);
    return G_SOURCE_REMOVE;
}

/* Qt runs the main loop of GLib on Unix; elsewhere nothing comes of it, and Help says what to do. */
static void
apply_later(void)
{
    if (look_again == 0)
        look_again = g_timeout_add(LOOK_AGAIN_MSEC, apply_when_idle, NULL);
}

void
nh_window_file_begins(void)
{
    const capture_file *cf = open_file();

    if (cf && cf->redissecting && cf->dfilter) /* a preference was changed: no call-back tells when that is done */
        apply_later();
}

void
nh_window_file_is_read(void)
{
    capture_file *cf = open_file();

    if (!cf || !knows_too_little(cf))
        return;
    if (cf->read_lock && cf->redissection_queued == RESCAN_NONE) {
        cf->redissection_queued = RESCAN_SCAN; /* cf_read() looks at it before it returns */
        is_queued = true;
    }
    apply_later(); /* after a live capture, or where it did not */
}
