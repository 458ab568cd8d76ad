/* compile.c
 * scenario_compile: a text scenario as a capture file.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

G_NORETURN static void
die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

static void
compile(const char *source, const char *target)
{
    scenario sc = { 0 };

    scenario_load(&sc, source);
    const char *problem = capture_write(target, sc.frames, &sc.link, sc.snaplen);
    if (problem)
        die(target, problem);
}

/* FOLDER/NAME.pcapng of .../NAME.scn */
static char *
target_in(const char *folder, const char *source)
{
    char *name = g_path_get_basename(source);

    if (g_str_has_suffix(name, ".scn"))
        name[strlen(name) - strlen(".scn")] = '\0';
    char *target = g_strdup_printf("%s" G_DIR_SEPARATOR_S "%s.pcapng", folder, name);
    g_free(name);
    return target;
}

int
main(int argc, char **argv)
{
    GOptionContext *context = g_option_context_new("IN.scn OUT.pcapng | IN.scn... FOLDER - compile scenarios to capture files");
    GError *error = NULL;

    g_option_context_add_main_entries(context, scenario_options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        die(argv[0], error->message);
    bool to_folder = argc > 2 && g_file_test(argv[argc - 1], G_FILE_TEST_IS_DIR);
    if (argc < 3 || (argc > 3 && !to_folder))
        die(argv[0], "needs a scenario and the name of the file to write, or scenarios and a folder; see --help");
    capture_init();
    for (int i = 1; i < argc - 1; i++) {
        char *target = to_folder ? target_in(argv[argc - 1], argv[i]) : g_strdup(argv[argc - 1]);
        compile(argv[i], target);
        g_free(target);
    }
    g_option_context_free(context);
    return 0;
}
