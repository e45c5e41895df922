/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/board.h"

#include "core/error.h"
#include "mp/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(Board) <= BOARD_HEAD_BYTES, "the board's head must fit its page");
_Static_assert(BOARD_OUTBOX_BYTES >= 8 * MP_FRAME_MAX, "frames under way must fit, see crowded");

ProStatus board_create(int *ret_fd, ProError *reterr)
{
    int fd = memfd_create("promp-board", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_system(reterr, errno, "cannot make a worker's board");
    if (ftruncate(fd, BOARD_BYTES) != 0 ||
            fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW) != 0 ||
            lseek(fd, BOARD_CRASH_OFFSET, SEEK_SET) < 0) {
        int system_error = errno;
        (void)close(fd);
        return error_system(reterr, system_error, "cannot set up a worker's board");
    }
    *ret_fd = fd;
    return PRO_OK;
}

ProStatus board_map(int fd, Board **ret_board, ProError *reterr)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & F_SEAL_SHRINK) == 0 || fstat(fd, &info) != 0 ||
            info.st_size != BOARD_BYTES)
        return error_set(reterr, PRO_ERR_FORMAT, "file descriptor %d is not a worker's board", fd);
    void *memory = mmap(NULL, BOARD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        return error_system(reterr, errno, "cannot map a worker's board");
    *ret_board = memory;
    return PRO_OK;
}

void board_unmap(Board *board)
{
    if (board != NULL)
        (void)munmap(board, BOARD_BYTES);
}

uint8_t *board_lane(Board *board)
{
    return (uint8_t *)board + BOARD_LANE_OFFSET;
}

static uint8_t *outbox_bytes(const Board *board)
{
    return (uint8_t *)board + BOARD_OUTBOX_OFFSET;
}

void outbox_mirror(Outbox *outbox, const Buffer *frame)
{
    uint32_t size = (uint32_t)frame->size;
    if (frame->failed || size > BOARD_OUTBOX_BYTES - outbox->offset)
        return;
    memcpy(outbox_bytes(outbox->board) + outbox->offset + outbox->mirrored,
            frame->data + outbox->mirrored, size - outbox->mirrored);
    outbox->mirrored = size;
    atomic_store_explicit(&outbox->board->open_size, size, memory_order_release);
}

/* Frames that lie where the next one will be built are given up, received or not. */
static void give_up_overlapping(Board *board, uint32_t start, uint32_t end)
{
    for (size_t i = 0; i < BOARD_FRAMES; i++) {
        BoardFrame *frame = &board->frames[i];
        uint32_t size = atomic_load_explicit(&frame->size, memory_order_relaxed);
        uint32_t offset = atomic_load_explicit(&frame->offset, memory_order_relaxed);
        if (size != 0 && offset < end && start < offset + size)
            atomic_store_explicit(&frame->size, 0, memory_order_relaxed);
    }
}

void outbox_close_frame(Outbox *outbox, const Buffer *frame)
{
    Board *board = outbox->board;
    uint32_t sequence = atomic_load_explicit(&board->next_sequence, memory_order_relaxed);
    BoardFrame *entry = &board->frames[sequence % BOARD_FRAMES];
    bool whole = outbox->mirrored == frame->size;
    atomic_store_explicit(&entry->sequence, sequence, memory_order_relaxed);
    atomic_store_explicit(&entry->offset, outbox->offset, memory_order_relaxed);
    atomic_store_explicit(&entry->size, whole ? outbox->mirrored : 0, memory_order_release);

    /* The next frame follows this one, until the end is reached or the start is free again: so the
     * same few pages stay in use. */
    uint32_t next = (outbox->offset + outbox->mirrored + 63) / 64 * 64;
    bool earlier_received =
            atomic_load_explicit(&board->received_frames, memory_order_relaxed) == sequence;
    if (next + MP_FRAME_MAX > BOARD_OUTBOX_BYTES ||
            (earlier_received && outbox->offset >= MP_FRAME_MAX))
        next = 0;
    give_up_overlapping(board, next, next + MP_FRAME_MAX);
    outbox->offset = next;
    outbox->mirrored = 0;
    atomic_store_explicit(&board->open_size, 0, memory_order_relaxed);
    atomic_store_explicit(&board->open_offset, next, memory_order_relaxed);
    atomic_store_explicit(&board->next_sequence, sequence + 1, memory_order_release);
}

