/* menu.c
 * Tools > NLM Health, and the conversation filter. All text comes from the
 * story: the menu works on whatever file is open, and prints nothing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <glib/gstdio.h>

#include <epan/address.h>
#include <epan/funnel.h>
#include <epan/plugin_if.h>

#include "core/base/text.h"
#include "core/out/page.h"
#include "core/out/report.h"
#include "core/out/report_locks.h"
#include "wireshark/annotate.h"
#include "wireshark/log_dialog.h"
#include "wireshark/menu.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/text_window.h"
#include "wireshark/window.h"

#define MENU_NAME "NLM Health"

/* --- what the story says of a frame ---------------------------------------- */

/* The incident a frame shows; NULL when it shows none. */
static const nh_incident *
find_incident(const nh_story *story, uint32_t frame)
{
    uint32_t id = nlm_health_incident_of(frame);
    return id && id <= story->incidents->len ? story->incidents->pdata[id - 1] : NULL;
}

static bool
address_is(const address *wireshark, const nh_addr *ours)
{
    return (wireshark->type == AT_IPv4 || wireshark->type == AT_IPv6) && wireshark->len == ours->len &&
           memcmp(wireshark->data, ours->bytes, ours->len) == 0;
}

static const nh_story_pair *
find_pair(const nh_story *story, const packet_info *pinfo)
{
    for (unsigned i = 0; i < story->pairs->len; i++) {
        const nh_story_pair *pair = story->pairs->pdata[i];
        if ((address_is(&pinfo->net_src, &pair->client) && address_is(&pinfo->net_dst, &pair->server)) ||
            (address_is(&pinfo->net_src, &pair->server) && address_is(&pinfo->net_dst, &pair->client)))
            return pair;
    }
    return NULL;
}

/* --- conversation filter ---------------------------------------------------- */

static wsbool
has_filter(NH_CONVERSATION_ARGS)
{
    const nh_story *story = nlm_health_story();
    return find_incident(story, pinfo->num) != NULL || find_pair(story, pinfo) != NULL;
}

/* The packet's incident, or else what the plugin says about its pair of hosts. */
static char *
build_filter(NH_CONVERSATION_ARGS)
{
    const nh_story *story = nlm_health_story();
    const nh_incident *incident = find_incident(story, pinfo->num);
    const nh_story_pair *pair = find_pair(story, pinfo);
    char client[NH_ADDR_TEXT], server[NH_ADDR_TEXT];

    if (incident)
        return g_strdup_printf("nlm_health.incident == %u", incident->id);
    if (!pair)
        return NULL;
    const char *field = pair->client.len == 4 ? "ip.addr" : "ipv6.addr";
    return g_strdup_printf("nlm_health && %s == %s && %s == %s", field, nh_addr_text(&pair->client, client), field,
                           nh_addr_text(&pair->server, server));
}

/* --- which incident ----------------------------------------------------------- */

/* The first incident that begins behind a frame; NULL when none does. */
static const nh_incident *
first_behind(const nh_story *story, uint32_t frame)
{
    for (unsigned i = 0; i < story->incidents->len; i++) {
        const nh_incident *incident = story->incidents->pdata[i];
        if (incident->first_frame > frame)
            return incident;
    }
    return NULL;
}

static const nh_incident *
last_before(const nh_story *story, uint32_t frame)
{
    for (unsigned i = story->incidents->len; i-- > 0;) {
        const nh_incident *incident = story->incidents->pdata[i];
        if (incident->first_frame < frame)
            return incident;
    }
    return NULL;
}

/* Says so when there is none at all. */
static const nh_story *
story_with_incidents(void)
{
    const nh_story *story = nlm_health_story();

    if (story->incidents->len == 0)
        nh_text_window_say("There is no incident in this capture.");
    return story->incidents->len ? story : NULL;
}

/* The selected packet's incident; of a packet that has none, the next one, else the last; NULL when the capture has none. */
static const nh_incident *
incident_at_hand(void)
{
    const nh_story *story = story_with_incidents();
    uint32_t frame = nh_window_selected();

    if (!story)
        return NULL;
    const nh_incident *incident = find_incident(story, frame);
    if (!incident)
        incident = first_behind(story, frame);
    return incident ? incident : story->incidents->pdata[story->incidents->len - 1];
}

/* --- going there --------------------------------------------------------------- */

/* What shows an incident's packets, and what shows those that its timeline names. */
#define FILTER_INCIDENT "nlm_health.incident == %u"
#define FILTER_KEY      "nlm_health.incident == %u && nlm_health.incident.step"

static void
apply_filter(const char *format, unsigned id)
{
    char *filter = g_strdup_printf(format, id);
    plugin_if_apply_filter(filter, true);
    g_free(filter);
}

