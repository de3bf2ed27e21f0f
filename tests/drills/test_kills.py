"""Processes are killed under load: each confirmed command has one effect, and its mail is sent."""

import asyncio
import time
from collections.abc import Callable
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
from tests.drills.service import Service, served
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.patience import until

KILLS = 100
MOST_SECONDS = 150  # a slow machine reaches fewer
CLIENTS = 12
SEED = 3
MOST_SECONDS_APART = 0.4
COMMANDS_BETWEEN = 2
WORKERS_SHARE = 0.4
RECOVERY_SECONDS = 120
SETTLING_SECONDS = 180


@pytest.mark.drill
async def test_kills_lose_nothing_and_double_nothing(
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
    async with served(environment, tmp_path, with_worker=True, preloaded=True) as service:
        load = Load(service.url, scene, SEED, thinking=0.5)
        done = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run(lambda: not done.is_set()))
            servers, workers = await kill(service, load.ledger, postbox)
            done.set()
        await until_settled(cluster, SETTLING_SECONDS)
    found = await audit_scene(cluster, scene, load.ledger)
    sent = await delivered(cluster, scene, postbox, receiver)
    tell(
        Row(
            drill="kill -9",
            load=f"{len(load.ledger.entries):,} commands of {CLIENTS} clients, "
            f"{sent.arrived:,} mails and webhooks",
            faults=f"{servers + workers} kills, {workers} of the worker: {sent.copies} copies",
            acknowledged=load.ledger.acknowledged,
            lost=len(found.lost) + len(sent.lost),
            doubled=len(found.doubled) + len(sent.made_up),
            worst=load.ledger.worst,
        )
    )
    assert not found, found
    assert (sent.lost, sent.made_up, sent.unsettled) == ([], [], [])
    assert load.ledger.acknowledged > servers + workers > 0
    assert all(answer.status != 500 for answer in load.ledger.answers())


async def kill(service: Service, ledger: Ledger, postbox: Postbox) -> tuple[int, int]:
    """Kill servers, and the worker while it sends; return the number of kills of each.

    Between kills, wait until the service works again, and then for a random time.
    """
    random = Random(SEED)  # noqa: S311 - the same each time
    began, mails = time.monotonic(), len(postbox.mails)
    servers = workers = 0
    while servers + workers < KILLS and time.monotonic() < began + MOST_SECONDS:
        await at_work(ledger)
        await asyncio.sleep(random.uniform(0, MOST_SECONDS_APART))
        if len(postbox.mails) > mails and random.random() < WORKERS_SHARE:
            service.kill_worker()
            workers, mails = workers + 1, len(postbox.mails)
        else:
            service.kill_a_server(random)
            servers += 1
    return servers, workers


async def at_work(ledger: Ledger) -> None:
    """Wait until further commands are confirmed."""
    before = ledger.acknowledged

    async def is_working() -> bool:
        return ledger.acknowledged >= before + COMMANDS_BETWEEN

    await until(is_working, RECOVERY_SECONDS)
