/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WORKSPACE_HIT_PANE_H
#define WORKSPACE_HIT_PANE_H

#include "jobs.h"
#include "rows.h"

#include <gtk/gtk.h>

/*
 * A job that finds things, and the table of what it found: strings, or matches of a pattern. It has
 * progress, can be cancelled, and tells how it ended.
 *
 * Signal "row-selected" (ProRow).
 */
#define PRO_TYPE_HIT_PANE (pro_hit_pane_get_type())
G_DECLARE_FINAL_TYPE(ProHitPane, pro_hit_pane, PRO, HIT_PANE, GtkBox)

typedef enum HitPaneKind { HIT_PANE_STRINGS, HIT_PANE_SEARCH } HitPaneKind;

GtkWidget *pro_hit_pane_new(HitPaneKind kind);
/* jobs is lent; NULL: there are none, `container_name` tells why. */
void pro_hit_pane_set_jobs(ProHitPane *pane, Jobs *jobs, const char *container_name);
void pro_hit_pane_start(ProHitPane *pane);
/* Strings are looked for when the pane is first shown. */
void pro_hit_pane_shown(ProHitPane *pane);
void pro_hit_pane_focus(ProHitPane *pane);

#endif