/* A filter for one incident hides the others: it goes along. */
static void
take_filter_along(unsigned id)
{
    static const char *const ours[] = { FILTER_KEY, FILTER_INCIDENT };
    unsigned shown = 0;

    if (sscanf(nh_window_filter(), FILTER_INCIDENT, &shown) != 1 || shown == id)
        return;
    for (unsigned i = 0; i < G_N_ELEMENTS(ours); i++) {
        char *filter = g_strdup_printf(ours[i], shown);
        bool same = strcmp(filter, nh_window_filter()) == 0;
        g_free(filter);
        if (same) {
            apply_filter(ours[i], id);
            return;
        }
    }
}

static void
go_to(const nh_incident *incident, const char *otherwise)
{
    if (!incident) {
        nh_text_window_say(otherwise);
        return;
    }
    take_filter_along(incident->id);
    plugin_if_goto_frame(incident->first_frame);
}

static void
go_to_next(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_story *story = story_with_incidents();
    uint32_t frame = nh_window_selected();

    if (!story)
        return;
    const nh_incident *here = find_incident(story, frame);
    const nh_incident *next = !here                              ? first_behind(story, frame)
                              : here->id < story->incidents->len ? story->incidents->pdata[here->id]
                                                                 : NULL;
    go_to(next, "There is no later incident in this capture.");
}

static void
go_to_previous(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_story *story = story_with_incidents();
    uint32_t frame = nh_window_selected();

    if (!story)
        return;
    const nh_incident *here = find_incident(story, frame);
    const nh_incident *previous = !here ? last_before(story, frame) : here->id > 1 ? story->incidents->pdata[here->id - 2] : NULL;
    go_to(previous, "There is no earlier incident in this capture.");
}

static void
go_to_first(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = incident_at_hand();
    if (incident)
        plugin_if_goto_frame(incident->first_frame);
}

static void
go_to_last(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = incident_at_hand();
    if (incident)
        plugin_if_goto_frame(incident->last_frame);
}

static void
filter_all(ext_menubar_gui_type gui, void *object, void *data)
{
    plugin_if_apply_filter("nlm_health.incident", true);
}

static void
filter_incident(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = incident_at_hand();
    if (incident)
        apply_filter(FILTER_INCIDENT, incident->id);
}

static void
filter_key_packets(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = incident_at_hand();
    if (incident)
        apply_filter(FILTER_KEY, incident->id);
}

/* --- texts ---------------------------------------------------------------------- */

static void
show_report(ext_menubar_gui_type gui, void *object, void *data)
{
    nh_text_window_report(0);
}

static void
show_incident(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = incident_at_hand();
    if (incident)
        nh_text_window_report(incident->id);
}

static void
show_locks(ext_menubar_gui_type gui, void *object, void *data)
{
    nh_text_window_show(NH_TEXT_REPORT, nh_report_locks_at(nlm_health_story(), NH_TEXT_NARROW), 0, NULL);
}

static void
choose_log(ext_menubar_gui_type gui, void *object, void *data)
{
    nh_log_dialog_open();
}

/* --- files ------------------------------------------------------------------------ */

static GPtrArray *pages; /* names of temporary files: they go when Wireshark ends, and the browser has long read them */

static void
remove_pages(void)
{
    for (unsigned i = 0; pages && i < pages->len; i++)
        g_unlink(pages->pdata[i]);
    g_clear_pointer(&pages, g_ptr_array_unref);
}

/* A file that only this user can read, since a capture may be nobody else's business; NULL when it cannot be written. */
static const char *
write_page(const char *text)
{
    char *name = NULL;
    int fd = g_file_open_tmp("nlm_health-XXXXXX.html", &name, NULL);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;

    if (!file) {
        if (fd >= 0) {
            g_close(fd, NULL);
            g_unlink(name);
        }
        g_free(name);
        return NULL;
    }
    if (!pages)
        pages = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(pages, name);
    bool written = fputs(text, file) >= 0;
    return fclose(file) == 0 && written ? name : NULL;
}

static void
open_in_browser(const char *path)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();
    char *url = g_filename_to_uri(path, NULL, NULL);

    if (!url || !ops || !ops->browser_open_url || !ops->browser_open_url(url)) {
        char *sentence = g_strdup_printf("No browser could be started. The page is %s", path);
        nh_text_window_say(sentence);
        g_free(sentence);
    }
    g_free(url);
}

static void
show_page(ext_menubar_gui_type gui, void *object, void *data)
{
    char *text = nh_page_html(nlm_health_story());
    const char *path = write_page(text);

    if (path)
        open_in_browser(path);
    else
        nh_text_window_say("The page could not be written to the folder for temporary files.");
    g_free(text);
}

