/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SUPPORT_KINDS_H
#define SUPPORT_KINDS_H

/* The same bytes as every kind of container, for tests that must hold for all of them. */

#include <promp/container_ops.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum Kind {
    KIND_SMALL_OR_SEALED, /* what pro_container_new_copy() makes of the size */
    KIND_BORROWED,
    KIND_TAKEN,
    KIND_LIVE,
    KIND_FILE,
    KIND_CALLBACK,
    KIND_SLICE_OF_MEMORY,
    KIND_SLICE_OF_FILE,
    KIND_COUNT
} Kind;

typedef struct KindBytes {
    uint8_t *data;
    size_t size;
} KindBytes;

static inline ProStatus kind_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    (void)reterr;
    KindBytes *bytes = user;
    memcpy(ret_data, bytes->data + offset, size);
    return PRO_OK;
}

static inline void kind_release(void *user)
{
    KindBytes *bytes = user;
    free(bytes->data);
    free(bytes);
}

static inline KindBytes *kind_bytes(const void *data, size_t size)
{
    KindBytes *bytes = malloc(sizeof *bytes);
    bytes->data = malloc(size + 1);
    memcpy(bytes->data, data, size);
    bytes->size = size;
    return bytes;
}

static inline ProContainer *kind_file(const void *data, size_t size)
{
    char path[] = "/tmp/promp-test-XXXXXX";
    int fd = mkstemp(path);
    ProContainer *container = NULL;
    if (fd >= 0 && write(fd, data, size) == (ssize_t)size)
        (void)!pro_container_open_file(path, 0, &container, NULL);
    (void)close(fd);
    (void)unlink(path);
    return container;
}

/* NULL on failure; memory cannot be empty where it is taken or live. */
static inline ProContainer *kind_make(Kind kind, const void *data, size_t size)
{
    static const ProContainerOps callbacks = {.read = kind_read, .release = kind_release};
    ProContainer *container = NULL;
    ProContainer *whole = NULL;
    ProMemory *memory = NULL;
    KindBytes *bytes;
    switch (kind) {
    case KIND_SMALL_OR_SEALED:
        (void)!pro_container_new_copy(data, size, &container, NULL);
        break;
    case KIND_BORROWED:
        bytes = kind_bytes(data, size);
        (void)!pro_container_new_borrow(bytes->data, size, kind_release, bytes, &container, NULL);
        break;
    case KIND_TAKEN:
    case KIND_LIVE:
        if (size == 0)
            return kind_make(KIND_SMALL_OR_SEALED, data, size);
        if (pro_memory_new(size, &memory, NULL) != PRO_OK)
            return NULL;
        memcpy(pro_memory_data(memory), data, size);
        if (kind == KIND_TAKEN && pro_container_new_take(memory, &container, NULL) == PRO_OK)
            break;
        (void)!pro_container_new_live(memory, &container, NULL);
        pro_memory_free(memory);
        break;
    case KIND_FILE:
        return kind_file(data, size);
    case KIND_CALLBACK:
        (void)!pro_container_new_callback(
                &callbacks, kind_bytes(data, size), size, &container, NULL);
        break;
    case KIND_SLICE_OF_MEMORY:
    case KIND_SLICE_OF_FILE:
        bytes = kind_bytes(data, size);
        bytes->data = realloc(bytes->data, size + 20);
        memmove(bytes->data + 13, bytes->data, size);
        memset(bytes->data, 0xEE, 13);
        memset(bytes->data + 13 + size, 0xEE, 7);
        whole = kind_make(kind == KIND_SLICE_OF_FILE ? KIND_FILE : KIND_SMALL_OR_SEALED,
                bytes->data, size + 20);
        (void)!pro_container_slice(whole, 13, size, &container, NULL);
        pro_container_unref(whole);
        kind_release(bytes);
        break;
    case KIND_COUNT:
        break;
    }
    return container;
}

#endif
