/* SPDX-License-Identifier: Apache-2.0 */

/* The markup of views. It comes from scripts, and from whatever they put into it. Capped by
 * UI_MARKUP_BYTES_MAX. */

#include "ui/markup/markup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const UiNode *node, size_t *count)
{
    (*count)++;
    for (size_t i = 0; i < node->child_count; i++) {
        if (node->children[i]->parent != node || node->element > UI_GROUP)
            abort();
        visit(node->children[i], count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    UiNode *root = NULL;
    ProError error = {0};
    if (markup_parse((const char *)data, size, &root, &error) != PRO_OK) {
        if (error.text[0] == '\0' || root != NULL)
            abort();
        return 0;
    }
    size_t count = 0;
    visit(root, &count);
    if (root->element != UI_ROOT || count > UI_MARKUP_ELEMENTS_MAX)
        abort();
    (void)markup_find(root, 1);
    markup_free(root);
    return 0;
}
