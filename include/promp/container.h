/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PROMP_CONTAINER_H
#define PROMP_CONTAINER_H

/*
 * ProContainer is a run of bytes that can be read: memory, a file, a part of another container, or
 * whatever a program can read by callbacks (<promp/container_ops.h>). Loaders, searches and views
 * sit on it and do not care which one it is. Nothing can be written through a container.
 *
 * Threads:  any thread; immutable after creation.
 * Lifetime: counted.
 * Offsets:  64-bit, in bytes. Every range is checked: what lies outside is PRO_ERR_INVALID and the
 *           text holds the values.
 */

#include <promp/status.h>
#include <promp/wait.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PRO_CONTAINER_SIZE_MAX ((uint64_t)INT64_MAX)
#define PRO_TO_END UINT64_MAX /* as a range's size: up to the container's end */

typedef struct ProContainer ProContainer;

typedef enum ProContainerKind {
    PRO_CONTAINER_MEMORY,
    PRO_CONTAINER_FILE,
    PRO_CONTAINER_SLICE,
    PRO_CONTAINER_CALLBACK
} ProContainerKind;

PRO_API ProContainer *pro_container_ref(ProContainer *container);
PRO_API void pro_container_unref(ProContainer *container); /* NULL is allowed */
PRO_API ProContainerKind pro_container_kind(const ProContainer *container);
PRO_API const char *pro_container_kind_text(ProContainerKind kind);
PRO_API uint64_t pro_container_size(const ProContainer *container);

/*
 * How a long operation tells how far it has come (percent, to ops->progress) and is asked to stop
 * (ops->was_aborted: PRO_ERR_ABORTED). Called in the thread that called the operation, every few
 * milliseconds at most. Other members of the table are not used.
 */
typedef struct ProProgress {
    const ProWaitOps *ops;
    void *user;
} ProProgress;

/* ---- memory ---- */

