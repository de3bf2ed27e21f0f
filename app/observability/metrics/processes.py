"""Exposes metrics of several processes: servers share a folder, a worker has its own port."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from prometheus_client import start_http_server

from app.configuration.listening import check_port
from app.configuration.settings import Settings
from app.observability.metrics.counts import REGISTRY, SHARED_FOLDER


@contextmanager
def share_metrics(settings: Settings, processes: int) -> Iterator[None]:
    """Create a folder in which the server processes that start next share their metrics.

    No folder is created for one process, or without METRICS_TOKEN.
    """
    if processes == 1 or settings.metrics_token is None:
        yield
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="metrics-", dir=settings.data_dir.resolve()) as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


@contextmanager
def serve_metrics(settings: Settings) -> Iterator[None]:
    """Serve the metrics of this process on METRICS_PORT, if set, without authentication.

    Raises:
        SettingsError: the port is not available.
    """
    if settings.metrics_port is None:
        yield
        return
    check_port(settings.host, settings.metrics_port, "METRICS_PORT")
    server, thread = start_http_server(settings.metrics_port, settings.host, REGISTRY)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
