"""Ports that tests reserve for the processes that they start."""

import socket

import pytest

from tests.ports import free_port


def test_a_reserved_port_is_not_assigned_again_and_a_server_can_use_it() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        socket.create_connection(("127.0.0.1", port)).close()


def test_reserved_ports_differ() -> None:
    assert len({free_port() for _ in range(50)}) == 50
