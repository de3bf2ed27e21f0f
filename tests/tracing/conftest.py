"""What tests of tracing stand on: settings with tracing on, and a collector that it goes to."""

from collections.abc import Iterator

import pytest

from app.configuration.settings import Settings
from tests.tracing.collector import Collector


@pytest.fixture
def isolation() -> str:
    """The worker and the tracer are those of all practices."""
    return "alone"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """The operator's collector."""
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def settings(settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with tracing on; nothing is sent before the end, unless a queue is full."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    return settings.model_copy(update={"tracing": True})
