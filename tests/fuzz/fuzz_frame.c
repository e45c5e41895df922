/* SPDX-License-Identifier: Apache-2.0 */

/* Fed by: the process at the other end of a socket, at most MP_FRAME_MAX bytes a frame. */

#include "mp/frame.h"
#include "mp/limits.h"

#include <promp/text.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

/* Everything that a reader lends must be readable to its last byte. */
static void touch(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sink ^= ((const uint8_t *)bytes)[i];
}

static void read_task(const FrameRecord *record)
{
    FrameTask task;
    if (frame_task_read(record->payload, record->payload_size, &task, NULL) != PRO_OK)
        return;
    touch(task.text, task.text_size + 1);
    for (const char *letter = task.name; *letter != '\0'; letter++)
        sink ^= (uint8_t)*letter;
    touch(task.arguments, task.arguments_size);
}

static void read_ending(const FrameRecord *record)
{
    FrameEnding ending;
    if (frame_ending_read(record->payload, record->payload_size, &ending, NULL) != PRO_OK)
        return;
    if (ending.kind == PRO_ENDING_RESULT)
        touch(ending.value, ending.value_size);
    touch(ending.type, ending.type_size);
    touch(ending.message, ending.message_size);
    touch(ending.traceback, ending.traceback_size);
}

static void read_progress(const FrameRecord *record)
{
    FrameProgress progress;
    if (frame_progress_read(record->payload, record->payload_size, &progress, NULL) == PRO_OK)
        touch(progress.text, progress.text_size);
}

static void read_box(const FrameRecord *record)
{
    static char shown[3 * MP_BOX_TEXT_MAX + 1];
    FrameBox box;
    ProBoxButtons button;
    if (frame_box_answer_read(record->payload, record->payload_size, &button, NULL) == PRO_OK)
        touch(&button, sizeof button);
    if (frame_box_read(record->payload, record->payload_size, &box, NULL) != PRO_OK)
        return;
    touch(box.title, box.title_size);
    if (pro_text_printable(shown, sizeof shown, box.text, box.text_size, true) != strlen(shown) ||
            strchr(shown, '\x1B') != NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FrameReader reader;
    FrameRecord record;
    ProError error = {0};
    if (size > MP_FRAME_MAX || frame_open(&reader, data, size, &error) != PRO_OK)
        return 0;
    size_t left = size;
    ProStatus status;
    while ((status = frame_next(&reader, &record, &error)) == PRO_OK) {
        if (left < FRAME_RECORD_HEAD_BYTES)
            abort(); /* more records than the frame has room for */
        left -= FRAME_RECORD_HEAD_BYTES;
        touch(record.payload, record.payload_size);
        read_task(&record);
        read_ending(&record);
        read_progress(&record);
        read_box(&record);
    }
    if (status != PRO_ERR_EMPTY && error.text[0] == '\0')
        abort(); /* a refusal without a reason */
    return 0;
}
