/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include <promp/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A growable run of bytes, for text and for encoded data.
 *
 * Appending never fails visibly: the first allocation that fails sets `failed`, and everything
 * after it is ignored. The writer checks once, at the end. All integers are little-endian.
 *
 * Zero-initialised memory is a valid empty buffer. Threads: one at a time.
 */
typedef struct Buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool failed;
} Buffer;

void buffer_init(Buffer *buffer);
void buffer_fini(Buffer *buffer);  /* frees; the buffer is empty and usable again */
void buffer_clear(Buffer *buffer); /* forgets the bytes and the failure, keeps the memory */

/* Makes room for `extra` more bytes; false (and failed) if there is no memory. */
bool buffer_reserve(Buffer *buffer, size_t extra);

void buffer_append(Buffer *buffer, const void *bytes, size_t size);
void buffer_append_text(Buffer *buffer, const char *text); /* without its final NUL */
void buffer_append_format(Buffer *buffer, const char *format, ...) PRO_PRINTF(2, 3);
void buffer_append_u8(Buffer *buffer, uint8_t value);
void buffer_append_u16(Buffer *buffer, uint16_t value);
void buffer_append_u32(Buffer *buffer, uint32_t value);
void buffer_append_u64(Buffer *buffer, uint64_t value);

/* Overwrites four bytes at `offset`, which must lie inside the buffer. */
void buffer_patch_u32(Buffer *buffer, size_t offset, uint32_t value);

/* The bytes with a NUL behind them (not counted); "" if the buffer is empty or failed. Lent until
 * the next call. */
const char *buffer_text(Buffer *buffer);

/* Hands the memory over (caller frees with free()); the buffer is empty afterwards. */
uint8_t *buffer_take(Buffer *buffer, size_t *ret_size);

#endif
