/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_FILES_H
#define SLEIGH_FILES_H

#include <promp/status.h>
#include <stddef.h>
#include <stdint.h>

/* The whole content of a regular file of at most `limit` bytes; the caller frees it. */
ProStatus files_read(
        const char *path, size_t limit, uint8_t **ret, size_t *ret_size, ProError *reterr);

#endif
