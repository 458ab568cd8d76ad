/* replay.c
 * nlmh-replay: the core without Wireshark. Reads a capture or a scenario and prints what the core says of it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdio.h>
#include <stdlib.h>

#include "layers.h"
#include "scenario.h"

#include "core/clock/mount_options.h"
#include "core/model/frames.h"
#include "core/out/page.h"
#include "core/out/report.h"
#include "core/out/report_json.h"
#include "core/story/view.h"
#include "core/watch.h"

#include "claimed.h"

/* Exit statuses: what is asked for is not known here (tshark may), the file cannot be read. */
enum { UNKNOWN = 2, UNREADABLE = 3 };

G_NORETURN static void
die(int status, const char *what, const char *why)
{
    fprintf(stderr, "nlmh-replay: %s: %s\n", what, why);
    exit(status);
}

/* --- preferences ----------------------------------------------------------------------- */

static bool claimed[2][65536];

static void
mark_claimed(bool *ports, const uint16_t *numbers, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        ports[numbers[i]] = true;
}

/* Asked twice for each segment */
static bool
is_claimed(nh_l4 l4, uint16_t port)
{
    return claimed[l4 == NH_L4_UDP][port];
}

/* Those of Wireshark's preferences that no test needs to see refused. */
static void
set_preference(nh_options *options, const char *name, const char *value)
{
    if (strcmp(name, "kernel_log") == 0)
        options->log_path = value;
    else if (strcmp(name, "kernel_log_offset") == 0)
        options->log_hints.offset = (nh_time)(g_ascii_strtod(value, NULL) * NH_SECOND);
    else if (strcmp(name, "mount_options") == 0)
        nh_mount_options_parse(value, &options->mount, NULL);
    else if (strcmp(name, "kernel") == 0)
        nh_family_parse(value, &options->family, NULL);
    else if (strcmp(name, "timer") == 0 && strcmp(value, "mount") == 0)
        options->use_mount = true;
    else if (strcmp(name, "capture_position") == 0 && strcmp(value, "client") == 0)
        options->position = NH_SIDE_CLIENT;
    else if (strcmp(name, "capture_position") == 0 && strcmp(value, "server") == 0)
        options->position = NH_SIDE_SERVER;
    else if (strcmp(name, "reserved_ports") == 0)
        options->reserved_ports = g_ascii_strcasecmp(value, "TRUE") == 0;
    else if (strcmp(name, "decode_as_rpc") != 0) /* Wireshark's own affair */
        die(UNKNOWN, name, "this preference or its value is not known here");
}

static nh_options
read_preferences(char **settings)
{
    nh_options options = {
        .lockd = { NH_POLICY_LOCKD, 10, 600, 2, NH_L4_TCP, true, false, false },
        .mount = { NH_POLICY_MOUNT, 10, 600, 2, NH_L4_TCP, true, false, false },
        .family = NH_FAMILY_UNKNOWN,
        .reserved_ports = true,
        .position = NH_SIDE_UNKNOWN,
        .is_claimed = is_claimed,
    };

    mark_claimed(claimed[0], claimed_tcp, G_N_ELEMENTS(claimed_tcp));
    mark_claimed(claimed[1], claimed_udp, G_N_ELEMENTS(claimed_udp));
    for (unsigned i = 0; settings && settings[i]; i++) {
        char *colon = strchr(settings[i], ':');
        if (!colon || !g_str_has_prefix(settings[i], "nlm_health."))
            die(UNKNOWN, settings[i], "nlm_health.PREFERENCE:VALUE is expected");
        *colon = '\0';
        set_preference(&options, settings[i] + strlen("nlm_health."), colon + 1);
    }
    return options;
}

/* The incidents of a frame as TShark prints the values of one field. */
static void
print_fault(const nh_fault *fault, void *data)
{
    bool *more = data;

    printf("%s%u", *more ? "," : "", fault->id);
    *more = true;
}

/* --- frames -------------------------------------------------------------------------------- */

typedef struct {
    nh_watch *watch;
    uint32_t frames;
    bool print; /* what each frame shows on a first pass */
    bool live;  /* a story is told after each frame */
} replay;