/* Frames of the link thread go out without a look here: room for as many, all small. */
enum { FRAMES_SPARE = 32, BYTES_SPARE = MP_FRAME_MAX };

bool outbox_is_crowded(const Outbox *outbox)
{
    const Board *board = outbox->board;
    uint32_t received = atomic_load_explicit(&board->received_frames, memory_order_acquire);
    uint32_t unread = atomic_load_explicit(&board->next_sequence, memory_order_relaxed) - received;
    if (unread == 0)
        return false;
    if (unread > BOARD_FRAMES - FRAMES_SPARE)
        return true;
    uint32_t oldest = atomic_load_explicit(
            &board->frames[received % BOARD_FRAMES].offset, memory_order_relaxed);
    uint32_t used = (outbox->offset + BOARD_OUTBOX_BYTES - oldest) % BOARD_OUTBOX_BYTES;
    /* The open frame grows, the one after it may have to begin at the outbox's start, and grows. */
    return used + 3 * MP_FRAME_MAX + BYTES_SPARE > BOARD_OUTBOX_BYTES;
}

static void futex(const _Atomic uint32_t *word, int operation, uint32_t value)
{
    const struct timespec patience = {.tv_nsec = 1000000};
    (void)syscall(SYS_futex, word, operation, value, &patience, NULL, 0);
}

uint32_t outbox_received(const Outbox *outbox)
{
    return atomic_load(&outbox->board->received_frames);
}

void outbox_wait(const Outbox *outbox, uint32_t received)
{
    Board *board = outbox->board;
    atomic_store(&board->sender_waits, 1);
    futex(&board->received_frames, FUTEX_WAIT, received); /* not if it is more meanwhile */
}

void board_received(Board *board, uint32_t frames)
{
    atomic_store(&board->received_frames, frames);
    if (atomic_load(&board->sender_waits) == 0)
        return;
    atomic_store(&board->sender_waits, 0);
    futex(&board->received_frames, FUTEX_WAKE, INT_MAX);
}

static bool copy_from_outbox(
        const Board *board, uint32_t offset, uint32_t size, void *ret_data, size_t capacity)
{
    if (size == 0 || size > capacity || offset > BOARD_OUTBOX_BYTES ||
            size > BOARD_OUTBOX_BYTES - offset)
        return false;
    memcpy(ret_data, outbox_bytes(board) + offset, size);
    return true;
}

bool board_salvage(
        const Board *board, uint32_t sequence, void *ret_data, size_t capacity, size_t *ret_size)
{
    uint32_t offset;
    uint32_t size;
    if (sequence == atomic_load_explicit(&board->next_sequence, memory_order_acquire)) {
        size = atomic_load_explicit(&board->open_size, memory_order_acquire);
        offset = atomic_load_explicit(&board->open_offset, memory_order_relaxed);
    } else {
        const BoardFrame *entry = &board->frames[sequence % BOARD_FRAMES];
        size = atomic_load_explicit(&entry->size, memory_order_acquire);
        offset = atomic_load_explicit(&entry->offset, memory_order_relaxed);
        if (atomic_load_explicit(&entry->sequence, memory_order_relaxed) != sequence)
            return false;
    }
    if (!copy_from_outbox(board, offset, size, ret_data, capacity))
        return false;
    *ret_size = size;
    return true;
}

char *board_crash_text(const Board *board)
{
    const char *text = (const char *)board + BOARD_CRASH_OFFSET;
    size_t size = strnlen(text, BOARD_CRASH_BYTES);
    if (size == 0)
        return NULL;
    char *copy = malloc(size + 1);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool printable = byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7F);
        copy[i] = printable ? text[i] : '?';
    }
    copy[size] = '\0';
    return copy;
}
