/* capture.c
 * The frames as a pcapng file, written by Wireshark's own wiretap. Everything that differs between its versions is here.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "scenario.h"

#include <stdio.h>
#include <ws_version.h>
#include <wiretap/wtap.h>
#include <wsutil/buffer.h>
#include <wsutil/wslog.h>

#define WIRESHARK_AT_LEAST(major, minor) \
    (WIRESHARK_VERSION_MAJOR > (major) || (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

/* 4.4 made the booleans of this interface one byte wide; 4.6 moved the bytes of a packet into its record. */
#if WIRESHARK_AT_LEAST(4, 4)
typedef bool wiretap_bool;
#else
typedef bool wiretap_bool;
#endif

#if WIRESHARK_AT_LEAST(4, 6)
#define REC_INIT(rec) wtap_rec_init(rec, 2048)
#else
#define REC_INIT(rec) wtap_rec_init(rec)
#endif

static wiretap_bool
dump_packet(wtap_dumper *dumper, wtap_rec *rec, uint8_t *bytes, int *err, char **err_info)
{
#if WIRESHARK_AT_LEAST(4, 6)
    ws_buffer_clean(&rec->data);
    ws_buffer_append(&rec->data, bytes, rec->rec_header.packet_header.caplen);
    return wtap_dump(dumper, rec, err, err_info);
#else
    return wtap_dump(dumper, rec, bytes, err, err_info);
#endif
}

static wiretap_bool
write_frame(wtap_dumper *dumper, const frame *f, int encap, unsigned snaplen, int *err, char **err_info)
{
    wtap_rec rec;

    REC_INIT(&rec);
    rec.rec_type = REC_TYPE_PACKET;
    rec.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN;
    rec.tsprec = WTAP_TSPREC_NSEC;
    rec.ts.secs = f->time / SECOND;
    rec.ts.nsecs = (int)(f->time % SECOND);
    if (rec.ts.nsecs < 0) {
        rec.ts.secs--;
        rec.ts.nsecs += (int)SECOND;
    }
    rec.rec_header.packet_header.pkt_encap = encap;
    rec.rec_header.packet_header.len = f->bytes->len;
    rec.rec_header.packet_header.caplen = snaplen ? MIN(snaplen, f->bytes->len) : f->bytes->len;
    wiretap_bool ok = dump_packet(dumper, &rec, f->bytes->data, err, err_info);
    wtap_rec_cleanup(&rec);
    return ok;
}

static wiretap_bool
write_frames(wtap_dumper *dumper, const GPtrArray *frames, int encap, unsigned snaplen, int *err, char **err_info)
{
    for (unsigned i = 0; i < frames->len; i++)
        if (!write_frame(dumper, g_ptr_array_index(frames, i), encap, snaplen, err, err_info))
            return false;
    return true;
}

/* Once, before the first capture is written */
void
capture_init(void)
{
    ws_log_set_level(LOG_LEVEL_WARNING);
    wtap_init(false);
}

/* NULL when all is well, else what went wrong; then there is no file. */
const char *
capture_write(const char *path, const GPtrArray *frames, const link_layer *link, unsigned snaplen)
{
    static const int encaps[LINK_COUNT] = {
        [LINK_ETHERNET] = WTAP_ENCAP_ETHERNET, [LINK_SLL] = WTAP_ENCAP_SLL, [LINK_SLL2] = WTAP_ENCAP_SLL2,
        [LINK_RAW] = WTAP_ENCAP_RAW_IP, [LINK_NULL] = WTAP_ENCAP_NULL,
    };
    wtap_dump_params params = WTAP_DUMP_PARAMS_INIT;
    char *err_info = NULL;
    int err = 0;

    params.encap = encaps[link->kind];
    params.snaplen = snaplen;
    params.tsprec = WTAP_TSPREC_NSEC;
    wtap_dumper *dumper = wtap_dump_open(path, wtap_pcapng_file_type_subtype(), WTAP_UNCOMPRESSED, &params, &err, &err_info);
    if (!dumper)
        return wtap_strerror(err);
    wiretap_bool ok = write_frames(dumper, frames, params.encap, snaplen, &err, &err_info);
    if (!wtap_dump_close(dumper, NULL, &err, &err_info))
        ok = false;
    if (ok)
        return NULL;
    remove(path);
    return wtap_strerror(err);
}
