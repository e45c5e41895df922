/* SPDX-License-Identifier: Apache-2.0 */
#include "sleigh/runtime/inflate.h"

#include "core/error.h"
#include "sleigh/limits.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

enum { HEADER_BYTES = 4 };

/* libdeflate, which is three times as fast as zlib, does not say where data is wrong: zlib does. */
static ProStatus tell_what_is_wrong(const uint8_t *sla, size_t size, ProError *reterr)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)(sla + HEADER_BYTES),
            .avail_in = (uInt)(size - HEADER_BYTES)};
    uint8_t ignored[8192];
    if (inflateInit(&stream) != Z_OK)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "compiled specification: no memory");
    int result = Z_OK;
    while (result == Z_OK) {
        stream.next_out = ignored;
        stream.avail_out = sizeof ignored;
        result = inflate(&stream, Z_NO_FLUSH);
    }
    size_t consumed = stream.total_in + HEADER_BYTES;
    (void)inflateEnd(&stream);
    return error_set(reterr, PRO_ERR_FORMAT,
            "compiled specification, byte %zu: the compressed data is %s", consumed,
            result == Z_BUF_ERROR ? "truncated" : "corrupted");
}

/* Inflates into memory that grows as needed. The document is the caller's whatever the result is.
 */
static enum libdeflate_result inflate_all(struct libdeflate_decompressor *decompressor,
        const uint8_t *sla, size_t size, uint8_t **ret_document, size_t *ret_document_size)
{
    size_t capacity = size * 12 + 4096; /* what such data usually inflates to */
    enum libdeflate_result result;
    do {
        if (capacity > SLEIGH_LIMIT_SLA_BYTES)
            capacity = SLEIGH_LIMIT_SLA_BYTES;
        free(*ret_document);
        *ret_document = malloc(capacity);
        if (*ret_document == NULL)
            return LIBDEFLATE_INSUFFICIENT_SPACE;
        result = libdeflate_zlib_decompress(decompressor, sla + HEADER_BYTES, size - HEADER_BYTES,
                *ret_document, capacity, ret_document_size);
        capacity *= 4;
    } while (result == LIBDEFLATE_INSUFFICIENT_SPACE && capacity / 4 < SLEIGH_LIMIT_SLA_BYTES);
    return result;
}

ProStatus inflate_document(const uint8_t *sla, size_t size, uint8_t **ret_document,
        size_t *ret_document_size, ProError *reterr)
{
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    uint8_t *document = NULL;
    size_t inflated = 0;
    if (decompressor == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "compiled specification: no memory");
    enum libdeflate_result result = inflate_all(decompressor, sla, size, &document, &inflated);
    libdeflate_free_decompressor(decompressor);
    if (document == NULL)
        return error_set(reterr, PRO_ERR_NO_MEMORY, "compiled specification: no memory");
    if (result == LIBDEFLATE_SUCCESS) {
        uint8_t *smaller = realloc(document, inflated + 1);
        *ret_document = smaller == NULL ? document : smaller;
        *ret_document_size = inflated;
        return PRO_OK;
    }
    free(document);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return error_set(reterr, PRO_ERR_LIMIT,
                "compiled specification: it inflates to more than %u bytes (SLEIGH_LIMIT_SLA_BYTES)",
                SLEIGH_LIMIT_SLA_BYTES);
    return tell_what_is_wrong(sla, size, reterr);
}
