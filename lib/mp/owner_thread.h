/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_OWNER_THREAD_H
#define MP_OWNER_THREAD_H

#include "core/list.h"

#include <promp/manager.h>

/*
 * All managers that one thread owns, behind one descriptor: an event loop that knows no manager can
 * watch them all, those to come included. Lives as long as the thread or one of its managers.
 */

typedef struct OwnerThread OwnerThread;

/* A manager's place among those of its thread. */
typedef struct OwnerLink {
    ListLink link;
    OwnerThread *thread; /* NULL: not joined */
    ProManager *manager;
    int fd;
} OwnerLink;

/* The calling thread's. Without memory or descriptors nothing is joined: the descriptor then does
 * not tell of this manager. */
void owner_thread_join(OwnerLink *link, ProManager *manager, int fd);
/* Any thread, before the manager's descriptor is closed. */
void owner_thread_leave(OwnerLink *link);

#endif
