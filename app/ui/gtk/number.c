/* SPDX-License-Identifier: Apache-2.0 */

/* A number as an object: list models hold nothing else. */

#include "gtk_private.h"

struct _UiNumber {
    GObject parent;
    int64_t value;
};

G_DEFINE_TYPE(UiNumber, ui_number, G_TYPE_OBJECT)

static void ui_number_init(UiNumber *number)
{
    (void)number;
}

static void ui_number_class_init(UiNumberClass *class)
{
    (void)class;
}

UiNumber *ui_number_new(int64_t value)
{
    UiNumber *number = g_object_new(UI_TYPE_NUMBER, NULL);
    number->value = value;
    return number;
}

int64_t ui_number_of(void *object)
{
    return UI_NUMBER(object)->value;
}
