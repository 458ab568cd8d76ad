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

G_NORETURN static void
die(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

int
main(int argc, char **argv)
{
    GOptionContext *context = g_option_context_new("IN.scn OUT.pcapng - compile a scenario to a capture file");
    GError *error = NULL;
    scenario sc = { 0 };

    g_option_context_add_main_entries(context, scenario_options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        die(argv[0], error->message);
    if (argc != 3)
        die(argv[0], "needs a scenario and the name of the file to write; see --help");
    scenario_load(&sc, argv[1]);
    const char *problem = capture_write(argv[2], sc.frames, &sc.link, sc.snaplen);
    if (problem)
        die(argv[2], problem);
    g_option_context_free(context);
    return 0;
}
