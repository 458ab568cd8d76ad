/* clock.c
 * clock: prints the wall clock as seconds. clock SHIFT: moves it by so many seconds.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
main(int argc, char *argv[])
{
    struct timespec now;
    double          shift, whole, fraction;

    clock_gettime(CLOCK_REALTIME, &now);
    if (argc < 2) {
        printf("%lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
        return 0;
    }
    shift = strtod(argv[1], NULL);
    whole = floor(shift);
    fraction = shift - whole;
    now.tv_sec += (time_t)whole;
    now.tv_nsec += (long)(fraction * 1e9);
    if (now.tv_nsec >= 1000000000) {
        now.tv_nsec -= 1000000000;
        now.tv_sec++;
    }
    return clock_settime(CLOCK_REALTIME, &now) != 0;
}
