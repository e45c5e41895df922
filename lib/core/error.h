/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <promp/status.h>

/*
 * Fills `reterr` (may be NULL) and returns `status`, so that failing is one statement:
 *     return error_set(reterr, PRO_ERR_INVALID, "worker id %u was never given out", id);
 */
ProStatus error_set(ProError *reterr, ProStatus status, const char *format, ...) PRO_PRINTF(3, 4);

/* The same for a failed system call: appends ": " and the text of `system_error` (an errno). */
ProStatus error_system(ProError *reterr, int system_error, const char *format, ...)
        PRO_PRINTF(3, 4);

#endif
