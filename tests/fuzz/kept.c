/* kept.c
 * A fuzzer's kept inputs, each once, in a program of any compiler.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
run(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL), *data;
    size_t size;
    bool read = g_file_get_contents(path, &data, &size, NULL);

    g_print("%s\n", path); /* the last one that is printed is the one that fails */
    if (read)
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    g_free(read ? data : NULL);
    g_free(path);
    return read;
}

int
main(int argc, char **argv)
{
    GDir *folder = argc == 2 ? g_dir_open(argv[1], 0, NULL) : NULL;
    bool any = false;

    if (!folder)
        return 2;
    for (const char *name = g_dir_read_name(folder); name; name = g_dir_read_name(folder)) {
        if (!run(argv[1], name))
            return 2;
        any = true;
    }
    g_dir_close(folder);
    return any ? 0 : 2;
}