/* "PASS FRAME INCIDENT FINDING...", between tabs. */
static void
print_frame(const nh_watch *watch, uint32_t number, unsigned pass)
{
    nh_view view;
    uint64_t findings = 0;

    if (!nh_view_frame(watch, number, &view))
        return;
    for (const GSList *item = nh_frame_notes(view.frame); item; item = item->next)
        findings |= G_GUINT64_CONSTANT(1) << ((const nh_note *)item->data)->finding;
    printf("%u\t%u\t%.0u", pass, number, view.outage ? view.outage->id : 0);
    bool more = view.outage != NULL;
    nh_view_faults(&view, print_fault, &more);
    for (int finding = 0; finding < NH_FINDING_COUNT; finding++)
        if (findings >> finding & 1)
            printf("\t%s", nh_finding_name((nh_finding)finding));
    putchar('\n');
}

static void
take_frame(const captured_frame *frame, void *data)
{
    replay *r = data;

    layers_take(r->watch, ++r->frames, frame);
    nh_watch_frame(r->watch, r->frames, frame->time);
    if (r->live)
        nh_story_free(nh_watch_story(r->watch));
    if (r->print)
        print_frame(r->watch, r->frames, 1);
}

static void
take_scenario(replay *r, const scenario *sc)
{
    static const uint32_t links[LINK_COUNT] = { [LINK_ETHERNET] = LINKTYPE_ETHERNET,
                                                [LINK_SLL] = LINKTYPE_SLL,
                                                [LINK_SLL2] = LINKTYPE_SLL2,
                                                [LINK_RAW] = LINKTYPE_RAW,
                                                [LINK_NULL] = LINKTYPE_NULL };

    if (sc->link.mtu)
        die(UNKNOWN, "mtu", "fragments are not put together here");
    for (unsigned i = 0; i < sc->frames->len; i++) {
        const frame *made = g_ptr_array_index(sc->frames, i);
        captured_frame f = { .time = made->time,
                             .link = links[sc->link.kind],
                             .has_interface = true,
                             .bytes = made->bytes->data,
                             .captured = sc->snaplen ? MIN(sc->snaplen, made->bytes->len) : made->bytes->len,
                             .length = made->bytes->len };
        take_frame(&f, r);
    }
}

/* --- the program ------------------------------------------------------------------------------ */

/* What the command line asks for */
static int json, report, findings, page, live;
static char **settings;

static const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, "Print the JSON document", NULL },
    { "report", 0, 0, G_OPTION_ARG_NONE, &report, "Print the report (also if nothing else is asked for)", NULL },
    { "page", 0, 0, G_OPTION_ARG_NONE, &page, "Print the page for a browser", NULL },
    { "findings", 0, 0, G_OPTION_ARG_NONE, &findings, "Print pass, number, incident and findings of each frame", NULL },
    { "live", 0, 0, G_OPTION_ARG_NONE, &live, "Tell the story after each frame, too, as a window does while packets come", NULL },
    { "option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &settings, "A preference", "nlm_health.NAME:VALUE" },
    { NULL },
};

static const char *
read_command_line(int argc, char **argv)
{
    GOptionContext *context = g_option_context_new("FILE - what NLM Health says of a capture (pcap, pcapng) or a scenario (.scn)");
    GError *error = NULL;

    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, scenario_options, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        die(UNKNOWN, "command line", error->message);
    if (argc != 2)
        die(UNKNOWN, "command line", "one file is expected; see --help");
    g_option_context_free(context);
    return argv[1];
}

static void
read_file(replay *r, const char *path)
{
    scenario sc = { 0 };

    if (g_str_has_suffix(path, ".scn")) {
        scenario_load(&sc, path);
        take_scenario(r, &sc);
        return;
    }
    const char *wrong = capture_file_read(path, take_frame, r);
    if (wrong)
        die(UNREADABLE, path, wrong);
}

static void
print_text(char *text)
{
    fputs(text, stdout);
    g_free(text);
}

int
main(int argc, char **argv)
{
    const char *path = read_command_line(argc, argv);
    nh_options options = read_preferences(settings);
    replay r = { nh_watch_new(&options), 0, findings, live };

    read_file(&r, path);
    nh_story *story = nh_watch_story(r.watch);
    for (uint32_t number = 1; findings && number <= r.frames; number++)
        print_frame(nh_watch_shown(r.watch), number, 2);
    if (json)
        print_text(nh_report_json(story));
    if (page)
        print_text(nh_page_html(story));
    if (report || (!json && !findings && !page))
        print_text(nh_report_text(story));
    nh_story_free(story);
    nh_watch_free(r.watch);
    return 0;
}
