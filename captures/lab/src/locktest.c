/* locktest.c
 * One lock on one file, with the times of every fcntl().
 *
 * locktest [-g | -n] [-s START] [-w BEFORE] [-h HOLD] FILE
 *   -g  F_GETLK instead of F_SETLKW     -n  F_SETLK instead of F_SETLKW
 *   -s  first byte (100 bytes are locked)
 *   -w  seconds between open() and fcntl(), at most: SIGUSR1 ends the wait
 *   -h  seconds that the lock is held (default 3)
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
say(const char *format, ...)
{
    struct timespec now;
    struct tm       utc;
    char            text[40];
    va_list         arguments;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    printf("%s.%06ldZ locktest[%d] ", text, now.tv_nsec / 1000, (int)getpid());
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

static void
on_signal(int number)
{
    (void)number;
}

static int
timed_fcntl(int fd, int command, const char *name, struct flock *lock)
{
    say("%s call", name);
    if (fcntl(fd, command, lock) < 0) {
        say("%s returned FAILED errno=%d (%s)", name, errno, strerror(errno));
        return -1;
    }
    if (command == F_GETLK)
        say("%s returned: %s", name, lock->l_type == F_UNLCK ? "free" : "held");
    else
        say("%s returned", name);
    return 0;
}

static unsigned
number(const char *text)
{
    return (unsigned)strtoul(text, NULL, 10);
}

int
main(int argc, char *argv[])
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 100 };
    int          command = F_SETLKW;
    const char  *name = "F_SETLKW";
    unsigned     before = 0, hold = 3;
    int          option, fd;

    while ((option = getopt(argc, argv, "gns:w:h:")) != -1) {
        switch (option) {
        case 'g': command = F_GETLK; name = "F_GETLK"; break;
        case 'n': command = F_SETLK; name = "F_SETLK"; break;
        case 's': lock.l_start = number(optarg); break;
        case 'w': before = number(optarg); break;
        case 'h': hold = number(optarg); break;
        default: return 2;
        }
    }
    if (optind != argc - 1) {
        fprintf(stderr, "locktest: one file name, please\n");
        return 2;
    }
    fd = open(argv[optind], O_RDWR | O_CREAT, 0666);
    if (fd < 0) {
        say("open FAILED errno=%d (%s)", errno, strerror(errno));
        return 1;
    }
    signal(SIGUSR1, on_signal);
    sleep(before);
    signal(SIGUSR1, SIG_IGN);
    if (timed_fcntl(fd, command, name, &lock) < 0)
        return 1;
    if (command == F_GETLK)
        return 0;
    sleep(hold);
    lock.l_type = F_UNLCK;
    return timed_fcntl(fd, F_SETLK, "F_UNLCK", &lock) < 0;
}
