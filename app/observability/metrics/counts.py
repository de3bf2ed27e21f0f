"""What is counted, and by which labels. Every label has few values, and none tells of a person.

No id, no path, no address and nothing that a caller typed becomes a label; a method or a route that
is not ours is one label for all of them.
"""

import os
from functools import lru_cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

# Where the processes of one server put their figures together. The library reads it when it is
# imported, so it is set before server processes start, and never in a process that runs already.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# One of our own: the library's default registry tells of the interpreter, and not when shared.
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
    "Attempts at mails about sessions: sent, dropped, delayed (will be tried again), failed for "
    "good, or done and gone (nothing was left to do).",
    ("result",),
    registry=REGISTRY,
)
_webhooks = Counter(
    "reslot_webhooks",
    "Attempts at webhooks: sent, dropped, delayed (will be tried again), failed for good, or done "
    "(nothing was left to do).",
    ("result",),
    registry=REGISTRY,
)
_sign_in_mails = Counter(
    "reslot_sign_in_mails",
    "Wishes to sign in: sent, nobody (not a client's address), delayed, given_up, gone.",
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
    """Count a request that has ended. `route` is the template; None where there was none."""
    counted, timed = _of_request(
        route or UNMATCHED, method if method in METHODS else "other", status
    )
    counted.inc()
    timed.observe(seconds)


# The library looks for a label's figure under a lock each time.
@lru_cache(maxsize=1024)
def _of_request(route: str, method: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(route, method, str(status)), _request_seconds.labels(route)


def count_refusal(code: str) -> None:
    """Count an answer that was a problem. `code` is one of the catalogue."""
    _refusals.labels(code).inc()


def count_mail(result: str) -> None:
    """Count an attempt at a notification by mail."""
    _mails.labels(result).inc()


def count_webhook(result: str) -> None:
    """Count an attempt at a webhook."""
    _webhooks.labels("delayed" if result == "pending" else result).inc()


def count_sign_in_mail(outcome: str) -> None:
    """Count what became of a wish to sign in."""
    _sign_in_mails.labels(outcome).inc()


def watch_pool(engine: AsyncEngine, pool: str) -> None:
    """Follow how many connections of a pool of this process are in use.

    Written down with each change: at the scrape no process can look into another's pool.
    """
    sync_engine = engine.sync_engine

    def taken(*_: object) -> None:
        _pool_checked_out.labels(pool).set(_pool(engine).checkedout())

    def given_back(*_: object) -> None:
        # Told just before it is back in the pool.
        _pool_checked_out.labels(pool).set(max(0, _pool(engine).checkedout() - 1))

    _pool_size.labels(pool).set(_pool(engine).size())
    event.listen(sync_engine, "checkout", taken)
    event.listen(sync_engine, "checkin", given_back)


def _pool(engine: AsyncEngine) -> QueuePool:
    pool = engine.sync_engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101 - the only kind that create_engine makes
    return pool


def registry_to_scrape() -> CollectorRegistry:
    """Give the figures: of this process, or of all that share a folder with it."""
    made = CollectorRegistry()
    if SHARED_FOLDER in os.environ:
        MultiProcessCollector(made)  # type: ignore[no-untyped-call] # the library's
    else:
        made.register(REGISTRY)
    return made


def forget_dead_processes() -> None:
    """Take out what died in the act had in use. Called by each server process as it starts.

    What they counted stays: a counter must not fall.
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
