/* clock.c
 * clock: prints the wall clock as seconds. clock SHIFT [PPM]: moves it by so many seconds; from then on it runs faster by
 * so many millionths (up to 500).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>

static int
set_rate(double ppm)
{
    struct timex rate = { .modes = ADJ_FREQUENCY, .freq = (long)(ppm * 65536) };

    return adjtimex(&rate) < 0;
}

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
    return clock_settime(CLOCK_REALTIME, &now) != 0 || (argc > 2 && set_rate(strtod(argv[2], NULL)));
}
