/* plugin.c
 * What Wireshark calls when it loads the plugin: everything that is to be registered.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

/* Says that what this file exports is defined here; in the others it would make Wireshark's own functions ours on Windows. */
#define WS_BUILD_DLL

#include "wireshark/compat.h"

#include <epan/proto.h>

#include "wireshark/menu.h"
#include "wireshark/packet-nlm_health.h"
#include "wireshark/tap-nlm_health.h"

WS_DLL_PUBLIC_DEF const char plugin_version[] = NLM_HEALTH_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;
WS_DLL_PUBLIC void plugin_register(void);
NH_PLUGIN_DESCRIBE

static void
register_protocol(void)
{
    proto_register_nlm_health();
    nlm_health_register_menu();
}

/* The tap has its name only after the protocol is registered. */
static void
register_listeners(void)
{
    proto_reg_handoff_nlm_health();
    nlm_health_register_taps();
}

void
plugin_register(void)
{
    static const proto_plugin plugin = { .register_protoinfo = register_protocol, .register_handoff = register_listeners };
    proto_register_plugin(&plugin);
}
