"""A mail scanner opens the links, also with a browser that runs scripts. Nothing changes."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.tables.base import Base
from app.tables.sessions import Session
from app.tables.waitlist import Offer
from tests.portal.visitor import Visitor
from tests.waiting import FREED, Waiting, offer_token, wait
from tests.world import Api, World

TIMES = 100
LOADS = 3
COSTLY = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "50"}],
        "release": True,
    }
}


@pytest.fixture
async def links(world: World, staff: Api) -> dict[str, str]:
    """Give the tokens of two links: of an open offer, and of the released session it is about."""
    await world.add_policy(COSTLY)
    waiting: Waiting = await wait(world, staff.signed_in(world.token()))
    await waiting.wish()
    other = staff.signed_in(world.token(waiting.other_id))
    released = await other.post(f"/v1/sessions/{waiting.taken_id}/release", {})
    assert released.status_code == 201, released.text
    await waiting.work()
    (offer,) = await world.rows(Offer, state="open")
    assert [row.release_until is None for row in await world.rows(Session, starts_at=FREED)] == [
        False
    ]
    return {
        "offer": offer_token(world, offer.id),
        "session": world.link_token(waiting.taken_id),
        "offer_id": str(offer.id),
        "session_id": str(waiting.taken_id),
    }


async def everything(world: World) -> dict[str, list[Any]]:
    """Read every row of every table. These tests have the database for themselves."""
    async with world.engine.connect() as db:
        return {
            name: sorted((await db.execute(select(table))).all(), key=repr)
            for name, table in Base.metadata.tables.items()
        }


@pytest.mark.slow
async def test_fetching_the_addresses_changes_nothing(
    world: World, staff: Api, links: dict[str, str]
) -> None:
    """What stands behind `#` is not sent, so this is the page; and the API's paths, guessed."""
    before = await everything(world)
    http, held = staff.http, {"Authorization": f"Bearer {links['offer']}"}
    offer = f"/v1/offers/{links['offer_id']}"
    for method in ("GET", "HEAD"):
        for path in (f"/portal/#offer={links['offer']}", f"/portal/#{links['session']}"):
            for _ in range(TIMES):
                assert (await http.request(method, path)).status_code == 200
        for path in ("/v1/offers/open", "/v1/links/open", f"{offer}/accept", f"{offer}/decline"):
            for _ in range(LOADS):
                answer = await http.request(method, path, headers=held)
                assert answer.status_code in {404, 405}
    assert await everything(world) == before


@pytest.mark.slow
async def test_the_calls_of_an_opened_page_change_nothing(
    world: World, staff: Api, links: dict[str, str]
) -> None:
    """On opening, and what the page asks for when a person unfolds its parts."""
    before = await everything(world)
    stranger = staff.signed_in(None)
    path = f"/v1/sessions/{links['session_id']}"
    day: dict[str, Any] = {"from": "2026-12-03", "to": "2026-12-03", "format": "phone"}
    for time in range(TIMES):
        shown = await stranger.post("/v1/offers/open", {"token": links["offer"]})
        assert (shown.status_code, shown.json()["state"]) == (200, "open")
        session = await stranger.open_link(links["session"])
        assert session.status_code == 200
        by_link = stranger.signed_in(session.json()["access_token"])
        assert (await by_link.get("/v1/me")).status_code == 200
        assert (await by_link.get(f"{path}/availability", **day)).status_code == 200
        if time < LOADS:
            for unfolded in (path, f"{path}/changes", f"{path}/wish", f"{path}/calendar.ics"):
                assert (await by_link.get(unfolded)).status_code == 200
    assert await everything(world) == before


async def test_a_browser_that_runs_the_page_and_presses_nothing_changes_nothing(
    ana: Visitor, world: World, links: dict[str, str]
) -> None:
    before = await everything(world)
    for _ in range(LOADS):
        for fragment, title in ((f"offer={links['offer']}", "A time is free for you"),
                                (links["session"], "Follow-up")):  # fmt: skip
            await ana.page.goto(f"{ana.settings.portal_url}#{fragment}")
            await ana.see(title)
            await ana.forward(timedelta(minutes=2))
            await ana.page.wait_for_load_state("networkidle")
            await ana.page.goto("about:blank")
    assert await everything(world) == before
    opening = {"/v1/offers/open", "/v1/links/open"}
    written = [r.url for r in ana.requests if r.method != "GET"]
    assert {url.removeprefix(ana.settings.public_url) for url in written} == opening
