"""The worker as a process of its own."""

import os
from pathlib import Path

import pytest

from app.cli import NICENESS_OF_WORKER
from app.configuration.settings import Settings
from tests.drills.service import Service


@pytest.mark.slow
@pytest.mark.own_database
async def test_it_leaves_the_processor_to_the_processes_that_clients_wait_for(
    settings: Settings, tmp_path: Path
) -> None:
    environment = {"DATABASE_URL": settings.service_url, "SECRET_KEYS": settings.keys[0]}
    worker = Service(environment, tmp_path)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        await worker.start_worker()
        its = os.getpriority(os.PRIO_PROCESS, worker.worker_pid)
    finally:
        await worker.stop()
    assert its == min(own + NICENESS_OF_WORKER, 19)