/* A copy of the caller's bytes. */
PRO_API ProStatus pro_container_new_copy(const void *data, size_t size,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;
/* The caller's own bytes; they must neither change nor go before `release` is called (which may be
 * NULL), with the last reference, in whatever thread drops it. What is shared with a worker is a
 * snapshot. */
PRO_API ProStatus pro_container_new_borrow(const void *data, size_t size,
        void (*release)(void *user), void *user, ProContainer **ret_container,
        ProError *reterr) PRO_WARN_UNUSED;

/* Writable memory that can become a container without a copy. Threads: one at a time. */
typedef struct ProMemory ProMemory;

PRO_API ProStatus pro_memory_new(
        uint64_t size, ProMemory **ret_memory, ProError *reterr) PRO_WARN_UNUSED; /* zeroed */
PRO_API void *pro_memory_data(ProMemory *memory);
PRO_API uint64_t pro_memory_size(const ProMemory *memory);
PRO_API void pro_memory_free(ProMemory *memory); /* NULL is allowed */

/* Turns the memory into a container and frees `memory`: its pointer is no longer valid, and the
 * kernel refuses every further change. On failure the memory is still the caller's. */
PRO_API ProStatus pro_container_new_take(
        ProMemory *memory, ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;
/* A container that shows the memory live: what its owner writes is seen by every reader, also in
 * workers; none of them can write. The memory stays the caller's to write and to free. */
PRO_API ProStatus pro_container_new_live(
        ProMemory *memory, ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;

/* ---- files ---- */

typedef enum ProFileFlags {
    PRO_FILE_CHANGING =
            1 << 0 /* do not refuse a file because it was written to since it was opened */
} ProFileFlags;

/*
 * A regular file or a block device, of any size; it is read when it is asked for, never mapped: a
 * file that shrinks, changes or fails under its readers is PRO_ERR_SYSTEM with the offset
 * (ESTALE, EIO), not a signal. A file without a size that has content (/proc) is read at once, up
 * to PRO_FILE_UNSIZED_MAX. Once a file is shared with workers, which run with this user's rights
 * and so may write to it, every change of its inode is such an error as well (a rename, other
 * rights): no worker can show others bytes that it changed. A copy in memory cannot be changed at
 * all. Folders, FIFOs, sockets and character devices are PRO_ERR_UNSUPPORTED.
 */
#define PRO_FILE_UNSIZED_MAX ((uint64_t)64 << 20)
PRO_API ProStatus pro_container_open_file(const char *path, uint32_t flags,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;

/* ---- parts ---- */

/* size: PRO_TO_END for the rest. Cheap, whatever the size. */
PRO_API ProStatus pro_container_slice(ProContainer *container, uint64_t offset, uint64_t size,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;

/* ---- reading ---- */

/* Exactly `size` bytes. */
PRO_API ProStatus pro_container_read(const ProContainer *container, uint64_t offset, void *ret_data,
        size_t size, ProError *reterr) PRO_WARN_UNUSED;

typedef struct ProPart {
    uint64_t offset;
    size_t size;
    void *data; /* where its bytes go */
} ProPart;

/*
 * Exactly these parts, which may lie anywhere, overlap and come in any order. Where each read is a
 * round trip (a worker, a container that is a callback of its manager) many are under way at once,
 * so that scattered parts cost a fraction of reading one after another. An error names the first
 * part that it could tell, and then it is not said which of the others are filled.
 */
PRO_API ProStatus pro_container_read_many(const ProContainer *container, const ProPart *parts,
        size_t count, ProError *reterr) PRO_WARN_UNUSED;

/* The bytes if they all lie in memory, for the container's life; else NULL. */
PRO_API const void *pro_container_data(const ProContainer *container);

/*
 * Lends the bytes from `offset` on without copying where there is memory: all up to the end. Else
 * reads up to `capacity` bytes into `scratch` and lends that. 0 bytes at the end, an error beyond
 * it.
 */
PRO_API ProStatus pro_container_window(const ProContainer *container, uint64_t offset,
        void *scratch, size_t capacity, const void **ret_data, size_t *ret_size,
        ProError *reterr) PRO_WARN_UNUSED;

/* An unsigned integer of `size` bytes (1 to 8). */
PRO_API ProStatus pro_container_read_uint(const ProContainer *container, uint64_t offset,
        size_t size, bool big_endian, uint64_t *ret_value, ProError *reterr) PRO_WARN_UNUSED;

/* The bytes up to a NUL, the container's end or `max` bytes, whichever comes first; NUL-terminated,
 * freed with free(). ret_terminated (may be NULL): whether a NUL ended it. */
PRO_API ProStatus pro_container_read_text(const ProContainer *container, uint64_t offset,
        size_t max, char **ret_text, size_t *ret_size, bool *ret_terminated,
        ProError *reterr) PRO_WARN_UNUSED;

/* ---- copies ---- */

/* A memory container with the same bytes. */
PRO_API ProStatus pro_container_copy(const ProContainer *container, const ProProgress *progress,
        ProContainer **ret_container, ProError *reterr) PRO_WARN_UNUSED;
/* Replaces the file at `path` once all was written; on failure it is as before. */
PRO_API ProStatus pro_container_copy_to_file(const ProContainer *container, const char *path,
        const ProProgress *progress, ProError *reterr) PRO_WARN_UNUSED;

/* ---- hashes ---- */

#define PRO_HASH_BYTES_MAX 64

/* algorithm: a name that OpenSSL knows ("sha256", "md5", "sha3-512", "blake2b512"). */
PRO_API ProStatus pro_container_hash(const ProContainer *container, const char *algorithm,
        const ProProgress *progress, uint8_t ret_hash[PRO_HASH_BYTES_MAX], size_t *ret_size,
        ProError *reterr) PRO_WARN_UNUSED;

#ifdef __cplusplus
}
#endif

#endif
