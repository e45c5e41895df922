/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORE_LIST_H
#define CORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * An intrusive doubly-linked ring. The head is a ListLink too; an element that is in no list has
 * next == NULL, so removing twice is harmless. Fields name their element: `ListLink tasks; //
 * Task::link`.
 */
typedef struct ListLink {
    struct ListLink *next;
    struct ListLink *previous;
} ListLink;

#define list_entry(link_pointer, type, member)                                                     \
    ((type *)(void *)((char *)(link_pointer)-offsetof(type, member)))

/* The body may remove `link` from the list, nothing else. */
#define list_each(link, head)                                                                      \
    for (ListLink *link = (head)->next, *link##_next = link->next; link != (head);                 \
            link = link##_next, link##_next = link->next)

static inline void list_init(ListLink *head)
{
    head->next = head;
    head->previous = head;
}

static inline bool list_empty(const ListLink *head)
{
    return head->next == head;
}

static inline void list_insert_before(ListLink *position, ListLink *link)
{
    link->next = position;
    link->previous = position->previous;
    position->previous->next = link;
    position->previous = link;
}

static inline void list_append(ListLink *head, ListLink *link)
{
    list_insert_before(head, link);
}

static inline void list_prepend(ListLink *head, ListLink *link)
{
    list_insert_before(head->next, link);
}

static inline void list_remove(ListLink *link)
{
    if (link->next == NULL)
        return;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    link->next = NULL;
    link->previous = NULL;
}

/* Takes the first link off; NULL if the list is empty. */
static inline ListLink *list_pop(ListLink *head)
{
    if (list_empty(head))
        return NULL;
    ListLink *link = head->next;
    list_remove(link);
    return link;
}

/* Moves every link of `from` to the end of `to`. */
static inline void list_append_all(ListLink *to, ListLink *from)
{
    for (ListLink *link = list_pop(from); link != NULL; link = list_pop(from))
        list_append(to, link);
}

#endif
