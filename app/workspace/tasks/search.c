/* SPDX-License-Identifier: Apache-2.0 */

/* All matches of a pattern, in a worker. */

#include "task.h"

#include "ui/hex/copy.h"
#include "ui/hex/find.h"

#include <stdlib.h>
#include <string.h>

enum { PREVIEW_BYTES = 48 };

typedef struct Matches {
    TaskHits hits;
    const ProContainer *container;
} Matches;

static bool take_match(void *user, const ProMatch *match)
{
    Matches *matches = user;
    uint8_t bytes[PREVIEW_BYTES];
    uint64_t left = pro_container_size(matches->container) - match->offset;
    size_t size = left < PREVIEW_BYTES ? (size_t)left : PREVIEW_BYTES;
    if (pro_container_read(matches->container, match->offset, bytes, size, NULL) != PRO_OK)
        size = 0;
    char *preview = hex_copy_text(HEX_COPY_TEXT, bytes, size);
    bool more = task_hits_add(&matches->hits, match->offset, match->size, "",
            preview != NULL ? preview : "", preview != NULL ? size : 0);
    free(preview);
    return more;
}

static ProStatus read_pattern(ProReader *arguments, ProPattern **ret_pattern, ProError *reterr)
{
    int64_t kind;
    const char *text;
    size_t size;
    ProValue ignore_case;
    ProStatus status = pro_read_int(arguments, &kind, reterr);
    if (status == PRO_OK)
        status = pro_read_text(arguments, &text, &size, reterr);
    if (status == PRO_OK)
        status = pro_read(arguments, &ignore_case, reterr);
    if (status != PRO_OK)
        return status;
    if (kind < 0 || kind >= HEX_FIND_KINDS)
        return task_fail(reterr, PRO_ERR_INVALID, "an unknown kind of pattern");
    char *copy = strndup(text, size);
    if (copy == NULL)
        return task_fail(reterr, PRO_ERR_NO_MEMORY, "no memory for the pattern");
    status = hex_find_compile((HexFindKind)kind, copy, ignore_case.boolean, ret_pattern, reterr);
    free(copy);
    return status;
}

ProStatus task_search(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container = NULL;
    ProPattern *pattern = NULL;
    Matches matches = {0};
    ProStatus status = task_open(worker, arguments, 4, &container, reterr);
    if (status == PRO_OK)
        status = read_pattern(arguments, &pattern, reterr);
    if (status == PRO_OK)
        status = task_hits_begin(&matches.hits, worker, reterr);
    if (status == PRO_OK) {
        const ProProgress progress = task_progress(worker);
        matches.container = container;
        status = pro_container_find_all(
                container, pattern, 0, PRO_TO_END, &progress, take_match, &matches, reterr);
        ProStatus sent = task_hits_end(&matches.hits, result, status == PRO_OK ? reterr : NULL);
        status = status == PRO_OK ? sent : status;
    }
    pro_pattern_unref(pattern);
    pro_container_unref(container);
    return status;
}
