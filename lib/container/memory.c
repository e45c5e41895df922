/* SPDX-License-Identifier: Apache-2.0 */
#include "container/memory.h"

#include "core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

enum {
    SEALS_OF_SIZE = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW,
    SEALS_FIXED = SEALS_OF_SIZE | F_SEAL_WRITE,
    SEALS_LIVE = SEALS_OF_SIZE | F_SEAL_FUTURE_WRITE,
    WRITE_AT_ONCE = 1 << 30,
};

/* Exactly one of heap, mapping and release owns the bytes. */
typedef struct Memory {
    ProContainer container;
    void *heap;
    void *mapping;
    void (*release)(void *user);
    void *user;
    bool fixed; /* nobody can change the bytes any more */
    pthread_mutex_t lock;
    int fd; /* the memfd, or -1; locked */
} Memory;

struct ProMemory {
    void *data;
    uint64_t size;
    int fd;
};

static void memory_destroy(ProContainer *container)
{
    Memory *memory = (Memory *)container;
    if (memory->mapping != NULL)
        (void)munmap(memory->mapping, (size_t)container->size);
    if (memory->release != NULL)
        memory->release(memory->user);
    if (memory->fd >= 0)
        (void)close(memory->fd);
    (void)pthread_mutex_destroy(&memory->lock);
    free(memory->heap);
    free(memory);
}

static const ContainerKindOps memory_ops = {.destroy = memory_destroy};

static Memory *memory_alloc(const void *data, uint64_t size, ProError *reterr)
{
    Memory *memory =
            (Memory *)container_alloc(sizeof *memory, PRO_CONTAINER_MEMORY, size, &memory_ops);
    if (memory == NULL) {
        (void)error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a container");
        return NULL;
    }
    (void)pthread_mutex_init(&memory->lock, NULL);
    memory->fd = -1;
    memory->container.data = data;
    return memory;
}

static ProStatus memfd_new(int *ret_fd, ProError *reterr)
{
    int fd = memfd_create("promp-container", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_system(reterr, errno, "cannot make a memfd for a container");
    *ret_fd = fd;
    return PRO_OK;
}

/* Filling by write() is several times cheaper than touching fresh pages one fault at a time. */
static ProStatus memfd_with(const uint8_t *data, uint64_t size, int *ret_fd, ProError *reterr)
{
    int fd = -1;
    ProStatus status = memfd_new(&fd, reterr);
    if (status != PRO_OK)
        return status;
    for (uint64_t done = 0; done < size;) {
        uint64_t piece = size - done < WRITE_AT_ONCE ? size - done : WRITE_AT_ONCE;
        ssize_t written = write(fd, data + done, (size_t)piece);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            goto fail;
        done += (uint64_t)written;
    }
    if (fcntl(fd, F_ADD_SEALS, SEALS_FIXED) != 0)
        goto fail;
    *ret_fd = fd;
    return PRO_OK;

fail:;
    int system_error = errno;
    (void)close(fd);
    return error_system(reterr, system_error, "cannot fill a memfd with %" PRIu64 " bytes", size);
}

bool memory_fd_is_sealed(int fd, uint64_t *ret_size, bool *ret_live)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS_OF_SIZE) != SEALS_OF_SIZE || fstat(fd, &info) != 0 ||
            info.st_size < 0)
        return false;
    if ((seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0)
        return false;
    *ret_size = (uint64_t)info.st_size;
    *ret_live = (seals & F_SEAL_WRITE) == 0;
    return true;
}

ProStatus memory_from_fd(
        int fd, uint64_t size, bool allow_live, ProContainer **ret_container, ProError *reterr)
{
    uint64_t real_size = 0;
    bool live = false;
    bool sealed = memory_fd_is_sealed(fd, &real_size, &live);
    if (!sealed || real_size != size || size == 0 || (live && !allow_live)) {
        (void)close(fd);
        return error_set(reterr, PRO_ERR_FORMAT,
                "what should be a container of %" PRIu64 " bytes is %s", size,
                !sealed               ? "not a sealed memfd"
                : real_size != size   ? "a memfd of another size"
                : live && !allow_live ? "memory that its sender may still change"
                                      : "empty");
    }
    void *mapping = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED) {
        int system_error = errno;
        (void)close(fd);
        return error_system(
                reterr, system_error, "cannot map a container of %" PRIu64 " bytes", size);
    }
    Memory *memory = memory_alloc(mapping, size, reterr);
    if (memory == NULL) {
        (void)munmap(mapping, (size_t)size);
        (void)close(fd);
        return PRO_ERR_NO_MEMORY;
    }
    memory->mapping = mapping;
    memory->fixed = !live;
    memory->fd = fd;
    *ret_container = &memory->container;
    return PRO_OK;
}

