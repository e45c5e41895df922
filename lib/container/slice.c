/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include "core/error.h"

#include <stdlib.h>

typedef struct Slice {
    ProContainer container;
    ProContainer *whole; /* never a slice itself */
    uint64_t offset;
} Slice;

static ProStatus slice_read(const ProContainer *container, uint64_t offset, void *ret_data,
        size_t size, ProError *reterr)
{
    const Slice *slice = (const Slice *)container;
    return pro_container_read(slice->whole, slice->offset + offset, ret_data, size, reterr);
}

static ProStatus slice_read_many(
        const ProContainer *container, const ProPart *parts, size_t count, ProError *reterr)
{
    enum { AT_ONCE = 256 };
    const Slice *slice = (const Slice *)container;
    ProPart shifted[AT_ONCE];
    ProStatus status = PRO_OK;
    while (count > 0 && status == PRO_OK) {
        size_t now = count < AT_ONCE ? count : AT_ONCE;
        for (size_t i = 0; i < now; i++) {
            shifted[i] = parts[i];
            shifted[i].offset += slice->offset;
        }
        status = pro_container_read_many(slice->whole, shifted, now, reterr);
        parts += now;
        count -= now;
    }
    return status;
}

static void slice_destroy(ProContainer *container)
{
    Slice *slice = (Slice *)container;
    pro_container_unref(slice->whole);
    free(slice);
}

static const ContainerKindOps slice_ops = {
        .read = slice_read, .read_many = slice_read_many, .destroy = slice_destroy};

const ProContainer *container_base(const ProContainer *container, uint64_t *ret_offset)
{
    *ret_offset = 0;
    if (container->kind != PRO_CONTAINER_SLICE)
        return container;
    const Slice *slice = (const Slice *)container;
    *ret_offset = slice->offset;
    return slice->whole;
}

ProStatus pro_container_slice(ProContainer *container, uint64_t offset, uint64_t size,
        ProContainer **ret_container, ProError *reterr)
{
    ProStatus status = container_check_range(container, offset, &size, "make a slice of", reterr);
    if (status != PRO_OK)
        return status;
    Slice *slice = (Slice *)container_alloc(sizeof *slice, PRO_CONTAINER_SLICE, size, &slice_ops);
    if (slice == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "no memory for a slice");
    uint64_t base_offset;
    const ProContainer *whole = container_base(container, &base_offset);
    slice->whole = pro_container_ref((ProContainer *)whole);
    slice->offset = base_offset + offset;
    if (container->data != NULL)
        slice->container.data = container->data + offset;
    *ret_container = &slice->container;
    return PRO_OK;
}

ProStatus container_part(ProContainer *whole, uint64_t offset, uint64_t size,
        ProContainer **ret_container, ProError *reterr)
{
    if (offset == 0 && size == whole->size) {
        *ret_container = whole;
        return PRO_OK;
    }
    ProStatus status = pro_container_slice(whole, offset, size, ret_container, reterr);
    pro_container_unref(whole);
    return status;
}
