/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include "core/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

ProContainer *container_alloc(
        size_t bytes, ProContainerKind kind, uint64_t size, const ContainerKindOps *ops)
{
    ProContainer *container = calloc(1, bytes);
    if (container == NULL)
        return NULL;
    atomic_init(&container->references, 1);
    container->kind = kind;
    container->size = size;
    container->ops = ops;
    return container;
}

ProContainer *pro_container_ref(ProContainer *container)
{
    (void)atomic_fetch_add_explicit(&container->references, 1, memory_order_relaxed);
    return container;
}

void pro_container_unref(ProContainer *container)
{
    if (container == NULL)
        return;
    if (atomic_fetch_sub_explicit(&container->references, 1, memory_order_acq_rel) == 1)
        container->ops->destroy(container);
}

ProContainerKind pro_container_kind(const ProContainer *container)
{
    return container->kind;
}

const char *pro_container_kind_text(ProContainerKind kind)
{
    static const char *const texts[] = {"memory", "file", "slice", "callback"};
    return (size_t)kind < sizeof texts / sizeof texts[0] ? texts[kind] : "unknown";
}

uint64_t pro_container_size(const ProContainer *container)
{
    return container->size;
}

const void *pro_container_data(const ProContainer *container)
{
    return container->data;
}

ProStatus container_check_range(const ProContainer *container, uint64_t offset, uint64_t *size,
        const char *what, ProError *reterr)
{
    if (offset > container->size)
        return error_set(reterr, PRO_ERR_INVALID,
                "cannot %s at offset %" PRIu64 ": the container has %" PRIu64 " bytes", what,
                offset, container->size);
    uint64_t left = container->size - offset;
    if (*size == PRO_TO_END)
        *size = left;
    if (*size > left)
        return error_set(reterr, PRO_ERR_INVALID,
                "cannot %s %" PRIu64 " bytes at offset %" PRIu64 ": only %" PRIu64
                " of the container's %" PRIu64 " bytes lie behind it",
                what, *size, offset, left, container->size);
    return PRO_OK;
}

ProStatus container_progress(
        const ProProgress *progress, uint64_t done, uint64_t total, ProError *reterr)
{
    if (progress == NULL || progress->ops == NULL)
        return PRO_OK;
    if (progress->ops->progress != NULL) {
        double share = total == 0 ? 1 : (double)done / (double)total;
        progress->ops->progress(progress->user, (int64_t)(share * 100));
    }
    if (progress->ops->was_aborted != NULL && progress->ops->was_aborted(progress->user))
        return error_set(reterr, PRO_ERR_ABORTED,
                "cancelled after %" PRIu64 " of %" PRIu64 " bytes", done, total);
    return PRO_OK;
}

ProStatus pro_container_read(const ProContainer *container, uint64_t offset, void *ret_data,
        size_t size, ProError *reterr)
{
    if (size == 0 && offset <= container->size)
        return PRO_OK;
    uint64_t checked_size = size;
    ProStatus status = container_check_range(container, offset, &checked_size, "read", reterr);
    if (status != PRO_OK)
        return status;
    if (container->data == NULL)
        return container->ops->read(container, offset, ret_data, size, reterr);
    memcpy(ret_data, container->data + offset, size);
    return PRO_OK;
}

static ProStatus check_parts(
        const ProContainer *container, const ProPart *parts, size_t count, ProError *reterr)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t size = parts[i].size;
        ProError error = {0};
        ProStatus status = container_check_range(container, parts[i].offset, &size, "read", &error);
        if (status != PRO_OK)
            return error_set(reterr, status, "part %zu of %zu: %s", i, count, error.text);
    }
    return PRO_OK;
}

ProStatus pro_container_read_many(
        const ProContainer *container, const ProPart *parts, size_t count, ProError *reterr)
{
    ProStatus status = check_parts(container, parts, count, reterr);
    if (status == PRO_OK && container->data == NULL && container->ops->read_many != NULL)
        return container->ops->read_many(container, parts, count, reterr);
    for (size_t i = 0; i < count && status == PRO_OK; i++)
        status = pro_container_read(
                container, parts[i].offset, parts[i].data, parts[i].size, reterr);
    return status;
}

ProStatus pro_container_window(const ProContainer *container, uint64_t offset, void *scratch,
        size_t capacity, const void **ret_data, size_t *ret_size, ProError *reterr)
{
    uint64_t size = PRO_TO_END;
    ProStatus status = container_check_range(container, offset, &size, "read", reterr);
    if (status != PRO_OK)
        return status;
    if (container->data != NULL) {
        *ret_data = container->data + offset;
        *ret_size = (size_t)size;
        return PRO_OK;
    }
    if (size > capacity)
        size = capacity;
    if (size > 0)
        status = container->ops->read(container, offset, scratch, (size_t)size, reterr);
    if (status == PRO_OK) {
        *ret_data = scratch;
        *ret_size = (size_t)size;
    }
    return status;
}

ProStatus pro_container_read_uint(const ProContainer *container, uint64_t offset, size_t size,
        bool big_endian, uint64_t *ret_value, ProError *reterr)
{
    uint8_t bytes[8];
    if (size == 0 || size > sizeof bytes)
        return error_set(reterr, PRO_ERR_INVALID,
                "an integer of %zu bytes cannot be read: 1 to 8 can", size);
    ProStatus status = pro_container_read(container, offset, bytes, size, reterr);
    if (status != PRO_OK)
        return status;
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | bytes[big_endian ? i : size - 1 - i];
    *ret_value = value;
    return PRO_OK;
}

ProStatus pro_container_read_text(const ProContainer *container, uint64_t offset, size_t max,
        char **ret_text, size_t *ret_size, bool *ret_terminated, ProError *reterr)
{
    uint64_t left = PRO_TO_END;
    ProStatus status = container_check_range(container, offset, &left, "read text", reterr);
    if (status != PRO_OK)
        return status;
    if (max > left)
        max = (size_t)left;
    char *text = NULL;
    size_t size = 0;
    bool terminated = false;
    while (!terminated && size < max) {
        size_t piece = size < 256 ? 256 : size; /* doubles, so that a huge `max` costs nothing */
        if (piece > max - size)
            piece = max - size;
        char *larger = realloc(text, size + piece + 1);
        if (larger == NULL) {
            free(text);
            return error_set(
                    reterr, PRO_ERR_NO_MEMORY, "no memory for a text of %zu bytes", size + piece);
        }
        text = larger;
        status = pro_container_read(container, offset + size, text + size, piece, reterr);
        if (status != PRO_OK) {
            free(text);
            return status;
        }
        size_t length = strnlen(text + size, piece);
        terminated = length < piece;
        size += length;
    }
    if (text == NULL && (text = malloc(1)) == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for an empty text");
    text[size] = 0;
    *ret_text = text;
    *ret_size = size;
    if (ret_terminated != NULL)
        *ret_terminated = terminated;
    return PRO_OK;
}
