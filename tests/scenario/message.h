/* message.h
 * Programs and procedures as tables: a new one is a row.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef MESSAGE_H
#define MESSAGE_H

#include "scenario.h"

#include <rpc/rpc.h>

struct program;

/* A call that was made, so that its reply and its repetitions need only the XID */
typedef struct {
    uint32_t xid;
    const struct program *program;
    uint32_t procedure;
    uint32_t cookie;
    GByteArray *bytes;
    bool answered;
    bool encrypted; /* encrypted, and its reply too */
} call;

/* What the encoders of arguments and results get */
typedef struct {
    scenario *sc;
    const connection *conn;
    int direction;
    line_reader *line;
    uint32_t version;
    call *call;
} message;

typedef bool_t (*encoder)(XDR *xdr, const message *m);

typedef struct {
    const char *name; /* NULL: no such procedure */
    encoder args, result;
} procedure;

typedef struct program {
    const char *name; /* as the scenario writes it: program and version */
    uint32_t number, version;
    const procedure *procedures;
    unsigned count;
} program;

enum {
    NLM_PROCEDURES = 24,
    PORTMAP_PROCEDURES = 6,
    RPCBIND_PROCEDURES = 6,
    STATD_PROCEDURES = 7,
    NFS_PROCEDURES = 7,
    MOUNT_PROCEDURES = 4
};
extern const procedure nlm_procedures[NLM_PROCEDURES];
extern const procedure portmap_procedures[PORTMAP_PROCEDURES];
extern const procedure rpcbind_procedures[RPCBIND_PROCEDURES];
extern const procedure statd_procedures[STATD_PROCEDURES];
extern const procedure nfs_procedures[NFS_PROCEDURES];
extern const procedure mount_procedures[MOUNT_PROCEDURES];

bool_t encode_nothing(XDR *xdr, const message *m);
/* The file handle that "fh" names: the name, padded with its own hash to the length that Linux servers use */
void message_file_handle(const message *m, char bytes[28]);

#endif
