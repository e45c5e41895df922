/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_VALUE_WRITER_H
#define CORE_VALUE_WRITER_H

#include <promp/value.h>
#include <sys/uio.h>

/* pro_write_bytes_borrowed() copies below this: a piece of its own costs more than the copy. */
#define VALUE_WRITER_BORROW_BYTES 32768

/* ProContainers in one value. */
#define VALUE_WRITER_ATTACHED_MAX 256

/*
 * Writes the place of an object that travels beside the value, and keeps it. The writer drops it by
 * `unref`, which is the same for all that are attached to it, when it is cleared or freed; at once
 * if it fails.
 */
void value_writer_attach(ProWriter *writer, void *object, void (*unref)(void *object));
/* What is attached, by index; lent. */
void *const *value_writer_attached(const ProWriter *writer, size_t *ret_count);

/*
 * The encoded bytes as pieces in their order, borrowed bytes uncopied; lent until the next call on
 * the writer. NULL and 0 when nothing was written, or when the writer has failed: look at
 * pro_writer_status() afterwards, since no memory and a container that is still open fail here.
 */
const struct iovec *value_writer_segments(ProWriter *writer, size_t *ret_count);

#endif