static ProStatus new_on_heap(
        const void *data, size_t size, ProContainer **ret_container, ProError *reterr)
{
    void *heap = malloc(size > 0 ? size : 1);
    if (heap == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a container of %zu bytes", size);
    if (size > 0)
        memcpy(heap, data, size);
    Memory *memory = memory_alloc(heap, size, reterr);
    if (memory == NULL) {
        free(heap);
        return PRO_ERR_NO_MEMORY;
    }
    memory->heap = heap;
    memory->fixed = true;
    *ret_container = &memory->container;
    return PRO_OK;
}

ProStatus pro_container_new_copy(
        const void *data, size_t size, ProContainer **ret_container, ProError *reterr)
{
    int fd = -1;
    if (size > PRO_CONTAINER_SIZE_MAX)
        return error_set(reterr, PRO_ERR_INVALID, "a container of %zu bytes is not possible", size);
    /* Where descriptors have run out, plain memory still does. */
    if (size < MEMORY_MEMFD_MIN || memfd_with(data, size, &fd, reterr) != PRO_OK)
        return new_on_heap(data, size, ret_container, reterr);
    return memory_from_fd(fd, size, false, ret_container, reterr);
}

ProStatus pro_container_new_borrow(const void *data, size_t size, void (*release)(void *user),
        void *user, ProContainer **ret_container, ProError *reterr)
{
    if (size > PRO_CONTAINER_SIZE_MAX || (data == NULL && size > 0))
        return error_set(reterr, PRO_ERR_INVALID, "a container of %zu bytes at %p is not possible",
                size, data);
    Memory *memory = memory_alloc(data != NULL ? data : "", size, reterr);
    if (memory == NULL)
        return PRO_ERR_NO_MEMORY;
    memory->release = release;
    memory->user = user;
    *ret_container = &memory->container;
    return PRO_OK;
}

ProStatus memory_fd(const ProContainer *container, int *ret_fd, ProError *reterr)
{
    if (container->kind != PRO_CONTAINER_MEMORY || container->size == 0)
        return error_set(reterr, PRO_ERR_UNSUPPORTED,
                "a %s container of %" PRIu64 " bytes has no memfd",
                pro_container_kind_text(container->kind), container->size);
    Memory *memory = (Memory *)container;
    ProStatus status = PRO_OK;
    (void)pthread_mutex_lock(&memory->lock);
    if (memory->fd < 0)
        status = memfd_with(container->data, container->size, &memory->fd, reterr);
    *ret_fd = memory->fd;
    (void)pthread_mutex_unlock(&memory->lock);
    return status;
}

bool memory_is_fixed(const ProContainer *container)
{
    return container->kind == PRO_CONTAINER_MEMORY && ((const Memory *)container)->fixed;
}

/* ---- writable memory ---- */

ProStatus pro_memory_new(uint64_t size, ProMemory **ret_memory, ProError *reterr)
{
    if (size == 0 || size > PRO_CONTAINER_SIZE_MAX)
        return error_set(
                reterr, PRO_ERR_INVALID, "memory of %" PRIu64 " bytes is not possible", size);
    ProMemory *memory = calloc(1, sizeof *memory);
    if (memory == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory");
    ProStatus status = memfd_new(&memory->fd, reterr);
    if (status != PRO_OK) {
        free(memory);
        return status;
    }
    memory->size = size;
    if (ftruncate(memory->fd, (off_t)size) == 0)
        memory->data = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
    if (memory->data == NULL || memory->data == MAP_FAILED) {
        int system_error = errno;
        (void)close(memory->fd);
        free(memory);
        return error_system(reterr, system_error, "cannot make memory of %" PRIu64 " bytes", size);
    }
    *ret_memory = memory;
    return PRO_OK;
}

void *pro_memory_data(ProMemory *memory)
{
    return memory->data;
}

uint64_t pro_memory_size(const ProMemory *memory)
{
    return memory->size;
}

void pro_memory_free(ProMemory *memory)
{
    if (memory == NULL)
        return;
    if (memory->data != NULL)
        (void)munmap(memory->data, (size_t)memory->size);
    (void)close(memory->fd);
    free(memory);
}

/* A second descriptor of the memfd, with the seals added. */
static ProStatus sealed_duplicate(const ProMemory *memory, int seals, int *ret_fd, ProError *reterr)
{
    int fd = fcntl(memory->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return error_system(reterr, errno, "cannot duplicate a memfd");
    int present = fcntl(fd, F_GET_SEALS);
    if ((present & seals) != seals && fcntl(fd, F_ADD_SEALS, seals) != 0) {
        int system_error = errno;
        (void)close(fd);
        return error_system(
                reterr, system_error, "cannot seal a memfd of %" PRIu64 " bytes", memory->size);
    }
    *ret_fd = fd;
    return PRO_OK;
}

ProStatus pro_container_new_live(ProMemory *memory, ProContainer **ret_container, ProError *reterr)
{
    int fd = -1;
    ProStatus status = sealed_duplicate(memory, SEALS_LIVE, &fd, reterr);
    if (status != PRO_OK)
        return status;
    return memory_from_fd(fd, memory->size, true, ret_container, reterr);
}

ProStatus pro_container_new_take(ProMemory *memory, ProContainer **ret_container, ProError *reterr)
{
    int fd = -1;
    if ((fcntl(memory->fd, F_GET_SEALS) & F_SEAL_SEAL) != 0)
        return error_set(reterr, PRO_ERR_INVALID, "memory that is shown live cannot be taken");
    /* The kernel refuses to seal what somebody can write to. */
    if (munmap(memory->data, (size_t)memory->size) != 0)
        return error_system(
                reterr, errno, "cannot unmap memory of %" PRIu64 " bytes", memory->size);
    ProStatus status = sealed_duplicate(memory, SEALS_FIXED, &fd, reterr);
    if (status == PRO_OK)
        status = memory_from_fd(fd, memory->size, false, ret_container, reterr);
    if (status == PRO_OK) {
        (void)close(memory->fd);
        free(memory);
        return PRO_OK;
    }
    /* Back to the caller: writable if it was not sealed yet. */
    memory->data =
            mmap(NULL, (size_t)memory->size, PROT_READ | PROT_WRITE, MAP_SHARED, memory->fd, 0);
    if (memory->data == MAP_FAILED)
        memory->data = NULL;
    return status;
}
