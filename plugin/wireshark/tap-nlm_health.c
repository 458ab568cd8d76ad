/* tap-nlm_health.c
 * The outputs of tshark: one row of a table each.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <stdio.h>
#include <stdlib.h>

#include <epan/tap.h>
#include <wsutil/report_message.h>

#include "wireshark/annotate.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/save.h"
#include "wireshark/status.h"
#include "core/out/page.h"
#include "core/out/picture.h"
#include "core/out/report.h"
#include "core/out/report_locks.h"
#include "core/out/report_json.h"
#include "core/out/summary.h"
#include "wireshark/tap-nlm_health.h"

/* key=value words behind an output's name, in any order. */
enum { KEY_INCIDENT, KEY_IN, KEY_OUT, KEY_COUNT };
static const char *const keys[KEY_COUNT] = { "incident=", "in=", "out=" };
#define TAKES(key) (1u << (key))

/* What follows the output's name on the command line. */
typedef struct {
    const struct output *output;
    char *value[KEY_COUNT];
    uint32_t incident; /* 0 = all */
    char *refused;     /* why it cannot be made; NULL: it may be */
} output_args;

/* One output: its text goes to out=, where it takes that, else to standard output. */
typedef struct output {
    const char *name;          /* behind "nlm_health," */
    const char *words, *about; /* as the list of outputs shows them */
    unsigned takes, needs;     /* TAKES(key) */
    char *(*make)(const nh_story *story);
    char *(*make_one)(const nh_incident *incident);       /* with incident=; or NULL */
    bool (*write)(const output_args *args, char **error); /* instead of the two: writes out= itself */
} output;

/* Outputs are drawn from the story of the whole capture, and listen to no packet. */

static bool
write_annotated(const output_args *args, char **error)
{
    return nh_annotate(args->value[KEY_IN], args->value[KEY_OUT], nlm_health_story(), error);
}

static char *list_outputs(const nh_story *story);

/* clang-format off */
static const output outputs[] = {
    { "report", "[,incident=N]", "what happened, why, and what to check next, in plain text",
      TAKES(KEY_INCIDENT), 0, nh_report_text, nh_report_incident, NULL },
    { "json", "", "the same as one JSON document",
      0, 0, nh_report_json, NULL, NULL },
    { "summary", "", "one line per incident",
      0, 0, nh_report_summary, NULL, NULL },
    { "annotate", ",in=FILE,out=FILE.pcapng", "a copy of the capture with comments on each frame of an incident",
      TAKES(KEY_IN) | TAKES(KEY_OUT), TAKES(KEY_IN) | TAKES(KEY_OUT), NULL, NULL, write_annotated },
    { "html", ",out=FILE.html", "one page for a browser, with pictures",
      TAKES(KEY_OUT), TAKES(KEY_OUT), nh_page_html, NULL, NULL },
    { "svg", ",incident=N,out=FILE.svg", "the picture of an incident alone",
      TAKES(KEY_INCIDENT) | TAKES(KEY_OUT), TAKES(KEY_INCIDENT) | TAKES(KEY_OUT), NULL, nh_picture_svg, NULL },
    { "locks", "", "who holds and who waits for what at the end of the capture",
      0, 0, nh_report_locks, NULL, NULL },
    { "help", "", "this list",
      0, 0, list_outputs, NULL, NULL },
};
/* clang-format on */

/* Statistics of Wireshark's own make (tap_pairs.c, tap_incidents.c, tap_tree.c); they take a display filter. */
static const struct {
    const char *name, *words, *about;
} statistics[] = {
    { "tree", "[,FILTER]", "calls and findings per pair of hosts, as a tree" },
    { "pairs", "[,FILTER]", "the same as a table, with incidents and waits; the longest wait first" },
    { "incidents", "[,FILTER]", "a table with a row for each incident" },
};

static void
append_help(GString *out, const char *name, const char *words, const char *about)
{
    char *full = g_strconcat("-z " NH_TAP_NAME ",", name, words, NULL);
    g_string_append_printf(out, "  %-47s  %s\n", full, about);
    g_free(full);
}

/* Every output and what it takes; caller frees. */
static char *
list_outputs(const nh_story *story)
{
    GString *out = g_string_new("NLM Health: outputs of tshark -q -r CAPTURE (key=value words in any order)\n");

    for (unsigned i = 0; i < G_N_ELEMENTS(outputs); i++)
        append_help(out, outputs[i].name, outputs[i].words, outputs[i].about);
    for (unsigned i = 0; i < G_N_ELEMENTS(statistics); i++)
        append_help(out, statistics[i].name, statistics[i].words, statistics[i].about);
    return g_string_free(out, false);
}

/* --- drawing ---------------------------------------------------------------------- */

/* The text of an output; NULL and *error when the capture has no such incident. */
static char *
make_text(const output_args *args, const nh_story *story, char **error)
{
    if (!args->incident)
        return args->output->make(story);
    if (args->incident > story->incidents->len) {
        *error = g_strdup_printf("there is no incident %u: this capture has %u", args->incident, story->incidents->len);
        return NULL;
    }
    return args->output->make_one(story->incidents->pdata[args->incident - 1]);
}

static bool
print_or_save(const output_args *args, char **error)
{
    char *text = make_text(args, nlm_health_story(), error);
    bool done = text != NULL;

    if (text && args->value[KEY_OUT])
        done = nh_save_text(args->value[KEY_OUT], text, error);
    else if (text)
        fputs(text, stdout);
    g_free(text);
    return done;
}

static bool output_failed;

