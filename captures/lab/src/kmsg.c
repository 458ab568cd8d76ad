/* kmsg.c
 * The kernel's log as it comes, each line with the wall clock: "2026-11-22T12:15:02.083055+00:00 HOST kernel: TEXT".
 *
 * kmsg HOST
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void
print_line(const char *host, char *record)
{
    struct timespec now;
    struct tm       utc;
    char            when[40];
    char           *text = strchr(record, ';');
    char           *end;

    if (!text)
        return;
    text++;
    end = strchr(text, '\n');
    if (end)
        *end = '\0';
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
    printf("%s.%06ld+00:00 %s kernel: %s\n", when, now.tv_nsec / 1000, host, text);
    fflush(stdout);
}

int
main(int argc, char *argv[])
{
    char    record[8192];
    ssize_t got;
    int     fd = open("/dev/kmsg", O_RDONLY);

    if (argc != 2 || fd < 0)
        return 2;
    lseek(fd, 0, SEEK_END);
    setpriority(PRIO_PROCESS, 0, -20);
    for (;;) {
        got = read(fd, record, sizeof record - 1);
        if (got < 0 && errno != EPIPE)
            return 1;
        if (got <= 0)
            continue;
        record[got] = '\0';
        print_line(argv[1], record);
    }
}
