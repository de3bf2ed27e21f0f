"""How the figures of several processes are had: server processes share, a worker has a port."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from prometheus_client import start_http_server

from app.configuration.listening import check_port
from app.configuration.settings import Settings
from app.observability.metrics.counts import REGISTRY, SHARED_FOLDER


@contextmanager
def shared_figures(settings: Settings, processes: int) -> Iterator[None]:
    """Give server processes that are about to start a new folder to put their figures together.

    Nothing is shared where there is one process, or nobody reads (METRICS_TOKEN).
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
def figures_on_a_port(settings: Settings) -> Iterator[None]:
    """Serve this process's figures on METRICS_PORT, where that is set. No token is asked for.

    Raises:
        SettingsError: the port cannot be listened on.
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
