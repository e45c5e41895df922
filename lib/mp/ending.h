/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_ENDING_H
#define MP_ENDING_H

#include "core/list.h"
#include "mp/blob.h"
#include "mp/frame.h"

#include <promp/container.h>
#include <promp/ending.h>

struct ProEnding {
    ListLink link; /* ProManager::results */
    ProTaskId task;
    ProWorkerId worker;
    ProEndingKind kind;
    ProAbortRung rung;
    Payload payload; /* the value lies in it */
    const uint8_t *value;
    size_t value_size;
    char *error_type;
    char *message;
    char *traceback;
    ProDeath *death;
    ProContainer **containers; /* of the value; NULLs that could not be opened */
    size_t container_count;
    size_t container_base; /* the value's index 0 */
};

/* All NULL without memory. */
ProEnding *ending_new(ProTaskId task, ProWorkerId worker, ProEndingKind kind);
/* What a worker reported; takes the payload over. */
ProEnding *ending_from_frame(
        ProTaskId task, ProWorkerId worker, const FrameEnding *frame, Payload *payload);
/* Moves the containers over; those before `base` are none of the value's. */
void ending_take_containers(
        ProEnding *ending, ProContainer ***containers, size_t *count, size_t base);
/* Takes its own references. */
void ending_set_death(ProEnding *ending, const ProDeath *death, const char *message);

#endif
