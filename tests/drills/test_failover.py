"""The primary crashes and its standby is promoted: the service continues there automatically."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.database.embedded import DATABASE, SERVICE
from tests.drills.audit import audit_scene
from tests.drills.cluster import Cluster
from tests.drills.load import Load
from tests.drills.outbox import delivered, until_settled
from tests.drills.report import Row
from tests.drills.scene import build_on
from tests.drills.service import served
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver

CLIENTS = 12
SEED = 5
SECONDS_BEFORE = 6
SECONDS_WITHOUT = 2
SECONDS_AFTER = 6
SETTLING_SECONDS = 120
SECONDS_TO_FIRST_SUCCESS = 2.0


@pytest.fixture
async def standby(cluster: Cluster, cluster_folder: Path) -> AsyncIterator[Cluster]:
    """Start a standby that replicates the primary synchronously."""
    made = await cluster.make_standby(cluster_folder / "standby")
    yield made
    await made.remove()


@pytest.mark.drill
async def test_the_service_continues_on_a_promoted_standby(
    cluster: Cluster,
    standby: Cluster,
    postbox: Postbox,
    receiver: Receiver,
    tmp_path: Path,
    tell: Callable[[Row], None],
) -> None:
    scene = await build_on(cluster, people=CLIENTS, practitioners=3, hooks=receiver.url)
    hosts = f"127.0.0.1:{cluster.port},127.0.0.1:{standby.port}"
    environment = {
        "DATABASE_URL": f"postgresql://{SERVICE}@{hosts}/{DATABASE}"
        "?target_session_attrs=read-write",
        "SMTP_URL": postbox.url,
        "WEBHOOK_INSECURE_TARGETS": "true",
    }
    async with served(environment, tmp_path, with_worker=True) as service:
        servers = service.server_pids()
        load = Load(service.url, scene, SEED, thinking=0.5)
        done = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run(lambda: not done.is_set()))
            await asyncio.sleep(SECONDS_BEFORE)
            crashed = time.perf_counter()
            cluster.crash()
            await asyncio.sleep(SECONDS_WITHOUT)
            promoted = await standby.promote()
            await asyncio.sleep(SECONDS_AFTER)
            done.set()
        await until_settled(standby, SETTLING_SECONDS)
        assert service.worker_runs
        assert service.server_pids() == servers
    found = await audit_scene(standby, scene, load.ledger)
    sent = await delivered(standby, scene, postbox, receiver)
    success = load.ledger.first_success(crashed, promoted)
    tell(
        Row(
            drill="failover",
            load=f"{len(load.ledger.entries):,} commands of {CLIENTS} clients, "
            f"{sent.arrived:,} mails and webhooks",
            faults=f"primary killed (-9), standby promoted after {promoted - crashed:.1f} s: first "
            f"success {success:.2f} s later, {sent.copies} copies",
            acknowledged=load.ledger.acknowledged,
            lost=len(found.lost) + len(sent.lost),
            doubled=len(found.doubled) + len(sent.made_up),
            worst=load.ledger.worst,
        )
    )
    assert not found, found
    assert (sent.lost, sent.made_up, sent.unsettled) == ([], [], [])
    load.ledger.check_outage(crashed, promoted)
    assert success < SECONDS_TO_FIRST_SUCCESS + load.ledger.ordinary
