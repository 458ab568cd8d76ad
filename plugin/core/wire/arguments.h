/* arguments.h
 * Arguments and results of the followed programs, read from the bytes behind the RPC header.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ARGUMENTS_H
#define NLM_HEALTH_ARGUMENTS_H

#include "core/wire/observe.h"

/*
 * Read what a call asks for or what an accepted reply says into message, whose
 * reply, prog, vers and proc are set: XDR (RFC 4506) of X/Open's NLM, portmap and
 * rpcbind (RFC 1833) and NSM. length: bytes that were captured; what they do not
 * hold completely stays absent.
 */
void nh_arguments_read(nh_message *message, const uint8_t *bytes, unsigned length);
/* Procedures of portmap and rpcbind that pass a call on (CALLIT, BCAST, INDIRECT): their answer names the port, too. */
bool nh_arguments_indirect(uint32_t vers, uint32_t proc);

#endif
