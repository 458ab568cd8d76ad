/* loop.c
 * poll() over a handful of file descriptors, the clock, and what the test reads.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "lock_client.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SOURCES 32

static struct source {
    int fd;
    wanted_fn wanted;
    serve_fn serve;
    void *data;
    unsigned serial; /* 0: free; tells a new source from an old one with the same descriptor */
} sources[SOURCES];
static unsigned serials;

void
loop_add(int fd, wanted_fn wanted, serve_fn serve, void *data)
{
    for (struct source *source = sources; source < sources + SOURCES; source++) {
        if (source->serial == 0) {
            *source = (struct source){ fd, wanted, serve, data, ++serials };
            return;
        }
    }
    die("too many descriptors");
}

void
loop_remove(int fd)
{
    for (struct source *source = sources; source < sources + SOURCES; source++) {
        if (source->fd == fd)
            source->serial = 0;
    }
}

void
loop_once(double seconds)
{
    struct pollfd fds[SOURCES];
    unsigned asked[SOURCES];
    for (int i = 0; i < SOURCES; i++) {
        const struct source *source = &sources[i];
        asked[i] = source->serial;
        /* poll() passes over negative descriptors. */
        fds[i].fd = source->serial ? source->fd : -1;
        fds[i].events = source->serial && source->wanted ? source->wanted(source->data) : POLLIN;
        fds[i].revents = 0;
    }
    if (poll(fds, SOURCES, (int)(seconds * 1000)) <= 0)
        return;
    for (int i = 0; i < SOURCES; i++) {
        if (fds[i].revents && asked[i] && sources[i].serial == asked[i])
            sources[i].serve(sources[i].data, fds[i].revents);
    }
}

double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

void
say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%.6f ", now());
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
}

void
die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("lock_client: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}
