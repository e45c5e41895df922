/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/owner_thread.h"

#include "core/process.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct OwnerThread {
    pthread_mutex_t lock; /* of the list and the count; a leaf */
    ListLink managers;    /* OwnerLink */
    unsigned holders;     /* the thread itself, and each manager */
    int epoll;
    uint32_t process; /* the one that made it: a fork's child has no managers */
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void release(void *data)
{
    OwnerThread *thread = data;
    (void)pthread_mutex_lock(&thread->lock);
    bool last = --thread->holders == 0;
    (void)pthread_mutex_unlock(&thread->lock);
    if (!last)
        return;
    (void)close(thread->epoll);
    (void)pthread_mutex_destroy(&thread->lock);
    free(thread);
}

static void make_key(void)
{
    (void)pthread_key_create(&key, release);
}

static OwnerThread *make(void)
{
    OwnerThread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return NULL;
    thread->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (thread->epoll < 0 || pthread_setspecific(key, thread) != 0) {
        if (thread->epoll >= 0)
            (void)close(thread->epoll);
        free(thread);
        return NULL;
    }
    (void)pthread_mutex_init(&thread->lock, NULL);
    list_init(&thread->managers);
    thread->holders = 1;
    thread->process = process_generation();
    return thread;
}

static OwnerThread *of_this_thread(void)
{
    (void)pthread_once(&once, make_key);
    OwnerThread *thread = pthread_getspecific(key);
    if (thread != NULL && thread->process == process_generation())
        return thread;
    return make(); /* what was before a fork stays the parent's */
}

void owner_thread_join(OwnerLink *link, ProManager *manager, int fd)
{
    OwnerThread *thread = of_this_thread();
    struct epoll_event event = {.events = EPOLLIN};
    if (thread == NULL || epoll_ctl(thread->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return;
    *link = (OwnerLink){.thread = thread, .manager = manager, .fd = fd};
    (void)pthread_mutex_lock(&thread->lock);
    thread->holders++;
    list_append(&thread->managers, &link->link);
    (void)pthread_mutex_unlock(&thread->lock);
}

void owner_thread_leave(OwnerLink *link)
{
    OwnerThread *thread = link->thread;
    if (thread == NULL)
        return;
    link->thread = NULL;
    (void)epoll_ctl(thread->epoll, EPOLL_CTL_DEL, link->fd, NULL);
    (void)pthread_mutex_lock(&thread->lock);
    list_remove(&link->link);
    (void)pthread_mutex_unlock(&thread->lock);
    release(thread);
}

int pro_managers_fd(void)
{
    const OwnerThread *thread = of_this_thread();
    return thread == NULL ? -1 : thread->epoll;
}

bool pro_managers_are_busy(void)
{
    OwnerThread *thread = of_this_thread();
    bool busy = false;
    if (thread == NULL)
        return false;
    (void)pthread_mutex_lock(&thread->lock);
    list_each(link, &thread->managers)
    {
        const OwnerLink *owned = list_entry(link, OwnerLink, link);
        busy = busy || pro_manager_is_busy(owned->manager);
    }
    (void)pthread_mutex_unlock(&thread->lock);
    return busy;
}
