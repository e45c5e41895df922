/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_INFLATE_H
#define SLEIGH_INFLATE_H

#include <promp/status.h>
#include <stddef.h>
#include <stdint.h>

/* The document within a compiled specification of `size` bytes (its header is checked already).
 * The caller frees it. */
ProStatus inflate_document(const uint8_t *sla, size_t size, uint8_t **ret_document,
        size_t *ret_document_size, ProError *reterr);

#endif
