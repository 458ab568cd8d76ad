/* log_files.c
 * The files and folders of a kernel log: found, opened, decompressed; and kept
 * while they do not change.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <stdio.h>
#include <glib/gstdio.h>

#include "core/log/log_files.h"

#include "core/log/kernel_log.h"

#include "core/base/limits.h"
#include "core/base/text.h"

/* --- what is no log ------------------------------------------------------------------ */

#define RUN_INSTEAD "`LC_ALL=C journalctl -k -o short-iso-precise` writes it with times"

/* Kinds of files that are taken for logs by mistake. */
static const struct {
    const char *magic;
    const char *kind;
} binary_kinds[] = {
    { "LPKSHHRH", "is a systemd journal; save the output of `LC_ALL=C journalctl -k -o short-iso-precise --file=NAME`" },
    { "\x1f\x8b", "is compressed by gzip; decompress it first" },
    { "\xfd"
      "7zXZ",
      "is compressed by xz; decompress it first" },
    { "\x28\xb5\x2f\xfd", "is compressed by zstd; decompress it first" },
    { "BZh", "is compressed by bzip2; decompress it first" },
    { "\x0a\x0d\x0d\x0a", "is a capture, not a log" },
    { "\xd4\xc3\xb2\xa1", "is a capture, not a log" },
    { "\x4d\x3c\xb2\xa1", "is a capture, not a log" },
};

static bool
has_magic(const char *text, size_t length, const char *magic)
{
    size_t size = strlen(magic);
    return length >= size && memcmp(text, magic, size) == 0;
}

/*
 * Why the text is no log, or NULL. One control byte in twenty makes it binary:
 * a log that lived through a power failure has a run of NUL bytes, random bytes
 * have one in nine.
 */
static const char *
binary_kind(const char *text, size_t length)
{
    size_t sample = MIN(length, 65536), controls = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(binary_kinds); i++)
        if (has_magic(text, length, binary_kinds[i].magic))
            return binary_kinds[i].kind;
    for (size_t i = 0; i < sample; i++)
        controls += (guchar)text[i] < ' ' && (text[i] < '\a' || text[i] > '\r') && text[i] != '\033' && text[i] != '\x1e';
    return controls * 20 > sample ? "is binary, not text" : NULL;
}

/* Windows' PowerShell writes what ssh prints in UTF-16. NULL when it is none. */
static char *
from_utf16(const char *text, size_t length, size_t *new_length)
{
    bool little = has_magic(text, length, "\xff\xfe"), big = has_magic(text, length, "\xfe\xff");
    if (!little && !big)
        return NULL;
    return g_convert(text + 2, (gssize)((length - 2) / 2 * 2), "UTF-8", little ? "UTF-16LE" : "UTF-16BE", NULL, new_length, NULL);
}

/* --- one text --------------------------------------------------------------------------- */

static char *
why_no_lines(const nh_log_found *found, const char *name)
{
    if (found->undated > 0)
        return g_strdup_printf("%s has %u line%s about lock servers, but none with a time stamp that can be used: " RUN_INSTEAD ".", name,
                               found->undated, nh_plural(found->undated));
    return g_strdup_printf("%s has no line about lock servers (\"lockd: server ... not responding\"); %u were read.", name, found->rows);
}

/* NULL when lines of it were kept; caller frees. name: "The kernel log X", as sentences begin. */
static char *
read_text(nh_log_reader *reader, const char *text, size_t length, const char *name, const char *shown)
{
    if (length == 0)
        return g_strdup_printf("%s is empty.", name);
    size_t converted_length;
    char *converted = from_utf16(text, length, &converted_length);
    if (converted) {
        text = converted;
        length = converted_length;
    }
    const char *kind = binary_kind(text, length);
    char *reason = kind ? g_strdup_printf("%s %s.", name, kind) : NULL;
    if (!reason) {
        nh_log_found found = nh_log_reader_take(reader, text, length, shown);
        reason = found.lines == 0 ? why_no_lines(&found, name) : NULL;
    }
    g_free(converted);
    return reason;
}

