/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A plug-in task: hash_file(path) returns the FNV-1a hash of a file, tells how far it is, and stops
 * when it is cancelled. Built as a shared library; see plugin_manager.c for the caller.
 */

#include <promp/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FNV_BASIS 0xCBF29CE484222325u
#define FNV_PRIME 0x100000001B3u

enum { BLOCK_BYTES = 64 << 10, PATH_BYTES = 4096 };

PRO_API ProStatus hash_file(
        ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr);

static ProStatus fail(ProError *reterr, ProStatus status, const char *what, const char *path)
{
    if (reterr != NULL) {
        reterr->status = status;
        (void)snprintf(reterr->text, sizeof reterr->text, "%.512s: %s", path, what);
    }
    return status;
}

static ProStatus read_path(ProReader *arguments, char path[PATH_BYTES], ProError *reterr)
{
    size_t count;
    const char *text;
    size_t size;
    ProStatus status = pro_read_sequence(arguments, &count, reterr);
    if (status == PRO_OK && count != 1)
        return fail(reterr, PRO_ERR_INVALID, "takes one argument, a path", "hash_file");
    if (status == PRO_OK)
        status = pro_read_text(arguments, &text, &size, reterr);
    if (status != PRO_OK)
        return status;
    if (size >= PATH_BYTES)
        return fail(reterr, PRO_ERR_LIMIT, "the path is too long", "hash_file");
    memcpy(path, text, size);
    path[size] = '\0';
    return PRO_OK;
}

static ProStatus hash_stream(ProWorker *worker, FILE *file, uint64_t *ret_hash)
{
    uint8_t block[BLOCK_BYTES];
    uint64_t hash = FNV_BASIS;
    int64_t done = 0;
    size_t size;
    while ((size = fread(block, 1, sizeof block, file)) > 0) {
        for (size_t i = 0; i < size; i++)
            hash = (hash ^ block[i]) * FNV_PRIME;
        done += (int64_t)size;
        pro_worker_report_progress(worker, done);
        if (pro_worker_was_aborted(worker))
            return PRO_ERR_ABORTED;
    }
    *ret_hash = hash;
    return ferror(file) ? PRO_ERR_SYSTEM : PRO_OK;
}

ProStatus hash_file(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    char path[PATH_BYTES];
    uint64_t hash = 0;
    ProStatus status = read_path(arguments, path, reterr);
    if (status != PRO_OK)
        return status;
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return fail(reterr, PRO_ERR_SYSTEM, strerror(errno), path);
    status = hash_stream(worker, file, &hash);
    (void)fclose(file);
    if (status != PRO_OK)
        return fail(reterr, status, "could not be read to its end", path);
    pro_write_uint(result, hash);
    return PRO_OK;
}
