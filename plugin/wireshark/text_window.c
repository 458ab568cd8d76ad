/* text_window.c
 * The plugin's one text window, and the buttons below the text.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <epan/funnel.h>
#include <epan/plugin_if.h>

#include "core/base/text.h"
#include "core/out/report.h"
#include "wireshark/log_dialog.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/prefs.h"
#include "wireshark/save.h"
#include "wireshark/text_window.h"
#include "wireshark/window.h"

#define TITLE "NLM Health"

static struct {
    funnel_text_window_t *window; /* NULL: closed */
    nh_text_kind kind;
    char *text;
    uint32_t incident;
    char *file;
} shown;

/* --- what the buttons do ------------------------------------------------------------ */

static wsbool
copy_text(funnel_text_window_t *window, void *data)
{
    GString *text = g_string_new(shown.text);

    funnel_get_funnel_ops()->copy_to_clipboard(text);
    g_string_free(text, true);
    return true;
}

char *
nh_free_name(const char *capture, const char *ending)
{
    const char *slash = strrchr(capture, G_DIR_SEPARATOR);
    const char *dot = strrchr(slash ? slash : capture, '.');
    int stem = (int)(dot ? (size_t)(dot - capture) : strlen(capture));
    char *name = g_strdup_printf("%.*s-nlm_health.%s", stem, capture, ending);

    for (unsigned i = 2; g_file_test(name, G_FILE_TEST_EXISTS) && i < 1000; i++) {
        g_free(name);
        name = g_strdup_printf("%.*s-nlm_health-%u.%s", stem, capture, i, ending);
    }
    return name;
}

static void
append_sentence(const char *format, const char *what)
{
    char *sentence = g_strdup_printf(format, what), *clean = nh_text_clean(sentence), *line = g_strconcat("\n", clean, "\n", NULL);

    funnel_get_funnel_ops()->append_text(shown.window, line);
    g_free(line);
    g_free(clean);
    g_free(sentence);
}

/* Beside the capture; the window says where. */
static wsbool
save_text(funnel_text_window_t *window, void *data)
{
    const char *capture = nh_window_capture();
    char *error = NULL;

    if (!capture) {
        append_sentence("%s", "Not saved: the capture was closed.");
        return true;
    }
    char *name = nh_free_name(capture, "txt");
    if (nh_save_text(name, shown.text, &error))
        append_sentence("Saved: %s", name);
    else
        append_sentence("Not saved: %s", error);
    g_free(error);
    g_free(name);
    return true;
}

static bool
is_told(uint32_t incident)
{
    return incident > 0 && incident <= nlm_health_story()->incidents->len;
}

static wsbool
show_packets(funnel_text_window_t *window, void *data)
{
    char *filter = is_told(shown.incident) ? g_strdup_printf("nlm_health.incident == %u", shown.incident) : g_strdup("nlm_health.incident");

    plugin_if_apply_filter(filter, true);
    g_free(filter);
    return true;
}

/* After the last one the first: the report on all ends where it began. */
static wsbool
show_next(funnel_text_window_t *window, void *data)
{
    uint32_t next = shown.incident + 1;

    if (nlm_health_story()->incidents->len)
        nh_text_window_report(is_told(next) ? next : 1);
    return true;
}

static wsbool
open_written(funnel_text_window_t *window, void *data)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    char *error = NULL;

    if (shown.file)
        ops->open_file(ops->ops_id, shown.file, "", &error);
    return true;
}

static wsbool
open_documentation(funnel_text_window_t *window, void *data)
{
    char *url = shown.file ? g_filename_to_uri(shown.file, NULL, NULL) : NULL;

    if (url)
        funnel_get_funnel_ops()->browser_open_url(url);
    g_free(url);
    return true;
}

/* --- the window ------------------------------------------------------------------------ */

/* Wireshark keeps the pointers while the window is open. */
static funnel_bt_t copy_button = { .func = copy_text }, save_button = { .func = save_text }, packets_button = { .func = show_packets },
                   next_button = { .func = show_next }, open_button = { .func = open_written },
                   help_button = { .func = open_documentation };

static void
window_closed(void *data)
{
    shown.window = NULL;
}

static void
open_window(const funnel_ops_t *ops, nh_text_kind kind)
{
    shown.window = ops->new_text_window(ops->ops_id, TITLE);
    shown.kind = kind;
    ops->set_close_cb(shown.window, window_closed, NULL);
    if (kind == NH_TEXT_HELP)
        ops->add_button(shown.window, &help_button, "Open documentation");
    if (kind == NH_TEXT_MESSAGE || kind == NH_TEXT_HELP)
        return;
    ops->add_button(shown.window, &copy_button, "Copy");
    if (kind == NH_TEXT_CAPTURE) {
        ops->add_button(shown.window, &open_button, "Open");
        return;
    }
    ops->add_button(shown.window, &save_button, "Save");
    ops->add_button(shown.window, &packets_button, "Show packets");
    ops->add_button(shown.window, &next_button, "Next incident");
}

void
nh_text_window_show(nh_text_kind kind, char *text, uint32_t incident, const char *file)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();

    if (!nh_window_is_there()) {
        g_free(text);
        return;
    }
    if (shown.window && shown.kind != kind)
        ops->destroy_text_window(shown.window); /* calls window_closed() */
    if (!shown.window)
        open_window(ops, kind);
    g_free(shown.text);
    g_free(shown.file);
    shown.text = text;
    shown.file = g_strdup(file);
    shown.incident = incident;
    ops->set_text(shown.window, text);
}

void
nh_text_window_say(const char *sentence)
{
    GString *text = g_string_new(NULL);

    nh_text_wrap_at(text, NH_TEXT_NARROW, 0, 0, sentence);
    nh_text_window_show(NH_TEXT_MESSAGE, g_string_free(text, false), 0, NULL);
}

/* A log that lies beside the capture is offered: it may be another host's, or of another day. */
static char *
offer_log(char *report)
{
    const char *capture = nh_window_capture();
    char *log = capture && !*nh_prefs_log_of(capture) ? nh_log_beside(capture) : NULL;

    if (!log)
        return report;
    GString *text = g_string_new(report);
    char *name = g_path_get_basename(log),
         *note = g_strdup_printf(
             "%s lies beside this capture. Is it the client's kernel log? Tools > NLM Health > Kernel log... compares it.", name);
    g_string_append(text, "\nNote: ");
    nh_text_wrap_at(text, NH_TEXT_NARROW, 6, 6, note);
    g_free(note);
    g_free(name);
    g_free(log);
    g_free(report);
    return g_string_free(text, false);
}

void
nh_text_window_report(uint32_t incident)
{
    const nh_story *story = nlm_health_story();
    char *text = is_told(incident) ? nh_report_incident_at(story->incidents->pdata[incident - 1], NH_TEXT_NARROW)
                                   : nh_report_text_at(story, NH_TEXT_NARROW);

    nh_text_window_show(NH_TEXT_REPORT, story->incidents->len ? offer_log(text) : text, incident, NULL);
}
