/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_SHARED_H
#define UI_SHARED_H

/*
 * libpromp-ui loads its windows as a module (promp-ui-gtk.so), which uses these functions of the
 * library. So they are exported, though they are nobody else's: under names that collide with no
 * program's.
 */

#define UI_SHARED __attribute__((visibility("default")))

#define loop_after_wait pro_ui_private_loop_after_wait
#define loop_before_wait pro_ui_private_loop_before_wait
#define loop_close pro_ui_private_loop_close
#define loop_dispatch pro_ui_private_loop_dispatch
#define loop_due pro_ui_private_loop_due
#define loop_first_open pro_ui_private_loop_first_open
#define loop_now_ns pro_ui_private_loop_now_ns
#define loop_set_current pro_ui_private_loop_set_current
#define loop_wait_until pro_ui_private_loop_wait_until
#define markup_is_layout pro_ui_private_markup_is_layout
#define markup_part pro_ui_private_markup_part
#define ui_error pro_ui_private_error
#define view_accessible_name pro_ui_private_view_accessible_name
#define view_fetch_menu pro_ui_private_view_fetch_menu
#define view_fetch_row pro_ui_private_view_fetch_row
#define view_has_own_text pro_ui_private_view_has_own_text
#define view_menu_fini pro_ui_private_view_menu_fini
#define view_notify pro_ui_private_view_notify
#define view_notify_event pro_ui_private_view_notify_event
#define view_row_fini pro_ui_private_view_row_fini
#define view_tree_text pro_ui_private_view_tree_text
#define wait_estimate pro_ui_private_wait_estimate

#endif
