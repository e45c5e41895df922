/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_TERMINAL_H
#define UI_TERMINAL_H

#include "ui/view/view.h"

/* Views on the terminal: what is used where there is no display. */
const UiBackend *term_backend(void);

#endif