/* Without lines there is only the reason to tell. */
static nh_kernel_log *
finish(nh_log_reader *reader, const GPtrArray *reasons)
{
    nh_kernel_log *log = nh_log_reader_end(reader);
    GString *all = g_string_new(NULL);
    for (unsigned i = 0; i < reasons->len; i++)
        g_string_append_printf(all, "%s%s", i > 0 ? " " : "", (const char *)g_ptr_array_index(reasons, i));
    if (log->lines->len == 0 && all->len > 0) {
        if (log->remark)
            g_string_append_printf(all, " %s", log->remark);
        g_free(log->message);
        log->message = g_strdup(all->str);
    } else if (all->len > 0) {
        char *remark = log->remark;
        log->remark = g_strjoin(" ", all->str, remark, NULL);
        g_free(remark);
    }
    g_string_free(all, true);
    return log;
}

nh_kernel_log *
nh_kernel_log_parse(const char *text, size_t length, const nh_log_hints *hints)
{
    nh_log_reader *reader = nh_log_reader_new(hints);
    GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);
    char *reason = read_text(reader, text, length, "The kernel log", "");
    if (reason)
        g_ptr_array_add(reasons, reason);
    nh_kernel_log *log = finish(reader, reasons);
    g_ptr_array_free(reasons, true);
    return log;
}

/* --- files ---------------------------------------------------------------------------------- */

/* NULL when the file may be read; looked at before opening, as a pipe or a device would never end. */
static char *
why_unreadable(const char *path, const char *name)
{
    GStatBuf info;
    if (g_stat(path, &info) != 0)
        return g_strdup_printf("%s cannot be read: %s.", name, g_strerror(errno));
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return g_strdup_printf("%s is not a regular file; save the log to one.", name);
    if (info.st_size > NH_LOG_FILE_BYTES_MAX)
        return g_strdup_printf("%s is larger than 64 MiB; keep the lines with \"lockd\", \"nfs\" and \"RPC\" of it.", name);
    FILE *file = g_fopen(path, "rb");
    if (!file)
        return g_strdup_printf("%s cannot be read: %s.", name, g_strerror(errno));
    fclose(file);
    return NULL;
}

/* Replaces a packed text; why it cannot, or NULL. */
static char *
unpack(nh_log_unpack how, const char *name, char **text, size_t *length)
{
    const char *why = NULL;
    size_t plain_length = 0;
    char *plain = how ? how(*text, *length, NH_LOG_FILE_BYTES_MAX, &plain_length, &why) : NULL;
    if (why)
        return g_strdup_printf("%s %s.", name, why);
    if (plain) {
        g_free(*text);
        *text = plain;
        *length = plain_length;
    }
    return NULL;
}

static char *
read_file(nh_log_reader *reader, const char *path, nh_log_unpack how)
{
    char *display = g_filename_display_name(path);
    char *name = g_strdup_printf("The kernel log %s", display);
    char *reason = why_unreadable(path, name);
    char *text = NULL;
    size_t length = 0;

    if (!reason && !g_file_get_contents(path, &text, &length, NULL))
        reason = g_strdup_printf("%s cannot be read.", name);
    if (!reason)
        reason = unpack(how, name, &text, &length);
    if (!reason)
        reason = read_text(reader, text, length, name, display);
    g_free(text);
    g_free(name);
    g_free(display);
    return reason;
}

