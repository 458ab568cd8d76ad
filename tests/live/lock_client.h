/* lock_client.h
 * A client of the lock manager in user space that keeps Linux's timers: libnfs
 * encodes and carries the calls, this program says when and on which socket.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef LOCK_CLIENT_H
#define LOCK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/time.h> /* nfsc/libnfs.h needs it */

struct rpc_context;
struct nlm_fh4;

/* loop.c: file descriptors that are waited for. */
typedef short (*wanted_fn)(void *data);               /* what to poll for */
typedef void (*serve_fn)(void *data, short revents);  /* it happened */
void loop_add(int fd, wanted_fn wanted, serve_fn serve, void *data);
void loop_remove(int fd);
/* Wait for at most this many seconds and serve what is ready. */
void loop_once(double seconds);
double now(void);

/* Print a line "TIME EVENT..." that the test reads. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* handle.c: MOUNT and LOOKUP; ends the program if the server does not give the handle. */
void get_handle(const char *server, const char *export, const char *file, struct nlm_fh4 *out);

/* peer.c: the connection to the server's lock manager and the look-up of its port. */
void peer_init(const char *server, double timeout);
/* Connection for calls, NULL while there is none. */
struct rpc_context *peer_rpc(void);
/* Look up and connect if that is due; wanted: a call waits for it. */
void peer_tick(bool wanted);
/* Look the port up again before the next transmission. */
void peer_rebind(void);
/* Destroy the connection with a RST, as `ss -K` does. */
void peer_abort(void);
/* In lock_client.c: the connection is there (again), send what waits. */
void peer_ready(void);
/* A further socket that is connecting to the server's lock manager; -1 if that fails at once. */
int peer_side_socket(void);

/* callbacks.c: the client's own lock manager, registered with the rpcbind of this host. */
void callbacks_init(void);
/* In lock_client.c: the server granted the lock; false if nobody waits for it. */
bool granted(uint32_t svid);

#endif
