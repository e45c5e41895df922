/* SPDX-License-Identifier: Apache-2.0 */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const status_texts[] = {
        [PRO_OK] = "ok",
        [PRO_ERR_INVALID] = "invalid argument",
        [PRO_ERR_NO_MEMORY] = "no memory",
        [PRO_ERR_SYSTEM] = "system error",
        [PRO_ERR_TIMEOUT] = "timed out",
        [PRO_ERR_LIMIT] = "limit exceeded",
        [PRO_ERR_FORMAT] = "malformed data",
        [PRO_ERR_NOT_FOUND] = "not found",
        [PRO_ERR_EMPTY] = "nothing queued",
        [PRO_ERR_FULL] = "queue full",
        [PRO_ERR_CLOSED] = "closed",
        [PRO_ERR_WRONG_THREAD] = "wrong thread",
        [PRO_ERR_WORKER_GONE] = "worker gone",
        [PRO_ERR_ABORTED] = "aborted",
        [PRO_ERR_UNSUPPORTED] = "not supported",
};

const char *pro_status_text(ProStatus status)
{
    size_t index = (size_t)status;
    if (index >= sizeof status_texts / sizeof status_texts[0])
        return "unknown status";
    return status_texts[index];
}

const char *pro_version(void)
{
    return PROMP_VERSION;
}

ProStatus error_set(ProError *reterr, ProStatus status, const char *format, ...)
{
    if (reterr != NULL) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(reterr->text, sizeof reterr->text, format, args);
        va_end(args);
        reterr->status = status;
        reterr->system_error = 0;
    }
    return status;
}

ProStatus error_system(ProError *reterr, int system_error, const char *format, ...)
{
    if (reterr != NULL) {
        va_list args;
        va_start(args, format);
        int length = vsnprintf(reterr->text, sizeof reterr->text, format, args);
        va_end(args);
        size_t used = length < 0 ? 0 : (size_t)length;
        if (used < sizeof reterr->text)
            (void)snprintf(reterr->text + used, sizeof reterr->text - used, ": %s",
                    strerror(system_error));
        reterr->status = PRO_ERR_SYSTEM;
        reterr->system_error = system_error;
    }
    return PRO_ERR_SYSTEM;
}
