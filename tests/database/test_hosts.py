"""A URL may name several hosts: the service connects to the writable one."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from urllib.parse import quote

import asyncpg
import pytest

from app.database.embedded import SERVICE, EmbeddedServer
from app.database.engine import connect, split_hosts

WRITABLE = "target_session_attrs=read-write"


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """A host that accepts connections and never answers, like one whose disk hangs."""
    closing = asyncio.Event()

    async def say_nothing(_: StreamReader, writer: StreamWriter) -> None:
        await closing.wait()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    closing.set()
    server.close()
    await server.wait_closed()


@pytest.fixture
def good(server: EmbeddedServer) -> str:
    return quote(str(server.socket_folder), safe="")


async def answers(url: str) -> bool:
    connection = await connect(url)
    try:
        return bool(await connection.fetchval("SELECT true"))
    finally:
        await connection.close()


@pytest.mark.slow
async def test_hosts_that_refuse_or_are_silent_are_skipped(
    database: str, silent: str, good: str
) -> None:
    hosts = f"127.0.0.1:1,{silent},{good}"
    assert await answers(f"postgresql+asyncpg://{SERVICE}@{hosts}/{database}?{WRITABLE}")


@pytest.mark.slow
async def test_without_a_writable_host_the_last_error_is_raised(
    database: str, silent: str, good: str
) -> None:
    url = f"postgresql://{SERVICE}@{{}}/{database}?target_session_attrs=standby"
    with pytest.raises(ConnectionRefusedError, match="None of the hosts match"):
        await connect(url.format(f"127.0.0.1:1,{good}"))
    with pytest.raises(ConnectionRefusedError):
        await connect(url.format(f"{good},127.0.0.1:1"))
    with pytest.raises(TimeoutError):
        await connect(url.format(f"{good},{silent}"))


async def test_an_error_that_another_host_cannot_fix_is_raised(database: str, good: str) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await connect(f"postgresql://nobody_known@{good},127.0.0.1:1/{database}")


async def test_hosts_can_be_tried_in_random_order(
    database: str, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a cluster each host is an entrance; the driver would refuse the parameter."""
    shuffled: list[list[str]] = []
    monkeypatch.setattr("app.database.engine.random.shuffle", shuffled.append)
    hosts = f"{good},127.0.0.1:1"
    assert await answers(f"postgresql://{SERVICE}@{hosts}/{database}?load_balance_hosts=random")
    assert await answers(f"postgresql://{SERVICE}@{hosts}/{database}")
    (urls,) = shuffled
    assert [f"127.0.0.1:1/{database}" in url for url in urls] == [False, True]


def test_each_host_gets_a_url_with_the_same_parameters() -> None:
    assert split_hosts("postgresql://me:p%40ss@a:1,b:2,c/reslot?sslmode=require&x=1,2") == [
        "postgresql://me:p%40ss@a:1/reslot?sslmode=require&x=1,2",
        "postgresql://me:p%40ss@b:2/reslot?sslmode=require&x=1,2",
        "postgresql://me:p%40ss@c/reslot?sslmode=require&x=1,2",
    ]


@pytest.mark.parametrize(
    "url", ["postgresql://me@/reslot?host=/run/a,/run/b", "postgresql:///reslot", "postgresql://"]
)
def test_any_other_url_is_passed_to_the_driver(url: str) -> None:
    assert split_hosts(url) == [url]
