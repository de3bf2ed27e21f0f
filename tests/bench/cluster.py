"""`python -m tests.bench.cluster`: details on a Citus cluster beside one plain server.

PLAIN_URL names a migrated database of one server, CITUS_URLS a distributed one (tests/citus.py).
All are on this machine, because the processor time of a server's processes is read from /proc. The
entrances are measured in turns. What counts is processor time a request, of all nodes together:
the nodes share this machine's cores, so requests a second do not tell what several machines do.
"""

import asyncio
import logging
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import UUID

import asyncpg
import structlog
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.embedded import OWNER, SERVICE
from app.database.engine import create_engine
from tests.citus import given_cluster, with_role
from tests.fixtures.database import KEY
from tests.world import NOW, Api, TestClock, World, serve

PRACTICES = 24
ROUNDS = 3
REQUESTS = 300
AT_ONCE = 4
_PROCESSES = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Entrance:
    """A way to reach the sessions: a pool for each practice, and what was measured."""

    name: str
    settings: Settings
    pools: dict[UUID, AsyncEngine]
    nodes: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """A database with some practices, and the session of each whose details are asked for."""

    settings: Settings
    sessions: dict[UUID, tuple[UUID, str]]
    nodes: Sequence[str]


async def build(owner_url: str, service_url: str, nodes: Sequence[str]) -> Place:
    """Open practices, each with a session that has every optional part."""
    settings = Settings(
        _env_file=None,
        database_url=SecretStr(service_url),
        database_owner_url=SecretStr(owner_url),
        secret_keys=(SecretStr(KEY),),
        public_url="https://reslot.example",
        mail_from="no-reply@reslot.example",
    )
    engine = create_engine(service_url, pool_size=2)
    sessions = {}
    for _ in range(PRACTICES):
        world = await World(engine, settings).build()
        session_id = await world.book_in_full(NOW.replace(hour=15))
        sessions[world.practice_id] = (session_id, world.token())
    await engine.dispose()
    return Place(settings, sessions, nodes)


async def used_ticks(nodes: Sequence[str]) -> dict[int, int]:
    """Read the processor time of each process that serves the database of these nodes."""
    ticks = {}
    for node in nodes:
        db = await asyncpg.connect(node)
        for row in await db.fetch(_PROCESSES):
            used = _used(row["pid"])
            if used is not None:
                ticks[row["pid"]] = used
        await db.close()
    return ticks


def _used(process: int) -> int | None:
    """Read the processor time of a process, in ticks; None: it has ended."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def processor_seconds(nodes: Sequence[str], before: dict[int, int]) -> float:
    """Give the processor time that the nodes have used since `before`."""
    now = await used_ticks(nodes)
    return sum(ticks - before.get(process, 0) for process, ticks in now.items()) / _TICKS


async def measure(entrance: Entrance, place: Place) -> None:
    """Ask for details of sessions of random practices."""
    dice = random.Random(1)  # noqa: S311 - the same practices for each entrance
    wanted = dice.choices(list(place.sessions), k=REQUESTS)
    callers: dict[int, Api] = {}

    async def ask(share: Sequence[UUID]) -> None:
        for practice_id in share:
            session_id, token = place.sessions[practice_id]
            api = callers[id(entrance.pools[practice_id])].signed_in(token)
            answer = await api.get(f"/v1/sessions/{session_id}")
            if answer.status_code != 200:
                sys.exit(answer.text)

    async with asyncio.TaskGroup() as closing:
        stop = asyncio.Event()

        async def hold_open(engine: AsyncEngine, ready: asyncio.Event) -> None:
            async with serve(entrance.settings, TestClock(), engine) as api:
                callers[id(engine)] = api
                ready.set()
                await stop.wait()

        for engine in {id(pool): pool for pool in entrance.pools.values()}.values():
            ready = asyncio.Event()
            closing.create_task(hold_open(engine, ready))
            await ready.wait()
        await ask(wanted[:48])
        before, started = await used_ticks(entrance.nodes), perf_counter()
        await asyncio.gather(*(ask(wanted[n::AT_ONCE]) for n in range(AT_ONCE)))
        entrance.seconds.append((perf_counter() - started) / REQUESTS)
        entrance.processor.append(await processor_seconds(entrance.nodes, before) / REQUESTS)
        stop.set()


async def at_their_shards(nodes: Sequence[str], practices: Sequence[UUID]) -> dict[UUID, str]:
    """Give the node that has the shards of each practice."""
    db = await asyncpg.connect(nodes[0])
    found = {}
    for practice_id in practices:
        port = await db.fetchval(
            "SELECT nodeport FROM pg_dist_node JOIN pg_dist_placement USING (groupid)"
            " WHERE shardid = get_shard_id_for_distribution_column('practices', CAST($1 AS uuid))",
            practice_id,
        )
        found[practice_id] = next(node for node in nodes if f":{port}/" in node)
    await db.close()
    return found


async def main() -> None:
    """Measure, and print a line for each entrance."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    cluster, plain_url = given_cluster(), os.environ.get("PLAIN_URL")
    if cluster is None or plain_url is None:
        sys.exit("Set PLAIN_URL and CITUS_URLS.")
    nodes = [cluster.node_url(n, SERVICE) for n in range(len(cluster.nodes))]
    plain_service = with_role(plain_url, SERVICE)
    plain = await build(with_role(plain_url, OWNER), plain_service, [plain_service])
    spread = await build(cluster.node_url(0, OWNER), nodes[0], nodes)

    def entrance(name: str, place: Place, chosen: dict[UUID, str]) -> Entrance:
        made = {url: create_engine(url, pool_size=AT_ONCE) for url in set(chosen.values())}
        pools = {practice_id: made[url] for practice_id, url in chosen.items()}
        return Entrance(name, place.settings, pools, place.nodes)

    ways = [
        (entrance("one plain server", plain, dict.fromkeys(plain.sessions, plain_service)), plain),
        (entrance("the coordinator", spread, dict.fromkeys(spread.sessions, nodes[0])), spread),
    ]
    if len(nodes) > 1:
        anyone = random.Random(2)  # noqa: S311
        ways.append(
            (
                entrance("any node", spread, {k: anyone.choice(nodes) for k in spread.sessions}),
                spread,
            )
        )
        at_shards = await at_their_shards(nodes, list(spread.sessions))
        ways.append((entrance("the node that has the shard", spread, at_shards), spread))
    for _ in range(ROUNDS):
        for way, place in ways:
            await measure(way, place)
    floor = ways[0][0]
    sys.stdout.write(f"{len(nodes)} node(s)\n")
    for way, _ in ways:
        cpu, rate = 1000 * median(way.processor), 1 / median(way.seconds)
        share = median(floor.processor) / median(way.processor)
        sys.stdout.write(
            f"{way.name:<30} {cpu:6.2f} ms of database CPU a request  {share:5.2f} of plain"
            f"  {rate:6.0f} requests a second  {rate * median(floor.seconds):5.2f} of plain\n"
        )
    for way, _ in ways:
        for pool in set(way.pools.values()):
            await pool.dispose()


if __name__ == "__main__":
    asyncio.run(main())
