/* log_dialog.c
 * Tools > NLM Health > Kernel log...: which log goes with the capture that is open.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <epan/funnel.h>

#include "wireshark/log_dialog.h"
#include "wireshark/prefs.h"
#include "wireshark/text_window.h"
#include "wireshark/window.h"

/* "stuck_fin" of stuck_fin.pcap, "rst" of rst.pcap.gz; caller frees. */
static char *
stem_of(const char *capture)
{
    char *name = g_path_get_basename(capture);
    const char *const endings[] = { ".gz", ".zst", ".lz4", ".pcap", ".pcapng", ".cap", ".pcap-ng" };

    for (unsigned i = 0; i < G_N_ELEMENTS(endings); i++)
        if (g_str_has_suffix(name, endings[i]) && strlen(name) > strlen(endings[i]))
            name[strlen(name) - strlen(endings[i])] = '\0';
    return name;
}

/* The better of two names, by what stands behind the stem: ".log" before ".SOMETHING.kernel.log", and these by the alphabet. */
static bool
is_better(const char *name, const char *best, size_t stem)
{
    bool plain = strcmp(name + stem, ".log") == 0;

    if (!(plain || g_str_has_suffix(name + stem, ".kernel.log")))
        return false;
    return !best || plain || (strcmp(best + stem, ".log") != 0 && strcmp(name, best) < 0);
}

char *
nh_log_beside(const char *capture)
{
    char *folder = g_path_get_dirname(capture), *stem = stem_of(capture), *start = g_strconcat(stem, ".", NULL), *best = NULL;
    GDir *files = g_dir_open(folder, 0, NULL);

    for (const char *name = files ? g_dir_read_name(files) : NULL; name; name = g_dir_read_name(files))
        if (g_str_has_prefix(name, start) && is_better(name, best, strlen(stem))) {
            g_free(best);
            best = g_strdup(name);
        }
    char *path = best ? g_build_filename(folder, best, NULL) : NULL;
    if (files)
        g_dir_close(files);
    g_free(best);
    g_free(start);
    g_free(stem);
    g_free(folder);
    return path;
}

static void
take_log(char **answers, void *capture)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();

    nh_prefs_choose_log(capture, g_strstrip(answers[0]));
    g_strfreev(answers);
    ops->redissect_packets(ops->ops_id);
}

void
nh_log_dialog_open(void)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    const char *capture = nh_window_capture();

    if (!capture) {
        nh_text_window_say("No capture file is open.");
        return;
    }
    const char *chosen = nh_prefs_log_of(capture);
    char *beside = *chosen ? NULL : nh_log_beside(capture);
    const char *names[] = { "Kernel log of the client (several: with ; between):", NULL };
    const char *values[] = { beside ? beside : chosen, NULL };
    ops->new_dialog(ops->ops_id, "NLM Health: kernel log of this capture", names, values, take_log, g_strdup(capture), g_free);
    g_free(beside);
}
