"""The spans of a request at the operator's collector; no request waits for the collector."""

import asyncio
import logging
import subprocess
import sys
import time
from datetime import timedelta
from threading import Event
from uuid import uuid4

import pytest
from httpx import ASGITransport, AsyncClient
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.main import create_app
from app.observability.logs import add_trace_id
from app.observability.tracing.provider import RateLimitFilter
from app.observability.tracing.statements import watch_statements
from tests.tracing.collector import Collector, nobody
from tests.world import NOW, TestClock, World, serve

START = NOW + timedelta(days=3)
DETAILS = "GET /v1/sessions/{session_id}"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_a_request_is_a_span_named_by_its_route(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    session_id = await world.book(START)
    async with serve(settings, clock) as api:
        answer = await api.signed_in(world.token()).get(f"/v1/sessions/{session_id}")
    span = collector.one(DETAILS)
    assert answer.status_code == 200
    assert (span.kind, span.parent_id, span.failed) == ("SPAN_KIND_SERVER", "", False)
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/v1/sessions/{session_id}",
        "http.response.status_code": 200,
        "url.scheme": "https",
        "network.protocol.version": "1.1",
        "reslot.request_id": answer.headers["x-request-id"],
    }


async def test_the_statements_of_a_request_are_child_spans(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    session_id = await world.book(START)
    async with serve(settings, clock) as api:
        await api.signed_in(world.token()).session(session_id)
        moved = await api.signed_in(world.token()).reschedule(session_id, START + timedelta(days=1))
    assert moved.status_code == 200
    (read,) = collector.below(collector.one(DETAILS))
    assert (read.name, read.kind) == ("SELECT", "SPAN_KIND_CLIENT")
    assert read.attributes.pop("db.query.text").startswith("SELECT ")
    move = collector.one("POST /v1/sessions/{session_id}/reschedule")
    written = collector.below(move)
    # One statement, which begins with WITH, moves the session and the time that it takes.
    assert {"SELECT", "WITH", "INSERT"} <= {span.name for span in written}
    assert {span.trace_id for span in written} == {move.trace_id} != {read.trace_id}
    for span in (read, *written):
        assert span.attributes["db.system.name"] == "postgresql"
        assert span.attributes["db.operation.name"] == span.name
        assert span.raw.start_time_unix_nano < span.raw.end_time_unix_nano


async def test_statements_of_concurrent_requests_belong_to_their_own_request(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    session_id = await world.book(START)
    async with serve(settings, clock) as api:
        client = api.signed_in(world.token())
        await asyncio.gather(*(client.session(session_id) for _ in range(8)))
    spans = collector.all(DETAILS)
    assert len({span.trace_id for span in spans}) == 8
    assert [len(collector.below(span)) for span in spans] == [1] * 8


async def test_a_long_statement_is_cut(engine: AsyncEngine) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    watch_statements(engine, provider)
    with provider.get_tracer("test").start_as_current_span("work"):
        async with engine.connect() as db:
            await db.execute(text(f"SELECT '{'x' * 5000}'"))
    statement, _ = kept.get_finished_spans()
    assert len(str((statement.attributes or {})["db.query.text"])) == 4000


@pytest.mark.slow
async def test_the_span_of_a_refusal_has_its_code(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    async with serve(settings, clock) as api:
        await api.signed_in(world.token()).get(f"/v1/sessions/{uuid4()}")
        await api.get("/v1/me")
        await api.get("/made-up")
    assert collector.one(DETAILS).attributes["reslot.problem"] == "not-found"
    refused = collector.one("GET /v1/me")
    assert refused.attributes["reslot.problem"] == "unauthorized"
    assert not refused.failed
    nowhere = collector.one("GET")
    assert "http.route" not in nowhere.attributes
    assert nowhere.attributes["reslot.problem"] == "not-found"


@pytest.mark.slow
async def test_a_defect_is_a_span_that_failed(
    settings: Settings, clock: TestClock, collector: Collector
) -> None:
    app = create_app(settings, clock=clock)

    @app.get("/broken")
    async def break_down() -> None:
        raise RuntimeError("canary")

    async with app.router.lifespan_context(app):
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url="https://reslot.example") as http:
            assert (await http.get("/broken")).status_code == 500
    span = collector.one("GET /broken")
    assert span.failed
    assert span.attributes["error.type"] == "500"
    assert span.attributes["reslot.problem"] == "internal-error"


async def test_the_trace_of_a_caller_is_continued(
    settings: Settings, clock: TestClock, world: World, collector: Collector
) -> None:
    async with serve(settings, clock) as api:
        client = api.signed_in(world.token())
        await client.get("/v1/me", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        await client.get("/v1/packages", headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
        await client.get("/v1/sessions", headers={"traceparent": "00-nonsense"})
    followed = collector.one("GET /v1/me")
    assert (followed.trace_id, followed.parent_id) == (TRACE, PARENT)
    assert collector.below(followed)
    assert not collector.all("GET /v1/packages"), "the caller does not want it traced"
    assert collector.one("GET /v1/sessions").parent_id == ""


@pytest.mark.slow
async def test_the_sdk_uses_the_configured_sampler(
    settings: Settings, clock: TestClock, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    async with serve(settings, clock) as api:
        await api.get("/healthz")
        await api.get("/v1/me", headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    assert [span.name for span in collector.told] == ["GET /v1/me"]


@pytest.mark.slow
async def test_the_service_has_a_name(
    settings: Settings, clock: TestClock, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (None, "reslot-test"):
        if name is not None:
            monkeypatch.setenv("OTEL_SERVICE_NAME", name)
        async with serve(settings, clock) as api:
            await api.get("/healthz")
    assert [span.service for span in collector.told] == ["reslot", "reslot-test"]


async def ask_often(settings: Settings, clock: TestClock, ended: Event) -> None:
    """Send 50 requests. Each fills a batch, and the queue holds four batches."""
    began = time.perf_counter()
    async with serve(settings, clock) as api:
        for _ in range(50):
            assert (await api.get("/healthz")).status_code == 200
            assert not ended.is_set()
        asked = time.perf_counter()
        assert asked - began < 60, "one timeout of the exporter for each is 500"
    assert time.perf_counter() - asked < 8, "one timeout of the exporter is 10"
    ended.set()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "4")
    monkeypatch.setattr("app.observability.tracing.start.LAST_SPANS_SECONDS", 0.2)


@pytest.mark.usefixtures("at_once")
@pytest.mark.slow
async def test_a_collector_that_hangs_delays_nothing(
    settings: Settings,
    clock: TestClock,
    collector: Collector,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It delays neither a request nor the end of the process. Lost spans are logged once."""
    collector.go_on = Event()
    await ask_often(settings, clock, collector.go_on)
    assert collector.asked.is_set()
    lost = [line for line in caplog.messages if line.startswith("Queue full")]
    assert lost == ["Queue full, dropping Span."]


@pytest.mark.usefixtures("at_once")
@pytest.mark.slow
async def test_an_unreachable_collector_is_logged_once(
    settings: Settings,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody())
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    await ask_often(settings, clock, Event())
    told = [line for line in caplog.messages if "xport" in line]
    assert len(told) == 1
    assert told[0].startswith("Failed to export spans batch")


def test_a_warning_is_repeated_after_a_while() -> None:
    seconds = iter([0.0, 1.0, 299.0, 300.0, 301.0, 900.0])
    once = RateLimitFilter(lambda: next(seconds))
    line = logging.makeLogRecord({})
    assert [once.filter(line) for _ in range(6)] == [True, False, False, True, False, True]


@pytest.mark.parametrize("sampled", [True, False])
def test_a_log_line_names_its_trace_only_if_the_trace_is_sent(
    sampled: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
    context = SpanContext(int(TRACE, 16), int(PARENT, 16), is_remote=False, trace_flags=flags)
    with trace.use_span(NonRecordingSpan(context)):
        line = add_trace_id(None, "info", {"event": "tried"})
    assert line == {"event": "tried"} | ({"trace_id": TRACE} if sampled else {})


OFF = """
import sys
from opentelemetry import trace
from pgqueuer.ports.tracing import TRACER
from app.observability.logs import add_trace_id
from app.main import create_app
from app.configuration.settings import Settings
URL = "postgresql://role@/reslot"
app = create_app(Settings(_env_file=None, database_url=URL, secret_keys=("k" * 32,)))
names = [middleware.cls.__name__ for middleware in app.user_middleware]
print(names, app._native_telemetry.enabled(), app._telemetry["auto_configure"], TRACER.tracer)
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "requests"))])
"""


@pytest.mark.slow
def test_no_tracing_without_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the middleware nor the SDK is loaded, and the framework does not trace by itself."""
    monkeypatch.delenv("TRACING", raising=False)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nobody())
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, text=True, check=True)
    middleware = "['RequestLog', 'HeadByGet', 'BodyLimit', 'RepeatedParameters', 'DefectGuard']"
    assert done.stdout == f"{middleware} False False None\n[]\n"
