/* SPDX-License-Identifier: Apache-2.0 */
#include "container/block_cache.h"
#include "container/container.h"

#include "core/error.h"

#include <inttypes.h>
#include <stdlib.h>

typedef struct Callback {
    ProContainer container;
    const ProContainerOps *callbacks;
    void *user;
    BlockCache *cache;
} Callback;

static ProStatus callback_read(const ProContainer *container, uint64_t offset, void *ret_data,
        size_t size, ProError *reterr)
{
    return block_cache_read(((const Callback *)container)->cache, offset, ret_data, size, reterr);
}

static ProStatus callback_read_many(
        const ProContainer *container, const ProPart *parts, size_t count, ProError *reterr)
{
    return block_cache_read_many(((const Callback *)container)->cache, parts, count, reterr);
}

static void callback_destroy(ProContainer *container)
{
    Callback *callback = (Callback *)container;
    if (callback->callbacks->release != NULL)
        callback->callbacks->release(callback->user);
    block_cache_free(callback->cache);
    free(callback);
}

static const ContainerKindOps callback_ops = {
        .read = callback_read, .read_many = callback_read_many, .destroy = callback_destroy};

ProStatus pro_container_new_callback(const ProContainerOps *ops, void *user, uint64_t size,
        ProContainer **ret_container, ProError *reterr)
{
    if (ops == NULL || ops->read == NULL)
        return error_set(reterr, PRO_ERR_INVALID, "a callback container needs a read function");
    if (size > PRO_CONTAINER_SIZE_MAX)
        return error_set(
                reterr, PRO_ERR_INVALID, "a container of %" PRIu64 " bytes is not possible", size);
    Callback *callback = (Callback *)container_alloc(
            sizeof *callback, PRO_CONTAINER_CALLBACK, size, &callback_ops);
    if (callback != NULL)
        callback->cache = block_cache_new(ops, user, size);
    if (callback == NULL || callback->cache == NULL) {
        free(callback);
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a callback container");
    }
    callback->callbacks = ops;
    callback->user = user;
    *ret_container = &callback->container;
    return PRO_OK;
}

const ProContainerOps *container_callbacks(const ProContainer *container, void **ret_user)
{
    if (container->kind != PRO_CONTAINER_CALLBACK)
        return NULL;
    const Callback *callback = (const Callback *)container;
    *ret_user = callback->user;
    return callback->callbacks;
}

/* ---- a cache before a container ---- */

static ProStatus read_inner(
        void *user, uint64_t offset, void *ret_data, size_t size, ProError *reterr)
{
    return pro_container_read(user, offset, ret_data, size, reterr);
}

static void release_inner(void *user)
{
    pro_container_unref(user);
}

ProStatus container_cached(ProContainer *container, ProContainer **ret_container, ProError *reterr)
{
    static const ProContainerOps inner_ops = {.read = read_inner, .release = release_inner};
    if (container->data != NULL || container->kind == PRO_CONTAINER_CALLBACK) {
        *ret_container = pro_container_ref(container);
        return PRO_OK;
    }
    ProStatus status = pro_container_new_callback(
            &inner_ops, container, container->size, ret_container, reterr);
    if (status == PRO_OK)
        (void)pro_container_ref(container);
    return status;
}