static void
draw_output(void *data)
{
    const output_args *args = data;
    char *error = NULL;

    if (args->refused)
        error = g_strdup(args->refused);
    else if ((args->output->write ? args->output->write : print_or_save)(args, &error))
        return;
    report_failure("nlm_health: %s", error);
    g_free(error);
    output_failed = true;
}

/* TShark resets all taps before it reads, and when all are drawn. */
static void
reset_output(void *data)
{
    if (!output_failed)
        return;
    output_failed = false;
    nh_status_failed();
}

static void
free_args(void *data)
{
    output_args *args = data;
    for (unsigned i = 0; i < KEY_COUNT; i++)
        g_free(args->value[i]);
    g_free(args->refused);
    g_free(args);
}

/* --- the command line --------------------------------------------------------------- */

/* Which key a text begins with; KEY_COUNT for none. */
static unsigned
key_at(const char *text)
{
    unsigned key = 0;
    while (key < KEY_COUNT && !g_str_has_prefix(text, keys[key]))
        key++;
    return key;
}

/* A value goes on until ",KEY=": names of files may hold commas. */
static size_t
value_length(const char *value)
{
    const char *end = value;

    for (end = strchr(end, ','); end && key_at(end + 1) == KEY_COUNT;)
        end = strchr(end + 1, ',');
    return end ? (size_t)(end - value) : strlen(value);
}

/* A positive number and nothing else; 0 otherwise. */
static uint32_t
parse_number(const char *text)
{
    uint64_t number = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 1, UINT32_MAX, &number, NULL))
        return 0;
    return (uint32_t)number;
}

/* ",key=value,key=value": each at most once, those that are needed, none that is not taken. */
static bool
parse_words(const char *text, output_args *args)
{
    unsigned given = 0;

    while (*text == ',') {
        unsigned key = key_at(++text);
        if (key == KEY_COUNT || !(args->output->takes & TAKES(key)) || (given & TAKES(key)))
            return false;
        text += strlen(keys[key]);
        args->value[key] = g_strndup(text, value_length(text));
        text += strlen(args->value[key]);
        given |= TAKES(key);
        if (!*args->value[key])
            return false;
    }
    if (args->value[KEY_INCIDENT] && !(args->incident = parse_number(args->value[KEY_INCIDENT])))
        return false;
    return !*text && (given & args->output->needs) == args->output->needs;
}

/* The output that the text asks for; NULL when there is none of that name. */
static const output *
find_output(const char *text)
{
    size_t length = strcspn(text, ",");

    for (unsigned i = 0; i < G_N_ELEMENTS(outputs); i++)
        if (strlen(outputs[i].name) == length && strncmp(outputs[i].name, text, length) == 0)
            return &outputs[i];
    return NULL;
}

/* Why an output cannot be made, as far as that is known beforehand; NULL: nothing speaks against it. Caller frees. */
static char *
find_obstacle(const output_args *args)
{
    const char *in = args->value[KEY_IN], *out = args->value[KEY_OUT];
    char *error = NULL;

    if (in && !nh_annotate_may(in, out, &error))
        return error;
    if (out)
        nh_save_may(out, &error);
    return error;
}

/* Where what fails at the end can still be told by a status, other outputs are made first. */
static bool
may_go_on(output_args *args)
{
    args->refused = find_obstacle(args);
    if (!args->refused || NH_STATUS_AT_END)
        return true;
    report_failure("nlm_health: %s", args->refused);
    return false;
}

static bool
parse_args(const char *text, output_args *args)
{
    const char *rest = text + strlen(NH_TAP_NAME);

    args->output = *rest == ',' ? find_output(rest + 1) : NULL;
    if (!args->output) {
        char *list = list_outputs(NULL);
        report_failure("-z %s: there is no such output\n%s", text, list);
        g_free(list);
        return false;
    }
    if (!parse_words(rest + 1 + strlen(args->output->name), args)) {
        report_failure("-z %s: what is wanted is -z " NH_TAP_NAME ",%s%s", text, args->output->name, args->output->words);
        return false;
    }
    return may_go_on(args);
}

static NH_STAT_TAP_RESULT
init_output(const char *text, void *data)
{
    output_args *args = g_new0(output_args, 1);
    bool right = parse_args(text, args);

    if (right) {
        /* no flags: the dissection runs, and needs no tree */
        GString *error = register_tap_listener(NH_TAP_NO_PACKETS, args, NULL, TL_REQUIRES_NOTHING, reset_output, NULL, draw_output,
                                               free_args);
        if (error) {
            report_failure("-z %s: %s", text, error->str);
            g_string_free(error, true);
            right = false;
        }
    } else
        free_args(args);
    if (!right)
        nh_status_refuse();
    NH_STAT_TAP_RETURN(right);
}

void
nlm_health_register_taps(void)
{
    /* Wireshark keeps the pointers, and takes the longest name that fits: the last one is for what is no output */
    static stat_tap_ui uis[G_N_ELEMENTS(outputs) + 1];
    static char *names[G_N_ELEMENTS(outputs) + 1];

    register_tap(NH_TAP_NO_PACKETS);
    for (unsigned i = 0; i < G_N_ELEMENTS(uis); i++) {
        bool rest = i == G_N_ELEMENTS(outputs);
        names[i] = g_strconcat(NH_TAP_NAME, rest ? "" : ",", rest ? "" : outputs[i].name, NULL);
        uis[i] = (stat_tap_ui){
            .group = REGISTER_STAT_GROUP_GENERIC, .title = "NLM Health", .cli_string = names[i], .tap_init_cb = init_output
        };
        register_stat_tap_ui(&uis[i], NULL);
    }
    nlm_health_register_tree();
    nlm_health_register_pairs();
    nlm_health_register_incidents();
}
