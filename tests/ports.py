"""Ports for the processes that tests start."""

import socket


def free_port() -> int:
    """Reserve a port of loopback for as long as this process lives, and give its number.

    A port that is only looked up can be taken by another process, also of another run of the tests,
    before the server listens on it. Here the socket stays bound and never listens: a server, which
    sets SO_REUSEADDR, can use the port, and the kernel gives it to nobody who asks for any port.
    """
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    # After binding: with it from the start, the kernel could choose a port that is held already.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    number = int(held.getsockname()[1])
    held.detach()  # the descriptor stays open until the process ends
    return number
