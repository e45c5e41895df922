/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MP_TRANSPORT_PRIVATE_H
#define MP_TRANSPORT_PRIVATE_H

/* The inside of a Socket, for the two files that know ZeroMQ: transport_zmq.c and transport_tcp.c.
 */

#include "mp/transport_zmq.h"

struct Socket {
    void *zmq;
    int fd;
};

/* Of a zmq type (ZMQ_ROUTER ...), not bound or connected yet, without high-water marks. */
ProStatus transport_open(int type, Socket **ret_socket, ProError *reterr);

#endif
