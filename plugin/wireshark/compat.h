/* compat.h
 * Every difference between Wireshark 4.0, 4.2, 4.4, 4.6 and 4.7 (to be 5.0)
 * that this plugin meets. No other file asks for a version. A development
 * series (odd minor) counts as the release that follows it, so the dates below
 * are those of releases.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_COMPAT_H
#define NLM_HEALTH_COMPAT_H

#include <wireshark.h>

/* The others use its types without declaring them. */
#include <epan/packet.h>

#include <epan/conversation_filter.h>
#include <epan/dissectors/packet-rpc.h>
#include <epan/stat_tap_ui.h>
#include <epan/stats_tree.h>
#include <wiretap/wtap.h>
#include <wsutil/buffer.h>

#define NH_WIRESHARK_SINCE(major, minor) \
    (WIRESHARK_VERSION_MAJOR > (major) || \
     (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR + WIRESHARK_VERSION_MINOR % 2 >= (minor)))

/* The boolean of callbacks, fields and preferences: 4 bytes before 4.4, 1 byte since. */
#if NH_WIRESHARK_SINCE(4, 4)
typedef bool wsbool;
#else
typedef gboolean wsbool;
#endif

/* 4.4 calls it by its new name and warns about the old one. */
#if !NH_WIRESHARK_SINCE(4, 4)
#define tvb_get_uint8 tvb_get_guint8
#endif

/* Value of an unsigned integer field. */
#if NH_WIRESHARK_SINCE(4, 2)
#define NH_FI_UINT(fi) fvalue_get_uinteger((fi)->value)
#else
#define NH_FI_UINT(fi) fvalue_get_uinteger(&(fi)->value)
#endif

/* rpc_proc_name() in the scope of the packet. */
static inline const char *
nh_rpc_proc_name(packet_info *pinfo, uint32_t prog, uint32_t vers, uint32_t proc)
{
#if NH_WIRESHARK_SINCE(4, 4)
    return rpc_proc_name(pinfo->pool, prog, vers, proc);
#else
    return rpc_proc_name(prog, vers, proc);
#endif
}

/* Conversation filters: the callbacks of 4.2 and later get user data. */
#if NH_WIRESHARK_SINCE(4, 2)
#define NH_CONVERSATION_ARGS                                       packet_info *pinfo, void *user_data
#define nh_register_conversation_filter(proto, name, valid, build) register_conversation_filter(proto, name, valid, build, NULL)
#else
#define NH_CONVERSATION_ARGS                                       packet_info *pinfo
#define nh_register_conversation_filter(proto, name, valid, build) register_conversation_filter(proto, name, valid, build)
#endif

/*
 * The development files of most series lack the header of the Flow Graph, which
 * the sources have; what the library exports is the same. CMake says which it is.
 */
#ifdef __has_include
#if __has_include(<epan/sequence_analysis.h>)
#define NH_FLOW_GRAPH 1
#endif
#endif
#ifndef NH_FLOW_GRAPH
#define NH_FLOW_GRAPH 0
#endif

/* Whether TShark can still be brought to a status when all outputs are drawn (status.h). */
#define NH_STATUS_AT_END (!NH_WIRESHARK_SINCE(4, 6))

/* The start of a -z tap: 4.6 asks whether its arguments were right; before, see status.h. */
#if NH_WIRESHARK_SINCE(4, 6)
#define NH_STAT_TAP_RESULT     bool
#define NH_STAT_TAP_RETURN(ok) return (ok)
#else
#define NH_STAT_TAP_RESULT     void
#define NH_STAT_TAP_RETURN(ok) return
#endif

/* Sub-menus in the title of a statistics tree. */
#ifdef STATS_TREE_MENU_SEPARATOR
#define NH_TREE_MENU STATS_TREE_MENU_SEPARATOR
#else
#define NH_TREE_MENU "/"
#endif

/* Name resolution blocks: since 4.2 wiretap copies them by itself. */
#if NH_WIRESHARK_SINCE(4, 2)
#define NH_NAMES_BY_HAND 0
#else
#include <epan/addr_resolv.h>
#define NH_NAMES_BY_HAND 1
#endif

/*
 * The series after 4.6 opens a file with the prefix of the program's environment
 * variables, and has the kinds of compression in wsutil.
 */
#if NH_WIRESHARK_SINCE(4, 8)
#include <epan/epan.h>
#define nh_wtap_open_offline(file, err, err_info) \
    wtap_open_offline(file, WTAP_TYPE_AUTO, err, err_info, false, epan_get_environment_prefix())
#define NH_UNCOMPRESSED WS_FILE_UNCOMPRESSED
#else
#define nh_wtap_open_offline(file, err, err_info) wtap_open_offline(file, WTAP_TYPE_AUTO, err, err_info, false)
#define NH_UNCOMPRESSED                           WTAP_UNCOMPRESSED
#endif

/*
 * Reading and writing capture files: since 4.6 a record carries its data, so
 * that no buffer goes with it.
 */
typedef struct {
    wtap_rec rec;
#if !NH_WIRESHARK_SINCE(4, 6)
    Buffer data;
#endif
} nh_wtap_record;

static inline void
nh_wtap_record_init(nh_wtap_record *r)
{
#if NH_WIRESHARK_SINCE(4, 6)
    wtap_rec_init(&r->rec, 2048);
#else
    wtap_rec_init(&r->rec);
    ws_buffer_init(&r->data, 2048);
#endif
}

static inline void
nh_wtap_record_cleanup(nh_wtap_record *r)
{
    wtap_rec_cleanup(&r->rec);
#if !NH_WIRESHARK_SINCE(4, 6)
    ws_buffer_free(&r->data);
#endif
}

static inline bool
nh_wtap_read(wtap *wth, nh_wtap_record *r, int *err, char **err_info)
{
    int64_t offset;
#if NH_WIRESHARK_SINCE(4, 6)
    return wtap_read(wth, &r->rec, err, err_info, &offset);
#else
    return wtap_read(wth, &r->rec, &r->data, err, err_info, &offset);
#endif
}

static inline bool
nh_wtap_dump(wtap_dumper *wdh, nh_wtap_record *r, int *err, char **err_info)
{
#if NH_WIRESHARK_SINCE(4, 6)
    return wtap_dump(wdh, &r->rec, err, err_info);
#else
    return wtap_dump(wdh, &r->rec, ws_buffer_start_ptr(&r->data), err, err_info);
#endif
}

/* What the plugin is, for Help > About (4.4 and later ask). */
#if NH_WIRESHARK_SINCE(4, 4)
#include <wsutil/plugins.h>
#define NH_PLUGIN_DESCRIBE \
    WS_DLL_PUBLIC uint32_t plugin_describe(void); \
    uint32_t plugin_describe(void) \
    { \
        return WS_PLUGIN_DESC_DISSECTOR | WS_PLUGIN_DESC_TAP_LISTENER; \
    }
#else
#define NH_PLUGIN_DESCRIBE
#endif

#endif
