/* SPDX-License-Identifier: Apache-2.0 */

/* What random_containers.py cannot make in Python: a callback container in C, which needs no GIL,
 * and live memory. Called by ctypes. */

#include <promp/container_ops.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

PRO_API void source_fill(uint32_t seed, uint64_t offset, uint8_t *data, size_t size);
PRO_API ProContainer *source_new(uint32_t seed, uint64_t size, long delay_ns);
PRO_API ProContainer *source_live(const uint8_t *data, size_t size, ProMemory **ret_memory);

typedef struct Source {
    uint32_t seed;
    long delay_ns; /* of each read */
} Source;

void source_fill(uint32_t seed, uint64_t offset, uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(((offset + i) * 2654435761u + seed) >> 11);
}

static ProStatus source_read(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    const Source *source = user;
    const struct timespec delay = {.tv_nsec = source->delay_ns};
    (void)reterr;
    if (source->delay_ns > 0)
        (void)nanosleep(&delay, NULL);
    source_fill(source->seed, offset, ret_data, size);
    return PRO_OK;
}

static ProStatus source_read_many(void *user, const ProPart *parts, size_t count, ProError *reterr)
{
    ProStatus status = PRO_OK;
    for (size_t i = 0; i < count && status == PRO_OK; i++)
        status = source_read(user, parts[i].offset, parts[i].data, parts[i].size, reterr);
    return status;
}

/* NULL without memory. */
ProContainer *source_new(uint32_t seed, uint64_t size, long delay_ns)
{
    static const ProContainerOps ops = {
            .read = source_read, .read_many = source_read_many, .release = free};
    ProContainer *container = NULL;
    Source *source = malloc(sizeof *source);
    if (source == NULL)
        return NULL;
    *source = (Source){seed, delay_ns};
    if (pro_container_new_callback(&ops, source, size, &container, NULL) == PRO_OK)
        return container;
    free(source);
    return NULL;
}

/* The memory is the caller's to free. NULL without memory. */
ProContainer *source_live(const uint8_t *data, size_t size, ProMemory **ret_memory)
{
    ProContainer *container = NULL;
    if (pro_memory_new(size, ret_memory, NULL) != PRO_OK)
        return NULL;
    memcpy(pro_memory_data(*ret_memory), data, size);
    if (pro_container_new_live(*ret_memory, &container, NULL) == PRO_OK)
        return container;
    pro_memory_free(*ret_memory);
    return NULL;
}
