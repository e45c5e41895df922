/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/blob.h"

#include "core/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
    SEGMENTS_AT_ONCE = 64,
};

static bool write_whole(int fd, const struct iovec *segment)
{
    const char *bytes = segment->iov_base;
    size_t left = segment->iov_len;
    while (left > 0) {
        ssize_t written = write(fd, bytes, left);
        if (written < 0 && errno != EINTR)
            return false;
        if (written > 0) {
            bytes += written;
            left -= (size_t)written;
        }
    }
    return true;
}

ProStatus blob_create(const struct iovec *segments, size_t count, int *ret_fd, uint64_t *ret_size,
        ProError *reterr)
{
    int fd = memfd_create("promp-blob", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_system(reterr, errno, "cannot make a memfd for a large value");
    uint64_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (!write_whole(fd, &segments[i]))
            goto fail;
        size += segments[i].iov_len;
    }
    if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) != 0)
        goto fail;
    *ret_fd = fd;
    *ret_size = size;
    return PRO_OK;

fail:;
    int system_error = errno;
    (void)close(fd);
    return error_system(reterr, system_error, "cannot fill a memfd with a large value");
}

ProStatus payload_map_blob(int fd, uint64_t expected_size, Payload *ret_payload, ProError *reterr)
{
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    bool sound = seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS && fstat(fd, &info) == 0 &&
                 info.st_size > 0 && (uint64_t)info.st_size == expected_size;
    if (!sound) {
        (void)close(fd);
        return error_set(reterr, PRO_ERR_FORMAT,
                "a blob of %llu bytes is not a sealed memfd of that size",
                (unsigned long long)expected_size);
    }
    void *data = mmap(NULL, expected_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    int system_error = errno;
    (void)close(fd);
    if (data == MAP_FAILED)
        return error_system(reterr, system_error, "cannot map a blob of %llu bytes",
                (unsigned long long)expected_size);
    *ret_payload = (Payload){.data = data, .size = expected_size, .memory = PAYLOAD_MAPPED};
    return PRO_OK;
}
