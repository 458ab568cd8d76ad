/* annotate.c
 * A copy of the capture with comments, by wiretap.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "wireshark/compat.h"

#include <errno.h>

#include <glib/gstdio.h>

#include <wsutil/filesystem.h>

#include "wireshark/annotate.h"
#include "core/out/comments.h"
#include "wireshark/names.h"
#include "wireshark/save.h"

/*
 * One copy in the making; what is NULL is not open. The input is read twice: the
 * survey checks it before anything is written, and only at its end all blocks
 * that are no packets are known (interface statistics, names).
 */
typedef struct {
    const char *in;
    const nh_story *story;
    GHashTable *comments;
    uint32_t last_comment; /* highest frame that has one */
    char *temporary;
    wtap *survey, *reader;
    wtap *blocks; /* the one of the two that gives section and interface blocks */
    wtap_dumper *writer;
    wtap_dump_params params;
    nh_names *names;
    char **error;
} copy_job;

static bool G_GNUC_PRINTF(2, 3) fail(char **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    *error = g_strdup_vprintf(format, args);
    va_end(args);
    return false;
}

/* A wiretap error in words; frees err_info. */
static bool
fail_wtap(char **error, const char *doing, const char *file, int err, char *err_info)
{
    const char *cause = err > 0 ? g_strerror(err) : wtap_strerror(err);

    fail(error, "%s %s: %s%s%s%s", doing, file, cause, err_info ? " (" : "", err_info ? err_info : "", err_info ? ")" : "");
    g_free(err_info);
    return false;
}

/* Look before anything is opened: opening a pipe would wait, opening out would truncate it. */
static bool
check_files(const char *in, const char *out, char **error)
{
    GStatBuf info;

    if (strcmp(in, "-") == 0 || strcmp(out, "-") == 0)
        return fail(error, "cannot annotate standard input or to standard output: name two files");
    if (g_stat(in, &info) != 0)
        return fail(error, "cannot read %s: %s", in, g_strerror(errno));
    if (!g_file_test(in, G_FILE_TEST_IS_REGULAR))
        return fail(error, "cannot annotate %s: not a regular file", in);
    if (!g_file_test(out, G_FILE_TEST_EXISTS))
        return true;
    if (files_identical(in, out))
        return fail(error, "%s and %s are the same file: the input is never overwritten", in, out);
    if (!g_file_test(out, G_FILE_TEST_IS_REGULAR))
        return fail(error, "cannot write to %s: not a regular file", out);
    return true;
}

/* Whether the file is one that wiretap reads. */
static bool
is_capture(const char *in, char **error)
{
    int err;
    char *err_info = NULL;
    wtap *reader = nh_wtap_open_offline(in, &err, &err_info);

    if (!reader)
        return fail_wtap(error, "cannot read", in, err, err_info);
    wtap_close(reader);
    return true;
}

bool
nh_annotate_may(const char *in, const char *out, char **error)
{
    return check_files(in, out, error) && is_capture(in, error);
}

/* Remove our comments of an earlier run and append a new one, if any. true when the block changed. */
static bool
replace_comment(wtap_block_t block, const char *text)
{
    bool changed = text != NULL;

    for (unsigned i = wtap_block_count_option(block, OPT_COMMENT); i-- > 0;) {
        char *old;
        if (wtap_block_get_nth_string_option_value(block, OPT_COMMENT, i, &old) != WTAP_OPTTYPE_SUCCESS ||
            !g_str_has_prefix(old, NH_COMMENT_PREFIX))
            continue;
        wtap_block_remove_nth_option_instance(block, OPT_COMMENT, i);
        changed = true;
    }
    if (text)
        wtap_block_add_string_option(block, OPT_COMMENT, text, strlen(text));
    return changed;
}

static void
comment_section(copy_job *job)
{
    if (!job->params.shb_hdrs || job->params.shb_hdrs->len == 0)
        return;
    char *text = nh_section_comment(job->story);
    replace_comment(g_array_index(job->params.shb_hdrs, wtap_block_t, 0), text);
    g_free(text);
}

static void
comment_record(copy_job *job, wtap_rec *rec, uint32_t frame)
{
    const nh_comment *comment = g_hash_table_lookup(job->comments, GUINT_TO_POINTER(frame));

    if (!comment && !rec->block)
        return;
    if (!rec->block)
        rec->block = wtap_block_create(WTAP_BLOCK_PACKET);
    if (replace_comment(rec->block, comment ? comment->text->str : NULL))
        rec->block_was_modified = true;
}

/* Is a record the frame that the story speaks of? */
static bool
is_analysed(const copy_job *job, const wtap_rec *rec, uint32_t frame)
{
    const nh_comment *comment = g_hash_table_lookup(job->comments, GUINT_TO_POINTER(frame));

    return !comment || !nh_time_known(comment->time) || !(rec->presence_flags & WTAP_HAS_TS) ||
           comment->time == nh_time_of(rec->ts.secs, rec->ts.nsecs);
}

