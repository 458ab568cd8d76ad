/* tap-nlm_health.c
 * The outputs of tshark: report, JSON document, lock table, annotated copy.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <epan/tap.h>
#include <wsutil/report_message.h>

#include "wireshark/annotate.h"
#include "wireshark/packet-nlm_health.h"
#include "core/out/report.h"
#include "core/out/report_json.h"
#include "wireshark/tap-nlm_health.h"

/* What follows the output's name on the command line. */
typedef struct {
    const struct output *output;
    char *in, *out;
} output_args;

typedef struct output {
    const char *cli; /* what -z takes */
    const char *title;
    char *(*make)(const nh_story *story); /* text for standard output; or */
    void (*act)(const output_args *args);
    bool takes_files; /* ,in=FILE,out=FILE */
} output;

/*
 * Outputs are drawn from the story of the whole capture. They listen to a tap of
 * their own into which nothing is ever put, so that no packet costs them anything.
 */
#define OUTPUT_TAP_NAME "nlm_health_output"

static void
draw_output(void *data)
{
    const output_args *args = data;

    if (args->output->act) {
        args->output->act(args);
        return;
    }
    char *text = args->output->make(nlm_health_story());
    fputs(text, stdout);
    g_free(text);
}

static void
free_args(void *data)
{
    output_args *args = data;
    g_free(args->in);
    g_free(args->out);
    g_free(args);
}

static void
exit_failed(void)
{
    fflush(NULL);
    _exit(EXIT_FAILURE);
}

/*
 * A tap that draws cannot tell tshark that it failed. Its exit status is changed
 * at the very end, so that other taps still print and tshark still cleans up.
 */
static void
fail_at_exit(void)
{
    static bool registered;
    if (!registered)
        registered = atexit(exit_failed) == 0;
}

static void
annotate(const output_args *args)
{
    char *error;

    if (nh_annotate(args->in, args->out, nlm_health_story(), &error))
        return;
    report_failure("nlm_health: %s", error);
    g_free(error);
    fail_at_exit();
}

static const output outputs[] = {
    { NH_TAP_NAME ",report", "NLM Health: report", nh_report_text, NULL, false },
    { NH_TAP_NAME ",json", "NLM Health: JSON document", nh_report_json, NULL, false },
    { NH_TAP_NAME ",locks", "NLM Health: lock table", nh_report_locks, NULL, false },
    { NH_TAP_NAME ",annotate", "NLM Health: annotated capture", NULL, annotate, true },
};

/* "in=FILE,out=FILE"; FILE may hold commas, but not ",out=". */
static bool
parse_files(const char *text, output_args *args)
{
    const char *out = strstr(text, ",out=");

    if (!g_str_has_prefix(text, "in=") || !out || out == text + strlen("in=") || out[strlen(",out=")] == '\0')
        return false;
    args->in = g_strndup(text + strlen("in="), out - text - strlen("in="));
    args->out = g_strdup(out + strlen(",out="));
    return true;
}

static bool
parse_args(const char *text, output_args *args)
{
    const char *rest = text + strlen(args->output->cli);

    if (args->output->takes_files) {
        if (*rest == ',' && parse_files(rest + 1, args))
            return true;
        report_failure("-z %s: what is wanted is -z %s,in=FILE,out=FILE", text, args->output->cli);
        return false;
    }
    if (*rest == '\0')
        return true;
    report_failure("-z %s: %s takes no arguments", text, args->output->cli);
    return false;
}

static NH_STAT_TAP_RESULT
init_output(const char *text, void *data)
{
    output_args *args = g_new0(output_args, 1);

    args->output = data;
    bool right = parse_args(text, args);
    if (right) {
        /* no flags: the dissection runs, and needs no tree */
        GString *error = register_tap_listener(OUTPUT_TAP_NAME, args, NULL, TL_REQUIRES_NOTHING, NULL, NULL, draw_output, free_args);
        if (error) {
            report_failure("-z %s: %s", text, error->str);
            g_string_free(error, true);
            right = false;
        }
    } else
        free_args(args);
    NH_STAT_TAP_RETURN(right);
}

void
nlm_health_register_taps(void)
{
    /* Wireshark keeps the pointers */
    static stat_tap_ui uis[G_N_ELEMENTS(outputs)];

    register_tap(OUTPUT_TAP_NAME);
    for (unsigned i = 0; i < G_N_ELEMENTS(outputs); i++) {
        uis[i] = (stat_tap_ui){
            .group = REGISTER_STAT_GROUP_GENERIC, .title = outputs[i].title, .cli_string = outputs[i].cli, .tap_init_cb = init_output
        };
        register_stat_tap_ui(&uis[i], (void *)&outputs[i]);
    }
    nlm_health_register_tables();
}
