"""Fixtures of the tracing tests: settings with tracing on, and a collector."""

from collections.abc import Iterator

import pytest

from app.configuration.settings import Settings
from tests.tracing.collector import Collector


@pytest.fixture
def isolation() -> str:
    """These tests run alone: worker and tracer work for all practices."""
    return "alone"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """The operator's collector."""
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def settings(settings: Settings, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with tracing on. Spans are sent at the end, or earlier if the queue is full."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    return settings.model_copy(update={"tracing": True})
