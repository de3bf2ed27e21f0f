"""A closed practice: all access ends, no data is deleted, and it can be reopened."""

from datetime import timedelta
from uuid import UUID

import pytest

from app.configuration.settings import Settings
from app.identity.sign_in.find_clients import find_clients
from app.operations.practices import close_practice, reopen_practice
from app.tables.sessions import Session
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)


async def close(settings: Settings, world: World) -> None:
    await close_practice(settings, str(world.practice_id), NOW)


async def reopen(settings: Settings, world: World) -> None:
    await reopen_practice(settings, str(world.practice_id), NOW + MINUTE)


async def test_a_key_is_told_that_its_practice_is_closed(
    subtests: pytest.Subtests, settings: Settings, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await close(settings, world)
    cancel = {"charge_fee": False, "reason": {"note": "Closed."}}
    for answer in (
        await staff.get("/v1/practice/me"),
        await staff.get("/v1/practice/sessions"),
        await staff.patch("/v1/practice", {"phone": None}),
        await staff.post(f"/v1/practice/sessions/{session_id}/cancel", cancel),
    ):
        with subtests.test(str(answer.url)):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
            assert answer.json()["detail"].startswith("The practice is closed.")
    wrong = staff.signed_in(f"rk_{world.practice_id.hex}{session_id.hex}_{'x' * 43}")
    assert (await wrong.get("/v1/practice/me")).status_code == 401
    await reopen(settings, world)
    assert (await staff.get("/v1/practice/me")).status_code == 200
    [kept] = await world.rows(Session)
    assert (kept.id, kept.status, kept.starts_at) == (session_id, "booked", START)


async def test_the_tokens_of_its_clients_end_for_good(
    settings: Settings, world: World, api: Api
) -> None:
    session_id = await world.book(START)
    await close(settings, world)
    paths = ("/v1/me", "/v1/sessions", f"/v1/sessions/{session_id}", "/v1/packages", "/v1/fees")
    for path in paths:
        assert (await api.get(path)).status_code == 401
    assert (await api.cancel(session_id)).status_code == 401
    await reopen(settings, world)
    assert (await api.get("/v1/me")).status_code == 401


async def test_its_links_and_their_access_tokens_end(
    settings: Settings, world: World, stranger: Api
) -> None:
    session_id = await world.book(START)
    token = world.link_token(session_id)
    opened = (await stranger.open_link(token)).json()["access_token"]
    await close(settings, world)
    guest = stranger.signed_in(opened)
    assert (await guest.get(f"/v1/sessions/{session_id}")).status_code == 401
    assert (await stranger.open_link(token)).json()["code"] == "link-invalid"


async def test_a_link_that_was_mailed_after_the_closing_opens_nothing(
    settings: Settings, world: World, staff: Api, stranger: Api
) -> None:
    """A confirmation may be sent late. When the practice is reopened, its link is valid."""
    session_id = await world.book(START)
    await close(settings, world)
    await reopen(settings, world)
    issued = await staff.post(f"/v1/practice/sessions/{session_id}/links", {})
    token = issued.json()["url"].partition("#")[2]
    await close_again_without_ending_links(settings, world)
    assert (await stranger.open_link(token)).json()["code"] == "link-expired"
    await reopen(settings, world)
    assert (await stranger.open_link(token)).status_code == 200


async def close_again_without_ending_links(settings: Settings, world: World) -> None:
    """Close the practice, but keep links valid, like one that a mail signs during the closure."""
    from app.tables.practices import Client  # noqa: PLC0415

    [client] = await world.rows(Client)
    await close(settings, world)
    await world.change(
        Client,
        world.client_id,
        token_generation=client.token_generation,
        address_generation=client.address_generation,
    )


@pytest.mark.alone
async def test_its_clients_are_not_mailed_a_link_to_sign_in(
    settings: Settings, world: World
) -> None:
    async def found() -> list[UUID]:
        async with world.engine.connect() as db:
            return [one.practice_id for one in await find_clients(db, "ana@client.example")]

    other = await World(world.engine, settings).build()
    await close(settings, world)
    assert await found() == [other.practice_id]
    await reopen(settings, world)
    assert set(await found()) == {world.practice_id, other.practice_id}


async def test_closing_one_practice_does_not_affect_the_others(
    settings: Settings, world: World, api: Api
) -> None:
    other = await World(world.engine, settings).build()
    await close(settings, world)
    assert (await api.signed_in(await other.key()).get("/v1/practice/me")).status_code == 200
    assert (await api.signed_in(other.token()).get("/v1/me")).status_code == 200
