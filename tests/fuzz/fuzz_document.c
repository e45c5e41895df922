/* SPDX-License-Identifier: Apache-2.0 */

/* What a worker says a file consists of, as the workspace reads it: any bytes. All cells are read.
 */

#include "workspace/window/document.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Document *document = NULL;
    char cell[DOCUMENT_CELL_MAX];
    uint64_t offset;
    uint64_t bytes;
    if (document_read(data, size, &document, NULL) != PRO_OK)
        return 0;
    for (size_t i = 0; i < document_table_count(document); i++) {
        const DocumentTable *table = document_table(document, i);
        if (table->parent >= (int)i)
            abort();
        for (size_t row = 0; row < table->row_count; row++) {
            (void)document_row_bytes(document, table, row, &offset, &bytes);
            for (size_t column = 0; column < 3; column++)
                document_cell(document, table, row, column, cell);
        }
    }
    document_unref(document);
    return 0;
}
