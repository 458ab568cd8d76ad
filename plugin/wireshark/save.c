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

#include <glib/gstdio.h>
#include <wsutil/filesystem.h>

static bool G_GNUC_PRINTF(2, 3) refuse(char **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *error = g_strdup_vprintf(format, args);
    va_end(args);
    return false;
}

#ifdef G_OS_UNIX /* Windows itself refuses to replace a file that is open */
/* Standard output and error are no input. */
static bool
may_be_input(const char *descriptor)
{
    return strcmp(descriptor, "1") != 0 && strcmp(descriptor, "2") != 0;
}

/*
 * Is this file open in this process, or may it be? An output does not know what the
 * capture is called that TShark reads, but it is open while taps are set up, and
 * Unix shows what is open as files in a folder. A folder that does not even show by
 * what it is being read itself (FreeBSD without fdescfs) tells nothing: what is not known to
 * be no input is not replaced.
 */
static bool
may_be_open(const char *name)
{
    static const char *const folders[] = { "/proc/self/fd", "/dev/fd" };
    bool same = false, told = false;

    for (unsigned i = 0; i < G_N_ELEMENTS(folders) && !told && !same; i++) {
        GDir *dir = g_dir_open(folders[i], 0, NULL);
        for (const char *entry; dir && !same && (entry = g_dir_read_name(dir)) != NULL;) {
            char *path = g_build_filename(folders[i], entry, NULL);
            told |= strlen(entry) > 1 || *entry > '2';
            same = may_be_input(entry) && g_file_test(path, G_FILE_TEST_IS_REGULAR) && files_identical(path, name);
            g_free(path);
        }
        if (dir)
            g_dir_close(dir);
    }
    return same || !told;
}
#endif

/* access()'s mode of that name, which not every system's headers have. */
#define WRITABLE 2

static bool
may_create(const char *out, char **error)
{
    char *folder = g_path_get_dirname(out);
    bool may = g_access(folder, WRITABLE) == 0 || refuse(error, "cannot write to %s: %s", out, g_strerror(errno));

    g_free(folder);
    return may;
}

bool
nh_save_may(const char *out, char **error)
{
    if (strcmp(out, "-") == 0)
        return refuse(error, "cannot write to standard output: name a file");
    if (!g_file_test(out, G_FILE_TEST_EXISTS))
        return may_create(out, error);
    if (!g_file_test(out, G_FILE_TEST_IS_REGULAR))
        return refuse(error, "cannot write to %s: not a regular file", out);
#ifdef G_OS_UNIX
    if (may_be_open(out))
        return refuse(error, "cannot write to %s: it is the same file as the capture that is read, and the input is never overwritten",
                      out);
#endif
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
