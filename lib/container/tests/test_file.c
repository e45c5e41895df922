/* SPDX-License-Identifier: Apache-2.0 */
#include "container/file.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct TestFile {
    char path[32];
    int fd;
} TestFile;

static TestFile file_of(size_t size)
{
    TestFile file = {.path = "/tmp/promp-file-XXXXXX"};
    file.fd = mkstemp(file.path);
    assert_true(file.fd >= 0);
    char *data = malloc(size + 1);
    memset(data, 'x', size);
    assert_int_equal(write(file.fd, data, size), size);
    free(data);
    return file;
}

static void file_remove(TestFile *file)
{
    (void)close(file->fd);
    (void)unlink(file->path);
}

static void a_truncated_file_is_an_error_with_its_offset(void **state)
{
    (void)state;
    TestFile file = file_of(100000);
    ProContainer *container;
    assert_int_equal(
            pro_container_open_file(file.path, PRO_FILE_CHANGING, &container, NULL), PRO_OK);
    assert_int_equal(ftruncate(file.fd, 5000), 0);
    char bytes[4096];
    ProError error;
    assert_int_equal(
            pro_container_read(container, 70000, bytes, sizeof bytes, &error), PRO_ERR_SYSTEM);
    assert_int_equal(error.system_error, ESTALE);
    assert_non_null(strstr(error.text, "70000"));
    assert_non_null(strstr(error.text, file.path));
    /* Nor before the new end: what is there may be another file's beginning. */
    assert_int_equal(pro_container_read(container, 0, bytes, 100, &error), PRO_ERR_SYSTEM);
    pro_container_unref(container);
    file_remove(&file);
}

static void a_rewritten_file_is_an_error_unless_allowed(void **state)
{
    (void)state;
    TestFile file = file_of(1000);
    ProContainer *strict, *tolerant;
    assert_int_equal(pro_container_open_file(file.path, 0, &strict, NULL), PRO_OK);
    assert_int_equal(
            pro_container_open_file(file.path, PRO_FILE_CHANGING, &tolerant, NULL), PRO_OK);
    char bytes[10];
    ProError error;
    assert_int_equal(pro_container_read(strict, 0, bytes, 10, NULL), PRO_OK);
    assert_int_equal(pwrite(file.fd, "y", 1, 0), 1);
    /* Another time stamp, whatever the clock's grain. */
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 12345}};
    assert_int_equal(futimens(file.fd, times), 0);
    assert_int_equal(pro_container_read(strict, 0, bytes, 10, &error), PRO_ERR_SYSTEM);
    assert_int_equal(error.system_error, ESTALE);
    assert_int_equal(pro_container_read(tolerant, 0, bytes, 10, &error), PRO_OK);
    assert_int_equal(bytes[0], 'y');
    pro_container_unref(strict);
    pro_container_unref(tolerant);
    file_remove(&file);
}

/* The worst that a worker with this user's rights can do: write, and set the time back. */
static void a_hidden_change_of_a_shared_file_is_an_error(void **state)
{
    (void)state;
    TestFile file = file_of(1000);
    ProContainer *shared, *tolerant;
    FileState described;
    int fd;
    char byte;
    ProError error;
    struct stat before;
    assert_int_equal(pro_container_open_file(file.path, 0, &shared, NULL), PRO_OK);
    assert_int_equal(
            pro_container_open_file(file.path, PRO_FILE_CHANGING, &tolerant, NULL), PRO_OK);
    assert_int_equal(file_export(shared, &fd, &described, NULL), PRO_OK);
    assert_int_equal(file_export(tolerant, &fd, &described, NULL), PRO_OK);
    assert_int_equal(pro_container_read(shared, 10, &byte, 1, NULL), PRO_OK);
    assert_int_equal(fstat(file.fd, &before), 0);
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    do {
        struct stat now;
        assert_int_equal(pwrite(file.fd, "y", 1, 10), 1);
        assert_int_equal(futimens(file.fd, times), 0);
        assert_int_equal(fstat(file.fd, &now), 0);
        if (now.st_ctim.tv_nsec != before.st_ctim.tv_nsec)
            break;
    } while (true); /* the file system's clock may be coarse */
    assert_int_equal(pro_container_read(shared, 10, &byte, 1, &error), PRO_ERR_SYSTEM);
    assert_int_equal(error.system_error, ESTALE);
    assert_non_null(strstr(error.text, "since it was shared"));
    assert_int_equal(pro_container_read(tolerant, 10, &byte, 1, &error), PRO_OK);
    assert_int_equal(byte, 'y');
    /* Cut under its readers it is an error even so. */
    assert_int_equal(ftruncate(file.fd, 5), 0);
    assert_int_equal(pro_container_read(tolerant, 3, &byte, 1, &error), PRO_ERR_SYSTEM);
    pro_container_unref(shared);
    pro_container_unref(tolerant);
    file_remove(&file);
}