/* Read the whole input once. */
static bool
survey_input(copy_job *job, nh_wtap_record *record)
{
    static const char advice[] = "give the capture file that was read";
    int err = 0;
    char *err_info = NULL;
    uint32_t frame = 0;

    job->survey = nh_wtap_open_offline(job->in, &err, &err_info);
    if (!job->survey)
        return fail_wtap(job->error, "cannot read", job->in, err, err_info);
    job->names = nh_names_collect(job->survey);
    while (nh_wtap_read(job->survey, record, &err, &err_info)) {
        if (!is_analysed(job, &record->rec, ++frame))
            return fail(job->error, "frame %u of %s is not the one that was analysed: %s", frame, job->in, advice);
        wtap_rec_reset(&record->rec);
    }
    if (err != 0)
        return fail_wtap(job->error, "cannot read", job->in, err, err_info);
    if (frame < job->last_comment || frame < job->story->frames)
        return fail(job->error, "%s has %u frames, but more were analysed: %s", job->in, frame, advice);
    return true;
}

/* Interfaces may turn up anywhere before their first packet. */
static bool
copy_interfaces(copy_job *job)
{
    wtap_block_t description;
    int err;
    char *err_info = NULL;

    while ((description = wtap_get_next_interface_description(job->blocks)) != NULL)
        if (!wtap_dump_add_idb(job->writer, description, &err, &err_info))
            return fail_wtap(job->error, "cannot write", job->temporary, err, err_info);
    return true;
}

static bool
copy_records(copy_job *job, nh_wtap_record *record)
{
    int err = 0;
    char *err_info = NULL;

    if (!copy_interfaces(job))
        return false;
    for (uint32_t frame = 1; nh_wtap_read(job->reader, record, &err, &err_info); frame++) {
        if (!copy_interfaces(job))
            return false;
        comment_record(job, &record->rec, frame);
        if (!nh_wtap_dump(job->writer, record, &err, &err_info))
            return fail_wtap(job->error, "cannot write", job->temporary, err, err_info);
        wtap_rec_reset(&record->rec);
    }
    if (err != 0)
        return fail_wtap(job->error, "cannot read", job->in, err, err_info);
    return copy_interfaces(job);
}

static bool
open_copy(copy_job *job, const char *out)
{
    int err;
    char *err_info = NULL;

    job->reader = nh_wtap_open_offline(job->in, &err, &err_info);
    if (!job->reader)
        return fail_wtap(job->error, "cannot read", job->in, err, err_info);
    job->temporary = nh_save_reserve(out, job->error);
    if (!job->temporary)
        return false;
    /* several sections: each block has to come where it stood */
    job->blocks = wtap_file_get_num_shbs(job->survey) > 1 ? job->reader : job->survey;
    wtap_dump_params_init_no_idbs(&job->params, job->blocks);
    comment_section(job);
    job->writer = wtap_dump_open(job->temporary, wtap_pcapng_file_type_subtype(), NH_UNCOMPRESSED, &job->params, &err, &err_info);
    if (!job->writer)
        return fail_wtap(job->error, "cannot write", job->temporary, err, err_info);
    nh_names_write(job->names, job->writer);
    return true;
}

/* Closing flushes: a full disk may show only here. */
static bool
close_copy(copy_job *job, bool done)
{
    int err;
    char *err_info = NULL;

    if (job->writer && !wtap_dump_close(job->writer, NULL, &err, &err_info)) {
        if (done)
            done = fail_wtap(job->error, "cannot write", job->temporary, err, err_info);
        else
            g_free(err_info);
    }
    if (job->blocks) {
        g_free(job->params.idb_inf); /* the descriptions in it are the reader's */
        job->params.idb_inf = NULL;
        wtap_dump_params_cleanup(&job->params);
    }
    if (job->reader)
        wtap_close(job->reader);
    if (job->survey)
        wtap_close(job->survey);
    nh_names_free(job->names);
    return done;
}

static bool
run_copy(copy_job *job, const char *out)
{
    nh_wtap_record record;

    nh_wtap_record_init(&record);
    bool done = survey_input(job, &record) && open_copy(job, out) && copy_records(job, &record);
    done = close_copy(job, done);
    nh_wtap_record_cleanup(&record);
    if (done)
        return nh_save_finish(job->temporary, out, job->error);
    if (job->temporary)
        g_unlink(job->temporary);
    return false;
}

bool
nh_annotate(const char *in, const char *out, const nh_story *story, char **error)
{
    copy_job job = { .in = in, .story = story, .error = error };
    GHashTableIter iter;
    void *frame;

    *error = NULL;
    if (!check_files(in, out, error))
        return false;
    job.comments = nh_frame_comments(story);
    g_hash_table_iter_init(&iter, job.comments);
    while (g_hash_table_iter_next(&iter, &frame, NULL))
        job.last_comment = MAX(job.last_comment, GPOINTER_TO_UINT(frame));
    bool done = run_copy(&job, out);
    g_hash_table_unref(job.comments);
    g_free(job.temporary);
    return done;
}
