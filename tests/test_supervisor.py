"""The supervisor replaces server processes that died."""

import os
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

import pytest
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import SIGNALS, Process

from app.operations.supervisor import Supervisor

PATIENCE_SECONDS = 20


@pytest.fixture
def _signals() -> Iterator[None]:
    """Restore the signal handlers, which a supervisor replaces."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def dies_when_asked(connection: Connection) -> None:
    connection.recv()
    os._exit(STARTUP_FAILURE)  # With this exit code the supervisor starts no replacement.


@pytest.mark.usefixtures("_signals")
def test_a_server_that_dies_while_it_is_asked_is_noticed_at_once() -> None:
    # Without `log_config` uvicorn would set up the logging of this process for all later tests.
    config = uvicorn.Config("no:app", log_config=None, timeout_worker_healthcheck=PATIENCE_SECONDS)
    supervisor = Supervisor(config, [])
    process = Process(config, [])
    process.process = get_context("spawn").Process(
        target=dies_when_asked, args=(process.child_conn,)
    )
    process.start()
    supervisor.processes.append(process)
    began = perf_counter()
    supervisor.keep_subprocess_alive()
    assert perf_counter() - began < PATIENCE_SECONDS
    assert process.exitcode == STARTUP_FAILURE
    assert supervisor.should_exit.is_set()
