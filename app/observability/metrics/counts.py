"""Metrics and their labels. Every label has few values, and none contains personal data.

No id, path, address or other input becomes a label. All unknown methods share one value, and so do
all unknown routes.
"""

import os
from functools import lru_cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

# The folder in which a server's processes share their metrics. The library reads it at import, so
# it must be set before the server processes start.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# Not the default registry, which adds metrics of the interpreter, but not with several processes.
REGISTRY = CollectorRegistry()

_requests = Counter(
    "reslot_requests",
    "Requests that ended, by route template, method and status.",
    ("route", "method", "status"),
    registry=REGISTRY,
)
_request_seconds = Histogram(
    "reslot_request_seconds",
    "How long requests took, by route template.",
    ("route",),
    buckets=SECONDS,
    registry=REGISTRY,
)
_refusals = Counter(
    "reslot_refusals",
    "Answers that were a problem, by its code (/problems/CODE).",
    ("code",),
    registry=REGISTRY,
)
_mails = Counter(
    "reslot_mails",
    "Attempts to send mails about sessions: sent, dropped, delayed (will be retried), failed (no "
    "retry), or done and gone (nothing to do).",
    ("result",),
    registry=REGISTRY,
)
_texts = Counter(
    "reslot_texts",
    "Attempts to send text messages: sent, dropped, delayed (will be retried, or goes by mail), "
    "failed (no retry), or done and gone (nothing to do).",
    ("result",),
    registry=REGISTRY,
)
_webhooks = Counter(
    "reslot_webhooks",
    "Attempts to send webhook events: sent, dropped, delayed (will be retried), failed (no "
    "retry), or done (nothing to do).",
    ("result",),
    registry=REGISTRY,
)
_sign_in_mails = Counter(
    "reslot_sign_in_mails",
    "Sign-in requests: sent, nobody (not a client's address), delayed, given_up, gone.",
    ("outcome",),
    registry=REGISTRY,
)
_pool_size = Gauge(
    "reslot_pool_size",
    "Connections that the processes may hold at most, by pool: reads, commands, worker. Pools do "
    "not overflow.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
_pool_checked_out = Gauge(
    "reslot_pool_checked_out",
    "Connections in use right now, by pool.",
    ("pool",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)


def count_request(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count a request that has ended. `route` is the template; None if no route matched."""
    counted, timed = _of_request(
        route or UNMATCHED, method if method in METHODS else "other", status
    )
    counted.inc()
    timed.observe(seconds)


# Cached: the library looks up the metric of a label under a lock.
@lru_cache(maxsize=1024)
def _of_request(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, str(status)), _request_seconds.labels(route)


def count_refusal(code: str) -> None:
    """Count a problem answer. `code` is one of the catalogue."""
    _refusals.labels(code).inc()


def count_mail(result: str) -> None:
    """Count an attempt to send a mail."""
    _mails.labels(result).inc()


def count_text(result: str) -> None:
    """Count an attempt to send a text message."""
    _texts.labels(result).inc()


def count_webhook(result: str) -> None:
    """Count an attempt to send a webhook event."""
    _webhooks.labels("delayed" if result == "pending" else result).inc()


def count_sign_in_mail(outcome: str) -> None:
    """Count the result of a sign-in request."""
    _sign_in_mails.labels(outcome).inc()


def watch_pool(engine: AsyncEngine, pool: str) -> None:
    """Update the metrics of a pool of this process at each checkout and checkin.

    At a scrape a process cannot read the pools of other processes.
    """
    sync_engine, in_use = engine.sync_engine, _pool_checked_out.labels(pool)

    def checked_out(*_: object) -> None:
        in_use.set(_pool(engine).checkedout())

    def checked_in(*_: object) -> None:
        # The event comes just before the connection is back in the pool.
        in_use.set(max(0, _pool(engine).checkedout() - 1))

    _pool_size.labels(pool).set(_pool(engine).size())
    event.listen(sync_engine, "checkout", checked_out)
    event.listen(sync_engine, "checkin", checked_in)


def _pool(engine: AsyncEngine) -> QueuePool:
    pool = engine.sync_engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101 - the only kind that create_engine makes
    return pool


def registry_to_scrape() -> CollectorRegistry:
    """Return the metrics of this process, or of all processes that share its folder."""
    made = CollectorRegistry()
    if SHARED_FOLDER in os.environ:
        MultiProcessCollector(made)  # type: ignore[no-untyped-call] # the library's
    else:
        made.register(REGISTRY)
    return made


def forget_dead_processes() -> None:
    """Remove the gauges of processes that were killed. Each server process calls it at its start.

    Their counters stay, because a counter must not decrease.
    """
    if SHARED_FOLDER not in os.environ or os.name != "posix":
        return
    for file in Path(os.environ[SHARED_FOLDER]).glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid)  # type: ignore[no-untyped-call] # the library's
        except PermissionError:
            continue
