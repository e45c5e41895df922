/* SPDX-License-Identifier: Apache-2.0 */
#include "mp/fd_channel.h"

#include "core/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for more descriptors than are allowed, so that a peer that sends too many is caught. */
enum { CONTROL_FDS = FD_CHANNEL_FDS_MAX + 4 };

typedef union ControlBuffer {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
} ControlBuffer;

ProStatus fd_channel_pair(int ret_ends[2], ProError *reterr)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        return error_system(reterr, errno, "cannot make a socket pair for file descriptors");
    ret_ends[0] = ends[0];
    ret_ends[1] = ends[1];
    return PRO_OK;
}

ProStatus fd_channel_send(int channel, const void *data, size_t size, const int *fds,
        size_t fd_count, ProError *reterr)
{
    struct iovec segment = {.iov_base = (void *)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &segment, .msg_iovlen = 1};
    ControlBuffer control;
    if (fd_count > FD_CHANNEL_FDS_MAX)
        return error_set(reterr, PRO_ERR_INVALID, "%zu descriptors in one packet", fd_count);
    if (fd_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, fd_count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent >= 0)
        return PRO_OK;
    /* ETOOMANYREFS: as many descriptors are under way as this user may have open. */
    if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)
        return PRO_ERR_FULL;
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        return PRO_ERR_CLOSED;
    return error_system(reterr, errno, "cannot send %zu file descriptors", fd_count);
}

static size_t collect_fds(struct msghdr *message, int fds[CONTROL_FDS])
{
    size_t count = 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
            head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        size_t here = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < here && count < CONTROL_FDS; i++)
            memcpy(&fds[count++], CMSG_DATA(head) + i * sizeof(int), sizeof(int));
    }
    return count;
}

ProStatus fd_channel_receive(int channel, void *data, size_t capacity, size_t *ret_size,
        int *ret_fds, size_t fd_capacity, size_t *ret_fd_count, ProError *reterr)
{
    struct iovec segment = {.iov_base = data, .iov_len = capacity};
    ControlBuffer control;
    struct msghdr message = {.msg_iov = &segment,
            .msg_iovlen = 1,
            .msg_control = control.bytes,
            .msg_controllen = sizeof control.bytes};
    ssize_t received;
    do
        received = recvmsg(channel, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return PRO_ERR_EMPTY;
    if (received == 0 || (received < 0 && errno == ECONNRESET))
        return PRO_ERR_CLOSED;
    if (received < 0)
        return error_system(reterr, errno, "cannot receive file descriptors");
    int fds[CONTROL_FDS];
    size_t fd_count = collect_fds(&message, fds);
    if (fd_count > fd_capacity || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        for (size_t i = 0; i < fd_count; i++)
            (void)close(fds[i]);
        return error_set(reterr, PRO_ERR_FORMAT,
                "a packet of %zd bytes with %zu descriptors is too large", received, fd_count);
    }
    for (size_t i = 0; i < fd_count; i++)
        ret_fds[i] = fds[i];
    *ret_size = (size_t)received;
    *ret_fd_count = fd_count;
    return PRO_OK;
}

int fd_channel_take(int channel)
{
    char mark;
    size_t size;
    size_t fd_count = 0;
    int fd = -1;
    ProStatus status = fd_channel_receive(channel, &mark, 1, &size, &fd, 1, &fd_count, NULL);
    return status == PRO_OK && fd_count == 1 ? fd : -1;
}
