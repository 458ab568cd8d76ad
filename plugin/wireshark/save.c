/* save.c
 * Writing the file that somebody asked for, and no other.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include "wireshark/save.h"

#include <errno.h>
#include <fcntl.h>
#ifdef G_OS_UNIX
#include <sys/stat.h>
#endif

#include <glib/gstdio.h>

/* A process that reads a capture has a few files open, all of them near the beginning, behind those for its terminal. */
#define FIRST_OPEN 3
#define MAX_OPEN   256

static bool G_GNUC_PRINTF(2, 3) refuse(char **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *error = g_strdup_vprintf(format, args);
    va_end(args);
    return false;
}

/*
 * Is a regular file open in this process? An output does not know what the
 * capture is called that TShark reads, but it is open while taps are set up.
 * Windows has no inodes, and itself refuses to replace a file that is open.
 */
static bool
is_open(const char *name)
{
#ifdef G_OS_UNIX
    struct stat file, open;
    if (stat(name, &file) != 0)
        return false;
    for (int fd = FIRST_OPEN; fd < MAX_OPEN; fd++)
        if (fstat(fd, &open) == 0 && S_ISREG(open.st_mode) && open.st_dev == file.st_dev && open.st_ino == file.st_ino)
            return true;
#endif
    return false;
}

bool
nh_save_may(const char *out, char **error)
{
    if (strcmp(out, "-") == 0)
        return refuse(error, "cannot write to standard output: name a file");
    if (!g_file_test(out, G_FILE_TEST_EXISTS))
        return true;
    if (!g_file_test(out, G_FILE_TEST_IS_REGULAR))
        return refuse(error, "cannot write to %s: not a regular file", out);
    if (is_open(out))
        return refuse(error, "cannot write to %s: it is the same file as the capture that is read, and the input is never overwritten",
                      out);
    return true;
}

char *
nh_save_reserve(const char *out, char **error)
{
    char *name = g_strdup_printf("%s.tmp-XXXXXX", out);
    int fd = g_mkstemp_full(name, O_RDWR, 0666);

    if (fd < 0) {
        refuse(error, "cannot write to %s: %s", out, g_strerror(errno));
        g_free(name);
        return NULL;
    }
    g_close(fd, NULL);
    return name;
}

bool
nh_save_finish(const char *temporary, const char *out, char **error)
{
    if (g_rename(temporary, out) == 0)
        return true;
    refuse(error, "cannot rename %s to %s: %s", temporary, out, g_strerror(errno));
    g_unlink(temporary);
    return false;
}

/* A full disk may show only when the file is closed. */
static bool
write_all(const char *name, const char *text)
{
    FILE *file = g_fopen(name, "wb");
    size_t length = strlen(text);

    if (!file)
        return false;
    bool written = fwrite(text, 1, length, file) == length;
    int err = errno;
    if (fclose(file) != 0)
        return false;
    errno = err;
    return written;
}

bool
nh_save_text(const char *out, const char *text, char **error)
{
    if (!nh_save_may(out, error))
        return false;
    char *temporary = nh_save_reserve(out, error);
    if (!temporary)
        return false;
    bool done = write_all(temporary, text);
    if (done)
        done = nh_save_finish(temporary, out, error);
    else {
        refuse(error, "cannot write %s: %s", temporary, g_strerror(errno));
        g_unlink(temporary);
    }
    g_free(temporary);
    return done;
}
