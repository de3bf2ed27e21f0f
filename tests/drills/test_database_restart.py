"""PostgreSQL crashes and restarts under load: clients wait briefly, and lose nothing."""

import asyncio
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from random import Random

import pytest

from app.database.embedded import SERVICE
from tests.drills.audit import audit_scene
from tests.drills.cluster import Cluster
from tests.drills.ledger import Ledger
from tests.drills.load import Load
from tests.drills.outbox import delivered, until_settled
from tests.drills.report import Row
from tests.drills.scene import build_on
from tests.drills.service import served
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.patience import until

RESTARTS = 5
CLIENTS = 12
SEED = 4
MOST_SECONDS_UP = 4.0
MOST_SECONDS_DOWN = 2.0
RECOVERY_SECONDS = 60
SETTLING_SECONDS = 120
# Clients retry at least every 0.3 seconds.
SECONDS_TO_FIRST_SUCCESS = 2.0


@pytest.mark.drill
async def test_restarts_of_the_database_lose_nothing(
    cluster: Cluster,
    postbox: Postbox,
    receiver: Receiver,
    tmp_path: Path,
    tell: Callable[[Row], None],
) -> None:
    scene = await build_on(cluster, people=CLIENTS, practitioners=3, hooks=receiver.url)
    environment = {
        "DATABASE_URL": cluster.url(SERVICE),
        "SMTP_URL": postbox.url,
        "WEBHOOK_INSECURE_TARGETS": "true",
    }
    async with served(environment, tmp_path, with_worker=True) as service:
        load = Load(service.url, scene, SEED, thinking=0.5)
        done = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run(lambda: not done.is_set()))
            outages = await restart(cluster, load.ledger)
            done.set()
        await until_settled(cluster, SETTLING_SECONDS)
        assert service.worker_runs
    found = await audit_scene(cluster, scene, load.ledger)
    sent = await delivered(cluster, scene, postbox, receiver)
    waits = [load.ledger.first_success(down, ready) for down, ready in outages]
    tell(
        Row(
            drill="database restart",
            load=f"{len(load.ledger.entries):,} commands of {CLIENTS} clients, "
            f"{sent.arrived:,} mails and webhooks",
            faults=f"{RESTARTS} immediate stops: first success after {max(waits):.2f} s at most, "
            f"{sent.copies} copies",
            acknowledged=load.ledger.acknowledged,
            lost=len(found.lost) + len(sent.lost),
            doubled=len(found.doubled) + len(sent.made_up),
            worst=load.ledger.worst,
        )
    )
    assert not found, found
    assert (sent.lost, sent.made_up, sent.unsettled) == ([], [], [])
    for down, ready in outages:
        load.ledger.check_outage(down, ready)
    assert max(waits) < SECONDS_TO_FIRST_SUCCESS + load.ledger.ordinary, waits


async def restart(cluster: Cluster, ledger: Ledger) -> list[tuple[float, float]]:
    """Stop and start the database at random; return the times of each stop and each readiness.

    Between restarts, wait until a command is confirmed, and then for a random time.
    """
    random = Random(SEED)  # noqa: S311 - the same each time
    outages: list[tuple[float, float]] = []

    async def is_at_work() -> bool:
        return ledger.first_success(*(outages[-1] if outages else (0, 0))) < inf

    for _ in range(RESTARTS):
        await until(is_at_work, RECOVERY_SECONDS)
        await asyncio.sleep(random.uniform(1, MOST_SECONDS_UP))
        down = time.perf_counter()
        await cluster.stop("immediate")
        await asyncio.sleep(random.uniform(0, MOST_SECONDS_DOWN))
        outages.append((down, await cluster.start()))
    await until(is_at_work, RECOVERY_SECONDS)
    return outages
