/* SPDX-License-Identifier: Apache-2.0 */

/* Strings of printable ASCII, as bytes or as UTF-16 (little endian), in a worker. */

#include "task.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 20, WIDE_RUNS = 2 /* at even and at odd offsets */ };

/* A string that may go on. */
typedef struct Run {
    uint64_t offset;
    uint64_t count; /* characters; 0: none */
    char text[TASK_HIT_TEXT_MAX];
} Run;

typedef struct Strings {
    TaskHits hits;
    uint64_t least; /* characters */
    Run bytes;
    Run wide[WIDE_RUNS];
    uint8_t last; /* the byte before */
    bool full;
} Strings;

static bool is_printable(uint8_t byte)
{
    return (byte >= 0x20 && byte < 0x7F) || byte == '\t';
}

static void run_add(Run *run, uint64_t offset, uint8_t character)
{
    if (run->count == 0)
        run->offset = offset;
    if (run->count < TASK_HIT_TEXT_MAX)
        run->text[run->count] = (char)(character == '\t' ? ' ' : character);
    run->count++;
}

static void run_end(Strings *strings, Run *run, unsigned bytes_each)
{
    size_t text_size = run->count < TASK_HIT_TEXT_MAX ? (size_t)run->count : TASK_HIT_TEXT_MAX;
    if (run->count >= strings->least)
        strings->full |= !task_hits_add(&strings->hits, run->offset, run->count * bytes_each,
                bytes_each == 1 ? "ASCII" : "UTF-16", run->text, text_size);
    run->count = 0;
}

static void scan(Strings *strings, const uint8_t *data, size_t size, uint64_t offset)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = data[i];
        Run *wide = &strings->wide[(offset + i + 1) & 1]; /* of a character at the byte before */
        if (byte == 0 && is_printable(strings->last))
            run_add(wide, offset + i - 1, strings->last);
        else if (wide->count > 0)
            run_end(strings, wide, 2);
        if (is_printable(byte))
            run_add(&strings->bytes, offset + i, byte);
        else if (strings->bytes.count > 0)
            run_end(strings, &strings->bytes, 1);
        strings->last = byte;
    }
}

/* What is empty, as most of a sparse file, costs a comparison. */
static bool is_blank(const Strings *strings, const uint8_t *data, size_t size)
{
    return strings->last == 0 && strings->bytes.count == 0 && strings->wide[0].count == 0 &&
           strings->wide[1].count == 0 && data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

static ProStatus scan_all(
        ProWorker *worker, const ProContainer *container, Strings *strings, ProError *reterr)
{
    uint64_t size = pro_container_size(container);
    uint8_t *scratch = malloc(WINDOW_BYTES);
    ProStatus status = PRO_OK;
    if (scratch == NULL)
        return task_fail(reterr, PRO_ERR_NO_MEMORY, "no memory to look for strings");
    for (uint64_t offset = 0; offset < size && !strings->full && status == PRO_OK;) {
        const void *data;
        size_t count;
        pro_worker_report_progress(worker, (int64_t)((double)offset / (double)size * 100));
        if (pro_worker_was_aborted(worker))
            status = task_fail(reterr, PRO_ERR_ABORTED, "cancelled");
        else
            status = pro_container_window(
                    container, offset, scratch, WINDOW_BYTES, &data, &count, reterr);
        if (status != PRO_OK)
            break;
        if (count > WINDOW_BYTES)
            count = WINDOW_BYTES;
        if (!is_blank(strings, data, count))
            scan(strings, data, count, offset);
        offset += count;
    }
    free(scratch);
    run_end(strings, &strings->bytes, 1);
    run_end(strings, &strings->wide[0], 2);
    run_end(strings, &strings->wide[1], 2);
    return status;
}

ProStatus task_strings(ProWorker *worker, ProReader *arguments, ProWriter *result, ProError *reterr)
{
    ProContainer *container = NULL;
    Strings *strings = NULL;
    int64_t least = 0;
    ProStatus status = task_open(worker, arguments, 2, &container, reterr);
    if (status == PRO_OK)
        status = pro_read_int(arguments, &least, reterr);
    if (status == PRO_OK && (strings = calloc(1, sizeof *strings)) == NULL)
        status = task_fail(reterr, PRO_ERR_NO_MEMORY, "no memory to look for strings");
    if (status == PRO_OK)
        status = task_hits_begin(&strings->hits, worker, reterr);
    if (status == PRO_OK) {
        strings->least = least > 0 ? (uint64_t)least : 1;
        status = scan_all(worker, container, strings, reterr);
        ProStatus sent = task_hits_end(&strings->hits, result, status == PRO_OK ? reterr : NULL);
        status = status == PRO_OK ? sent : status;
    }
    free(strings);
    pro_container_unref(container);
    return status;
}
