/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include "core/value_writer.h"

#include <promp/share.h>

/* Containers as values: their place in the encoding is core's, what they are is ours. */

static void unref(void *container)
{
    pro_container_unref(container);
}

void pro_write_container(ProWriter *writer, ProContainer *container)
{
    value_writer_attach(writer, pro_container_ref(container), unref);
}
