/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_VALUE_WRITER_H
#define CORE_VALUE_WRITER_H

#include <promp/value.h>
#include <sys/uio.h>

/* Bytes at least as large are referred to, not copied, by pro_write_bytes_borrowed(). */
#define VALUE_BORROW_MIN ((size_t)32 << 10)

/* The encoded bytes as pieces, borrowed ones in place; lent until the next call on the writer. NULL
 * (and 0) if nothing was written, or after a failure. */
const struct iovec *value_writer_segments(ProWriter *writer, size_t *ret_count);

#endif
