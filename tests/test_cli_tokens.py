"""`reslot token` and `reslot link`: access tokens and links that an operator issues."""

import asyncio
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.clock import system_clock
from app.configuration.settings import Settings
from app.database.engine import create_engine
from app.identity.tokens.access import AccessTokens
from app.identity.tokens.link import LinkTokens
from app.tables.changes import Change
from app.tables.practices import Client
from tests.fixtures.command_line import build, refusal, run
from tests.fixtures.database import KEY
from tests.world import World

# The commands search the clients of all practices.
pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("shell")]


def test_token_prints_an_access_token(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    world, _ = asyncio.run(build(settings))
    printed = run("token", "--client", "ana@client.example").strip()
    caller = AccessTokens([KEY]).read(printed, system_clock())
    assert (caller.practice_id, caller.client_id) == (world.practice_id, world.client_id)
    for email in ("nobody@client.example", "no address"):
        assert refusal(monkeypatch, "token", "--client", email) == (
            "reslot: There is no active client with this address in a practice that is open."
        )


@pytest.mark.parametrize("email", ["ana@faß.example", "ana@xn--fa-hia.example", "ANA@FAß.example"])
def test_token_finds_a_client_by_any_spelling_of_the_address(
    settings: Settings, email: str
) -> None:
    world, _ = asyncio.run(build(settings))

    async def move() -> None:
        engine = create_engine(settings.service_url, pool_size=1)
        here = World(engine, settings, world.practice_id)
        await here.change(Client, world.client_id, email="Ana@faß.example")
        await engine.dispose()

    asyncio.run(move())
    printed = run("token", "--client", email).strip()
    assert AccessTokens([KEY]).read(printed, system_clock()).client_id == world.client_id


def test_an_address_of_two_clients_is_refused_as_ambiguous(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    asyncio.run(build(settings))
    asyncio.run(build(settings))
    assert "--practice" in refusal(monkeypatch, "token", "--client", "ana@client.example")


def test_link_prints_the_same_link_as_a_mail(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    world, session_id = asyncio.run(build(settings))
    token = run("link", str(session_id)).strip().removeprefix("http://127.0.0.1:8000/portal/#")
    link = LinkTokens([KEY]).read(token)
    assert (link.practice_id, link.session_id) == (world.practice_id, session_id)
    for words in ((), ("--revoke",)):
        assert refusal(monkeypatch, "link", str(uuid4()), *words) == (
            "reslot: There is no session with this id."
        )


def test_revoking_invalidates_the_links_sent_so_far(settings: Settings) -> None:
    _, session_id = asyncio.run(build(settings))
    before = run("link", str(session_id))
    after = run("link", str(session_id), "--revoke")
    assert after != before
    assert run("link", str(session_id)) == after
    trail = asyncio.run(link_trail(settings, session_id))
    assert trail == [("issued", "operator")] * 3 + [("revoked", "operator")]


async def link_trail(settings: Settings, session_id: UUID) -> list[tuple[str, str]]:
    engine = create_engine(settings.service_url, pool_size=1)
    async with engine.connect() as db:
        rows = await db.execute(
            select(Change.kind, Change.actor)
            .where(Change.subject == "link", Change.subject_id == session_id)
            .order_by(Change.kind)
        )
        found = [(kind, actor) for kind, actor in rows]
    await engine.dispose()
    return found


def test_a_client_of_two_practices_is_found_by_the_id_of_one(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    worlds = [asyncio.run(build(settings))[0] for _ in range(2)]
    asked = ("token", "--client", "ana@client.example")
    said = refusal(monkeypatch, *asked)
    assert all(f"{world.practice_id} (Harbor Wellness)" in said for world in worlds)
    for world in worlds:
        printed = run(*asked, "--practice", str(world.practice_id)).strip()
        assert AccessTokens([KEY]).read(printed, system_clock()).client_id == world.client_id
    assert refusal(monkeypatch, *asked, "--practice", "Sea") == (
        "reslot: There is no practice Sea with a client of this address: see "
        "`reslot practice list`."
    )


def test_one_address_of_two_clients_of_one_practice_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    async def build_two() -> None:
        engine = create_engine(settings.service_url, pool_size=1)
        world = await World(engine, settings).build()
        await world.add_client(email="ana@client.example")
        await engine.dispose()

    asyncio.run(build_two())
    said = refusal(monkeypatch, "token", "--client", "ana@client.example")
    assert said == "reslot: Several clients of this practice have this address."
