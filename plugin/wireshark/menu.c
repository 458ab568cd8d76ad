/* menu.c
 * Tools > NLM Health, and the conversation filter. All text comes from the
 * story: the menu works on whatever file is open, and prints nothing.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <epan/address.h>
#include <epan/funnel.h>
#include <epan/plugin_if.h>

#include "wireshark/annotate.h"
#include "wireshark/menu.h"
#include "wireshark/packet-nlm_health.h"
#include "core/out/report.h"

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

/* --- menu ------------------------------------------------------------------- */

static void
show_text(const char *title, const char *text)
{
    const funnel_ops_t *ops = funnel_get_funnel_ops();

    if (!ops || !ops->new_text_window)
        return;
    funnel_text_window_t *window = ops->new_text_window(ops->ops_id, title);
    ops->set_text(window, text);
}

static ws_info_t *
get_capture(void)
{
    ws_info_t *info = NULL;
    plugin_if_get_ws_info(&info);
    return info;
}

static const nh_incident *
selected_incident(void)
{
    const ws_info_t *info = get_capture();
    const nh_incident *incident = info ? find_incident(nlm_health_story(), info->cf_framenr) : NULL;

    if (!incident)
        show_text(MENU_NAME, "The selected packet belongs to no incident.\n");
    return incident;
}

static void
show_report(ext_menubar_gui_type gui, void *object, void *data)
{
    char *text = nh_report_text(nlm_health_story());
    show_text(MENU_NAME ": report", text);
    g_free(text);
}

static void
show_incident(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = selected_incident();
    if (!incident)
        return;
    char *text = nh_report_incident(incident);
    show_text(MENU_NAME ": incident", text);
    g_free(text);
}

static void
show_locks(ext_menubar_gui_type gui, void *object, void *data)
{
    char *text = nh_report_locks(nlm_health_story());
    show_text(MENU_NAME ": locks", text);
    g_free(text);
}

static void
filter_all(ext_menubar_gui_type gui, void *object, void *data)
{
    plugin_if_apply_filter("nlm_health.incident", true);
}

static void
filter_selected(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = selected_incident();
    if (!incident)
        return;
    char *filter = g_strdup_printf("nlm_health.incident == %u", incident->id);
    plugin_if_apply_filter(filter, true);
    g_free(filter);
}

static void
go_to_first(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = selected_incident();
    if (incident)
        plugin_if_goto_frame(incident->first_frame);
}

static void
go_to_last(ext_menubar_gui_type gui, void *object, void *data)
{
    const nh_incident *incident = selected_incident();
    if (incident)
        plugin_if_goto_frame(incident->last_frame);
}

/* DIR/NAME-nlm_health.pcapng, or -2, -3 ...: an older copy may hold comments of the user's. Caller frees. */
static char *
free_name(const char *capture)
{
    const char *slash = strrchr(capture, G_DIR_SEPARATOR);
    const char *dot = strrchr(slash ? slash : capture, '.');
    int stem = (int)(dot ? (size_t)(dot - capture) : strlen(capture));
    char *name = g_strdup_printf("%.*s-nlm_health.pcapng", stem, capture);

    for (unsigned i = 2; g_file_test(name, G_FILE_TEST_EXISTS) && i < 1000; i++) {
        g_free(name);
        name = g_strdup_printf("%.*s-nlm_health-%u.pcapng", stem, capture, i);
    }
    return name;
}

static void
save_annotated(ext_menubar_gui_type gui, void *object, void *data)
{
    const ws_info_t *info = get_capture();
    char *error;

    if (!info || !info->cf_filename) {
        show_text(MENU_NAME, "No capture file is open.\n");
        return;
    }
    char *out = free_name(info->cf_filename);
    char *message;
    if (nh_annotate(info->cf_filename, out, nlm_health_story(), &error))
        message = g_strdup_printf("Annotated copy: %s\n", out);
    else {
        message = g_strdup_printf("No annotated copy was made: %s\n", error);
        g_free(error);
    }
    show_text(MENU_NAME ": annotated copy", message);
    g_free(message);
    g_free(out);
}

typedef struct {
    const char *label; /* the letter behind & opens it from the keyboard; NULL: a separator */
    const char *tooltip;
    ext_menubar_action_cb action;
} menu_entry;

static const menu_entry entries[] = {
    { "&Report", "Every incident of this capture in plain text", show_report },
    { "Report on &this incident", "The incident that the selected packet belongs to, in plain text", show_incident },
    { "&Lock table", "Who holds and who waits for what at the end of the capture", show_locks },
    { NULL, NULL, NULL },
    { "Show &all incidents", "Filter: the packets of all incidents", filter_all },
    { "&Show this incident", "Filter: the packets of the selected packet's incident", filter_selected },
    { "Go to its &first packet", "First packet of the selected packet's incident", go_to_first },
    { "Go to its last &packet", "Last packet of the selected packet's incident", go_to_last },
    { NULL, NULL, NULL },
    { "Save annotated &copy", "Write NAME-nlm_health.pcapng, with the story as packet comments, beside the capture file", save_annotated },
};

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
}