static void a_file_replaced_by_name_stays_the_one_opened(void **state)
{
    (void)state;
    TestFile file = file_of(1000);
    ProContainer *container;
    assert_int_equal(pro_container_open_file(file.path, 0, &container, NULL), PRO_OK);
    (void)unlink(file.path);
    char byte = 0;
    assert_int_equal(pro_container_read(container, 999, &byte, 1, NULL), PRO_OK);
    assert_int_equal(byte, 'x');
    pro_container_unref(container);
    file_remove(&file);
}

static void what_has_no_bytes_at_offsets_is_refused(void **state)
{
    (void)state;
    ProContainer *container;
    ProError error;
    assert_int_equal(pro_container_open_file("/tmp", 0, &container, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "a folder"));
    assert_int_equal(
            pro_container_open_file("/dev/zero", 0, &container, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "a character device"));
    assert_int_equal(
            pro_container_open_file("/no/such/file", 0, &container, &error), PRO_ERR_NOT_FOUND);
    assert_int_equal(error.status, PRO_ERR_NOT_FOUND);
    assert_non_null(strstr(error.text, "/no/such/file"));
    assert_int_equal(pro_container_open_file("", 0, &container, &error), PRO_ERR_INVALID);
    char path[] = "/tmp/promp-fifo-XXXXXX";
    (void)close(mkstemp(path));
    (void)unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pro_container_open_file(path, 0, &container, &error), PRO_ERR_UNSUPPORTED);
    assert_non_null(strstr(error.text, "a FIFO"));
    (void)unlink(path);
}

static void proc_files_and_empty_files_work(void **state)
{
    (void)state;
    ProContainer *container;
    ProError error;
    assert_int_equal(pro_container_open_file("/proc/self/maps", 0, &container, &error), PRO_OK);
    assert_true(pro_container_size(container) > 100);
    pro_container_unref(container);
    TestFile file = file_of(0);
    assert_int_equal(pro_container_open_file(file.path, 0, &container, &error), PRO_OK);
    assert_true(pro_container_size(container) == 0);
    pro_container_unref(container);
    file_remove(&file);
}

static void a_sparse_file_of_100_gib_works(void **state)
{
    (void)state;
    TestFile file = file_of(0);
    const off_t size = (off_t)100 << 30;
    if (ftruncate(file.fd, size) != 0) {
        file_remove(&file);
        skip();
    }
    assert_int_equal(pwrite(file.fd, "end", 3, size - 3), 3);
    ProContainer *container;
    char bytes[3];
    assert_int_equal(pro_container_open_file(file.path, 0, &container, NULL), PRO_OK);
    assert_int_equal(pro_container_read(container, (uint64_t)size - 3, bytes, 3, NULL), PRO_OK);
    assert_memory_equal(bytes, "end", 3);
    pro_container_unref(container);
    file_remove(&file);
}

static void only_files_without_write_access_are_taken_over(void **state)
{
    (void)state;
    TestFile file = file_of(10);
    ProContainer *container, *same;
    ProError error;
    assert_int_equal(pro_container_open_file(file.path, 0, &container, NULL), PRO_OK);
    int fd;
    FileState described;
    assert_int_equal(file_export(container, &fd, &described, NULL), PRO_OK);
    assert_int_equal(file_from_fd(dup(fd), &described, &same, &error), PRO_OK);
    char bytes[10];
    assert_int_equal(pro_container_read(same, 0, bytes, 10, &error), PRO_OK);
    pro_container_unref(same);
    assert_int_equal(file_from_fd(dup(file.fd), &described, &same, &error), PRO_ERR_FORMAT);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(file_from_fd(ends[0], &described, &same, &error), PRO_ERR_FORMAT);
    (void)close(ends[1]);
    pro_container_unref(container);
    file_remove(&file);
}

TEST_MAIN(cmocka_unit_test(a_truncated_file_is_an_error_with_its_offset),
        cmocka_unit_test(a_rewritten_file_is_an_error_unless_allowed),
        cmocka_unit_test(a_hidden_change_of_a_shared_file_is_an_error),
        cmocka_unit_test(a_file_replaced_by_name_stays_the_one_opened),
        cmocka_unit_test(what_has_no_bytes_at_offsets_is_refused),
        cmocka_unit_test(proc_files_and_empty_files_work),
        cmocka_unit_test(a_sparse_file_of_100_gib_works),
        cmocka_unit_test(only_files_without_write_access_are_taken_over))
