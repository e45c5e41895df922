/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UI_HEX_PAGES_H
#define UI_HEX_PAGES_H

#include <promp/container.h>

/*
 * The bytes that a hex view shows, kept near. Bytes in memory are lent from there; all else is read
 * in pages by a thread of its own, so a read that hangs never stops the window. What is wanted is
 * told as ranges, not queued: what scrolled out of sight before it was read is not read at all.
 *
 * Threads:  the owner's, but for the callback.
 * Lifetime: closed by its owner; a thread that hangs in a read frees the rest once it comes back.
 */

enum {
    HEX_PAGE_BYTES = 4096,
    HEX_PAGES_MAX = 512,   /* kept: 2 MiB */
    HEX_PIECE_BYTES = 256, /* of a page that cannot be read as a whole */
    HEX_RANGE_MAX = 64     /* pages that can be wanted at once for one purpose */
};

typedef enum HexByteState {
    HEX_BYTE_KNOWN,
    HEX_BYTE_WAITED, /* will come, or will fail */
    HEX_BYTE_FAILED
} HexByteState;

/* What bytes are wanted for; each purpose has one range. */
typedef enum HexWanted { HEX_WANTED_ROWS, HEX_WANTED_CURSOR, HEX_WANTED_COUNT } HexWanted;

typedef struct HexPages HexPages;

/* A page has come, or failed. Called in the reading thread under a lock: it may not call back here.
 * After hex_pages_close() it is not called any more. */
typedef void (*HexPagesFn)(void *user);

/* Keeps a reference on the container. NULL without memory. */
HexPages *hex_pages_new(ProContainer *container, HexPagesFn on_arrival, void *user);
void hex_pages_close(HexPages *pages); /* never blocks; NULL is allowed */

/*
 * Wants [offset, offset + size), which replaces what was wanted for the same purpose, and waits up
 * to `patience_us` for what is not there yet: most sources answer before a person could see that
 * something was missing. The range is cut off at the container's end. True if all is there.
 */
bool hex_pages_want(
        HexPages *pages, HexWanted purpose, uint64_t offset, size_t size, int64_t patience_us);
/* Copies what is there, 0 for what is not. The range lies inside the container. `ret_states`
 * (HexByteState) may be NULL. */
void hex_pages_copy(
        HexPages *pages, uint64_t offset, size_t size, uint8_t *ret_bytes, uint8_t *ret_states);
/* Why the byte could not be read; "" if it was not tried, or could. */
void hex_pages_error(HexPages *pages, uint64_t offset, char *ret_text, size_t text_bytes);
/* Forgets all pages, to read them again. */
void hex_pages_refresh(HexPages *pages);

#endif
