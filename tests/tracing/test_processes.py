"""Real processes send their last spans when they stop, and their log lines name the trace."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, TransportError

from app.configuration.settings import Settings
from tests.fixtures.database import KEY
from tests.patience import PATIENCE_SECONDS, until
from tests.tracing.collector import Collector
from tests.world import NOW, World


@pytest.fixture
def environment(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """An operator's environment with tracing on; the file `.env` has the endpoint."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"]
    file = f"TRACING=true\nOTEL_EXPORTER_OTLP_ENDPOINT={endpoint}\nOTEL_SERVICE_NAME=of-the-file\n"
    (tmp_path / ".env").write_text(file)
    clean = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_EXP")}
    return clean | {
        "DATABASE_URL": settings.service_url,
        "SECRET_KEYS": KEY,
        "DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "OTEL_BSP_SCHEDULE_DELAY": "3600000",
    }


class Process:
    """A running `reslot …` and the lines that it logs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            with suppress(json.JSONDecodeError):
                self.lines.append(json.loads(line))

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == event]

    async def end(self) -> int:
        """Wait for the end of the process and for its last line."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            status = await self._process.wait()
            await self._reading
        return status


@asynccontextmanager
async def running(environment: dict[str, str], *arguments: str) -> AsyncIterator[Process]:
    """Run `reslot …` in the folder with `.env`, and stop it as an operator does."""
    program = (sys.executable, "-c", "from app.cli import main; main()")
    started = await asyncio.create_subprocess_exec(
        *program,
        *arguments,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=environment["DATA_DIR"],
        stderr=asyncio.subprocess.PIPE,
    )
    process = Process(started)
    try:
        yield process
        started.send_signal(signal.SIGTERM)
        assert await process.end() == 0
    finally:
        if started.returncode is None:
            started.kill()
            await process.end()


async def is_there(http: AsyncClient) -> bool:
    with suppress(TransportError):
        return (await http.get("/healthz")).is_success
    return False


@pytest.mark.slow
async def test_a_server_sends_its_last_spans_and_its_log_names_their_traces(
    environment: dict[str, str], world: World, collector: Collector
) -> None:
    async with (
        running(environment, "serve", "--no-worker") as process,
        AsyncClient(base_url=f"http://127.0.0.1:{environment['PORT']}") as http,
    ):
        await until(lambda: is_there(http))
        headers = {"Authorization": f"Bearer {world.token()}"}
        answer = await http.get(f"/v1/sessions/{uuid4()}", headers=headers)
        assert answer.status_code == 404
        assert not collector.told
    span = collector.one("GET /v1/sessions/{session_id}")
    assert span.service == "of-the-file"
    assert collector.below(span)
    request_id = answer.headers["x-request-id"]
    (line,) = [line for line in process.logged("request") if line["request_id"] == request_id]
    assert line["trace_id"] == span.trace_id


@pytest.mark.slow
async def test_a_worker_sends_its_last_spans_and_its_log_names_their_traces(
    environment: dict[str, str], world: World, collector: Collector
) -> None:
    # The worker uses the machine's clock: the mail is due now, the reminder in a hundred years.
    await world.book(NOW + timedelta(days=36_500), now=NOW - timedelta(days=300))
    async with running(environment, "worker") as process:

        async def settled() -> bool:
            return len(process.logged("notification_settled")) == 2

        await until(settled)
        assert not collector.told
    spans = collector.all("send_notification")
    for line in process.logged("notification_settled"):
        (span,) = [span for span in spans if span.trace_id == line["trace_id"]]
        assert span.attributes["reslot.notification_id"] == line["notification_id"]
        assert collector.below(span)
    assert "trace_id" not in process.logged("worker_started")[0]
    # The worker's cleanup belongs to no request, so its statements have no spans.
    assert all(span.parent_id for span in collector.told if span.name != "send_notification")
