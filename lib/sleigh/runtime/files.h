/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SLEIGH_FILES_H
#define SLEIGH_FILES_H

#include <promp/sleigh.h>

/* The whole content of a regular file of at most `limit` bytes; the caller frees it. */
ProStatus files_read(
        const char *path, size_t limit, uint8_t **ret, size_t *ret_size, ProError *reterr);

/* Loads a compiled specification; `name` is for the messages, `pspec_path` may be NULL. */
ProStatus files_load(const char *name, const uint8_t *sla, size_t size, const char *pspec_path,
        ProSleighLanguage **ret_language, ProError *reterr) PRO_WARN_UNUSED;

#endif
