"""Ports for servers that tests start."""

import itertools
import os
import socket

# Below those that systems give to outgoing connections, of which tests make thousands: one of them could take a port
# between the moment in which it is found free and the one in which the server binds it.
FIRST, LAST = 20_000, 31_999
_tried = itertools.count(os.getpid() * 97)


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on, and that this process never gave out before."""
    for number in itertools.islice(_tried, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST + 1)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("every port is taken")