static int
compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The regular files of a folder, by name; not those of folders in it. */
static GPtrArray *
files_of(const char *folder)
{
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        char *path = g_build_filename(folder, name, NULL);
        if (files->len < NH_LOG_FILES_MAX && g_file_test(path, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(files, path);
        else
            g_free(path);
    }
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(files, compare_paths);
    return files;
}

/* Most files of a folder are no kernel logs: only that none of them was is worth a word. */
static char *
read_folder(nh_log_reader *reader, const char *folder, nh_log_unpack how)
{
    GPtrArray *files = files_of(folder);
    unsigned useful = 0;
    for (unsigned i = 0; i < files->len; i++) {
        char *reason = read_file(reader, g_ptr_array_index(files, i), how);
        useful += reason == NULL;
        g_free(reason);
    }
    char *display = g_filename_display_name(folder);
    char *reason = useful > 0 ? NULL
                              : g_strdup_printf("The folder %s has no file with dated lines about lock servers; %u were read.", display,
                                                files->len);
    g_free(display);
    g_ptr_array_free(files, true);
    return reason;
}

/* Separated by ";", but a file whose name has one is a file. */
static char **
split(const char *paths)
{
    char *whole[] = { (char *)paths, NULL };
    return g_file_test(paths, G_FILE_TEST_EXISTS) ? g_strdupv(whole) : g_strsplit(paths, ";", NH_LOG_FILES_MAX);
}

nh_kernel_log *
nh_kernel_log_read(const char *paths, const nh_log_hints *hints)
{
    nh_log_reader *reader = nh_log_reader_new(hints);
    GPtrArray *reasons = g_ptr_array_new_with_free_func(g_free);
    nh_log_unpack how = hints ? hints->unpack : NULL;
    char **list = split(paths);

    for (unsigned i = 0; list[i]; i++) {
        if (!*g_strstrip(list[i]))
            continue;
        char *reason = g_file_test(list[i], G_FILE_TEST_IS_DIR) ? read_folder(reader, list[i], how) : read_file(reader, list[i], how);
        if (reason)
            g_ptr_array_add(reasons, reason);
    }
    nh_kernel_log *log = finish(reader, reasons);
    g_ptr_array_free(reasons, true);
    g_strfreev(list);
    return log;
}

/* --- kept ------------------------------------------------------------------------------------- */

/* Read before the capture's time is known, and after. */
struct nh_log_shelf {
    struct place {
        char *key;
        nh_kernel_log *log;
    } places[2];
};

static void
append_state(GString *key, const char *path)
{
    GStatBuf info;
    if (g_stat(path, &info) == 0)
        g_string_append_printf(key, "|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT, path, (int64_t)info.st_size, (int64_t)info.st_mtime);
}

/* The same files, as they were, and the same way to read them. */
static char *
key_of(const char *paths, const nh_log_hints *hints)
{
    GString *key = g_string_new(paths);
    char **list = split(paths);
    for (unsigned i = 0; list[i]; i++) {
        const char *path = g_strstrip(list[i]);
        append_state(key, path);
        if (!g_file_test(path, G_FILE_TEST_IS_DIR))
            continue;
        GPtrArray *files = files_of(path);
        for (unsigned j = 0; j < files->len; j++)
            append_state(key, g_ptr_array_index(files, j));
        g_ptr_array_free(files, true);
    }
    g_strfreev(list);
    g_string_append_printf(key, "|%u|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT, hints->year, hints->offset, hints->capture_first);
    return g_string_free(key, false);
}

nh_log_shelf *
nh_log_shelf_new(void)
{
    return g_new0(nh_log_shelf, 1);
}

void
nh_log_shelf_free(nh_log_shelf *shelf)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(shelf->places); i++) {
        nh_kernel_log_free(shelf->places[i].log);
        g_free(shelf->places[i].key);
    }
    g_free(shelf);
}

nh_kernel_log *
nh_log_shelf_read(nh_log_shelf *shelf, const char *paths, const nh_log_hints *hints)
{
    if (!shelf)
        return nh_kernel_log_read(paths, hints);
    struct place *place = &shelf->places[nh_time_known(hints->capture_first)];
    char *key = key_of(paths, hints);
    if (g_strcmp0(key, place->key) != 0) {
        nh_kernel_log_free(place->log);
        place->log = nh_kernel_log_read(paths, hints);
        g_free(place->key);
        place->key = g_strdup(key);
    }
    g_free(key);
    place->log->references++;
    return place->log;
}