static void
save_annotated(ext_menubar_gui_type gui, void *object, void *data)
{
    const char *capture = nh_window_capture();
    char *error = NULL;

    if (!capture) {
        nh_text_window_say("No capture file is open.");
        return;
    }
    char *out = nh_free_name(capture, "pcapng");
    if (nh_annotate(capture, out, nlm_health_story(), &error)) {
        char *clean = nh_text_clean(out);
        nh_text_window_show(NH_TEXT_CAPTURE, g_strdup_printf("Annotated copy: %s\n", clean), 0, out);
        g_free(clean);
    } else {
        char *sentence = g_strdup_printf("No annotated copy was made: %s", error);
        nh_text_window_say(sentence);
        g_free(sentence);
    }
    g_free(error);
    g_free(out);
}

/* --- the menu ----------------------------------------------------------------------- */

static void show_help(ext_menubar_gui_type gui, void *object, void *data);

typedef struct {
    const char *label; /* the letter behind & opens it from the keyboard; NULL: a separator */
    const char *tooltip;
    ext_menubar_action_cb action;
} menu_entry;

static const menu_entry entries[] = {
    { "&Report", "Every incident of this capture in plain text", show_report },
    { "Report on &this incident", "The incident of the selected packet, or the next one, in plain text", show_incident },
    { "Show as pa&ge", "The report with pictures, in your browser", show_page },
    { "&Lock table", "Who holds and who waits for what at the end of the capture", show_locks },
    { NULL, NULL, NULL },
    { "Show &all incidents", "Filter: the packets of all incidents", filter_all },
    { "&Show this incident", "Filter: the packets of the selected packet's incident, or of the next one", filter_incident },
    { "&Key packets of this incident", "Filter: only those packets that its timeline names", filter_key_packets },
    { "&Next incident", "First packet of the next incident", go_to_next },
    { "Pre&vious incident", "First packet of the incident before", go_to_previous },
    { "&First packet", "First packet of the selected packet's incident", go_to_first },
    { "Last &packet", "Last packet of the selected packet's incident", go_to_last },
    { NULL, NULL, NULL },
    { "Kernel l&og...", "The log of the client's kernel that goes with this capture: its lines are compared with the packets", choose_log },
    { "Save annotated &copy", "NAME-nlm_health.pcapng, with the story as packet comments, beside the capture file", save_annotated },
    { "&Help", "What the entries of this menu do, and where the documentation is", show_help },
};

/* Labels without the mark of their letter. */
static void
append_entries(GString *text)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++) {
        if (!entries[i].label)
            continue;
        char **parts = g_strsplit(entries[i].label, "&", -1), *label = g_strjoinv("", parts);
        g_string_append_printf(text, "  %s\n      ", label);
        nh_text_wrap_at(text, NH_TEXT_NARROW, 6, 6, entries[i].tooltip);
        g_free(label);
        g_strfreev(parts);
    }
}

static char *
help_text(void)
{
    static const char *const hints[] = {
        "The profile \"NLM Health\" (Edit > Configuration Profiles) has columns, colours and filter buttons for all this.",
        "Statistics has two tables, NLM Health incidents and NLM Health pairs, and NLM Health > Calls and findings counts.",
        "A display filter that is in force while a file is read is applied again by itself when all is read. On Windows and macOS it "
        "is to be applied again by hand after a preference was changed.",
        "A log that is chosen here is kept for this capture until Wireshark ends; the preference nlm_health.kernel_log holds for all "
        "captures of a profile.",
    };
    GString *text = g_string_new("Tools > NLM Health\n\n");

    append_entries(text);
    for (unsigned i = 0; i < G_N_ELEMENTS(hints); i++) {
        g_string_append_c(text, '\n');
        nh_text_wrap_at(text, NH_TEXT_NARROW, 0, 0, hints[i]);
    }
    return g_string_free(text, false);
}

/* Where it was installed with the plugin; NULL elsewhere. */
static const char *
find_documentation(void)
{
#ifdef NLM_HEALTH_DOCUMENTATION
    if (g_file_test(NLM_HEALTH_DOCUMENTATION, G_FILE_TEST_IS_REGULAR))
        return NLM_HEALTH_DOCUMENTATION;
#endif
    return NULL;
}

static void
show_help(ext_menubar_gui_type gui, void *object, void *data)
{
    const char *documentation = find_documentation();
    nh_text_window_show(documentation ? NH_TEXT_HELP : NH_TEXT_MESSAGE, help_text(), 0, documentation);
}

void
nlm_health_register_menu(void)
{
    ext_menu_t *menu = ext_menubar_register_menu(proto_get_id_by_filter_name("nlm_health"), "&" MENU_NAME, true);

    ext_menubar_set_parentmenu(menu, "Tools");
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++)
        if (entries[i].label)
            ext_menubar_add_entry(menu, entries[i].label, entries[i].tooltip, entries[i].action, NULL);
        else
            ext_menubar_add_separator(menu);
    nh_register_conversation_filter("nlm_health", MENU_NAME, has_filter, build_filter);
    register_shutdown_routine(remove_pages);
}
