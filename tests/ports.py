"""Ports for the processes that tests start."""

import socket


def free_port() -> int:
    """Reserve a loopback port for the lifetime of this process and return its number.

    A port that is only looked up can be taken by another process before the server listens on it,
    for example by another run of the tests. Here the socket stays bound and never listens: a
    server, which sets SO_REUSEADDR, can use the port, and the kernel does not assign it to a
    process that asks for any free port.
    """
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    # Set after binding: if it were set before, the kernel could choose a port that is reserved.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    number = int(held.getsockname()[1])
    held.detach()  # the descriptor stays open until the process ends
    return number
