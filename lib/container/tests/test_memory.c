/* SPDX-License-Identifier: Apache-2.0 */
#include "container/memory.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 256 << 10 };

/* Everything that a process with the descriptor could try. */
static void assert_unwritable(int fd)
{
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_int_equal(ftruncate(fd, SIZE / 2), -1);
    assert_int_equal(ftruncate(fd, SIZE * 2), -1);
    assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
    assert_int_equal(fallocate(fd, 0, 0, SIZE * 2), -1);
    assert_ptr_equal(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    void *view = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(view, MAP_FAILED);
    assert_int_equal(mprotect(view, SIZE, PROT_READ | PROT_WRITE), -1);
    assert_int_equal(madvise(view, SIZE, MADV_REMOVE), -1);
    assert_int_equal(munmap(view, SIZE), 0);
    char path[40];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, O_RDWR | O_CLOEXEC);
    if (again >= 0) {
        assert_int_equal(pwrite(again, "x", 1, 0), -1);
        assert_ptr_equal(
                mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0), MAP_FAILED);
        (void)close(again);
    }
}

static void a_copy_cannot_be_changed_through_its_descriptor(void **state)
{
    (void)state;
    uint8_t *data = malloc(SIZE);
    memset(data, 7, SIZE);
    ProContainer *container;
    assert_int_equal(pro_container_new_copy(data, SIZE, &container, NULL), PRO_OK);
    int fd;
    assert_int_equal(memory_fd(container, &fd, NULL), PRO_OK);
    assert_unwritable(fd);
    memset(data, 8, SIZE);
    const uint8_t *bytes = pro_container_data(container);
    for (size_t i = 0; i < SIZE; i++)
        assert_int_equal(bytes[i], 7);
    pro_container_unref(container);
    free(data);
}

static void borrowed_bytes_are_shared_as_a_snapshot(void **state)
{
    (void)state;
    uint8_t *data = malloc(SIZE);
    memset(data, 7, SIZE);
    ProContainer *container, *shared;
    assert_int_equal(pro_container_new_borrow(data, SIZE, NULL, NULL, &container, NULL), PRO_OK);
    int fd;
    assert_int_equal(memory_fd(container, &fd, NULL), PRO_OK);
    assert_unwritable(fd);
    assert_int_equal(memory_from_fd(dup(fd), SIZE, false, &shared, NULL), PRO_OK);
    data[100] = 9;
    assert_int_equal(((const uint8_t *)pro_container_data(shared))[100], 7);
    pro_container_unref(shared);
    pro_container_unref(container);
    free(data);
}

static void taken_memory_is_not_copied_and_sealed(void **state)
{
    (void)state;
    ProMemory *memory;
    ProContainer *container;
    int fd;
    assert_int_equal(pro_memory_new(SIZE, &memory, NULL), PRO_OK);
    memcpy(pro_memory_data(memory), "begin", 5);
    assert_int_equal(pro_container_new_take(memory, &container, NULL), PRO_OK);
    assert_memory_equal(pro_container_data(container), "begin", 5);
    assert_int_equal(memory_fd(container, &fd, NULL), PRO_OK);
    assert_unwritable(fd);
    pro_container_unref(container);
}

static void live_memory_changes_for_readers_who_cannot_write(void **state)
{
    (void)state;
    ProMemory *memory;
    ProContainer *container, *shared, *snapshot;
    int fd;
    ProError error;
    assert_int_equal(pro_memory_new(SIZE, &memory, NULL), PRO_OK);
    assert_int_equal(pro_container_new_live(memory, &container, NULL), PRO_OK);
    assert_int_equal(memory_fd(container, &fd, NULL), PRO_OK);
    assert_unwritable(fd);
    assert_int_equal(memory_from_fd(dup(fd), SIZE, true, &shared, NULL), PRO_OK);
    assert_int_equal(pro_container_copy(container, NULL, &snapshot, NULL), PRO_OK);
    ((uint8_t *)pro_memory_data(memory))[42] = 1;
    assert_int_equal(((const uint8_t *)pro_container_data(shared))[42], 1);
    assert_int_equal(((const uint8_t *)pro_container_data(snapshot))[42], 0);
    assert_int_equal(pro_container_new_take(memory, &snapshot, &error), PRO_ERR_INVALID);
    assert_int_equal(memory_from_fd(dup(fd), SIZE, false, &shared, &error), PRO_ERR_FORMAT);
    pro_memory_free(memory);
    pro_container_unref(snapshot);
    pro_container_unref(shared);
    pro_container_unref(container);
}

static void what_could_shrink_is_not_mapped(void **state)
{
    (void)state;
    ProContainer *container;
    ProError error;
    int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    assert_int_equal(memory_from_fd(dup(fd), SIZE, true, &container, &error), PRO_ERR_FORMAT);
    assert_int_equal(
            fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL), 0);
    assert_int_equal(memory_from_fd(dup(fd), SIZE + 1, true, &container, &error), PRO_ERR_FORMAT);
    assert_non_null(strstr(error.text, "another size"));
    assert_int_equal(memory_from_fd(dup(fd), SIZE, false, &container, &error), PRO_OK);
    pro_container_unref(container);
    (void)close(fd);
    char path[] = "/tmp/promp-memory-XXXXXX";
    fd = mkstemp(path);
    assert_int_equal(ftruncate(fd, SIZE), 0);
    (void)unlink(path);
    assert_int_equal(memory_from_fd(fd, SIZE, true, &container, &error), PRO_ERR_FORMAT);
}

TEST_MAIN(cmocka_unit_test(a_copy_cannot_be_changed_through_its_descriptor),
        cmocka_unit_test(borrowed_bytes_are_shared_as_a_snapshot),
        cmocka_unit_test(taken_memory_is_not_copied_and_sealed),
        cmocka_unit_test(live_memory_changes_for_readers_who_cannot_write),
        cmocka_unit_test(what_could_shrink_is_not_mapped))
