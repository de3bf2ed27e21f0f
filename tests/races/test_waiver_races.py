"""Whoever answers a question about a fee at the same time as somebody else: one answer counts."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import transact
from app.fees.announcing import announce_fees
from app.fees.lapsing import lapse_waiver, lapse_waivers
from app.identity.tokens.waiver import WaiverLink, WaiverTokens, mark_of
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import Fee
from app.tables.waivers import Waiver
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WEEK = 7 * DAY
ROUNDS = 6
WORDS = "I was in hospital that night."
WHY = {"reason": {"note": "It was our mistake."}}
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]}}


@pytest.fixture(autouse=True)
async def policy(world: World) -> None:
    """Cancelling costs a fee."""
    await world.add_policy(LATE_FEE)


async def cancelled(api: Api, world: World, number: int, **body: Any) -> UUID:
    """Cancel a session of its own week, and give the fee's id."""
    session_id = await world.book(START + number * WEEK)
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote, **body)).status_code == 200
    (fee,) = await world.rows(Fee, session_id=session_id)
    found: UUID = fee.id
    return found


async def asked(api: Api, world: World, number: int = 0) -> UUID:
    return await cancelled(api, world, number, ask_waiver={"note": WORDS})


def by_link(api: Api, world: World, fee_id: UUID) -> Api:
    link = WaiverLink(world.practice_id, fee_id, 0, mark_of("maya@harbor.example"))
    return api.signed_in(WaiverTokens(world.settings.keys).sign(link))


async def answers(*calls: Awaitable[Response]) -> list[int]:
    return [answer.status_code for answer in await asyncio.gather(*calls)]


async def state_of(world: World, fee_id: UUID) -> tuple[str, str]:
    (fee,) = await world.rows(Fee, id=fee_id)
    (waiver,) = await world.rows(Waiver, id=fee_id)
    return fee.status, waiver.state


async def ends_told(world: World, fee_id: UUID) -> int:
    """Count the entries about an answer; each has one mail to the client."""
    ends = ("fee_waived", "fee_waiver_declined", "fee_waiver_lapsed")
    entries = [row for row in await world.rows(Change, subject_id=fee_id) if row.kind in ends]
    mails = [
        row
        for entry in entries
        for row in await world.rows(Notification, change_id=entry.id, recipient="client")
    ]
    assert len(mails) == len(entries)
    return len(entries)


async def test_granted_and_declined_at_once_by_link_and_by_staff(
    api: Api, staff: Api, world: World
) -> None:
    """Staff may waive after the link has declined, but nobody declines what is granted."""
    for number in range(ROUNDS):
        fee_id = await asked(api, world, number)
        link, path = by_link(api, world, fee_id), f"/v1/waivers/{fee_id}"
        granted, declined = await answers(
            link.post(f"{path}/grant", {}), link.post(f"{path}/uphold", {})
        )
        assert sorted((granted, declined)) == [200, 409]
        wanted = ("waived", "granted") if granted == 200 else ("due", "declined")
        assert await state_of(world, fee_id) == wanted
        assert await ends_told(world, fee_id) == 1
    for number in range(ROUNDS, 2 * ROUNDS):
        fee_id = await asked(api, world, number)
        waived, declined = await answers(
            staff.post(f"/v1/practice/fees/{fee_id}/waive", WHY),
            by_link(api, world, fee_id).post(f"/v1/waivers/{fee_id}/uphold", {}),
        )
        assert waived == 200
        wanted = ("waived", "declined" if declined == 200 else "granted")
        assert await state_of(world, fee_id) == wanted


async def test_the_same_answer_many_times_at_once_is_given_once(api: Api, world: World) -> None:
    for number, verb in enumerate(("grant", "uphold")):
        fee_id = await asked(api, world, number)
        link = by_link(api, world, fee_id)
        many = [link.post(f"/v1/waivers/{fee_id}/{verb}", {}) for _ in range(8)]
        assert await answers(*many) == [200] * 8
        assert await ends_told(world, fee_id) == 1


async def test_asked_many_times_at_once_is_asked_once(api: Api, world: World) -> None:
    fee_id = await cancelled(api, world, 0)
    link = api.signed_in(
        (await api.open_link(world.link_token((await world.rows(Fee))[0].session_id))).json()[
            "access_token"
        ]
    )
    path = f"/v1/fees/{fee_id}/ask-waiver"
    many = [caller.post(path, {"note": WORDS}) for caller in (api, link) for _ in range(4)]
    done = await asyncio.gather(*many)
    assert [answer.status_code for answer in done] == [200] * 8
    assert len({answer.json()["command_id"] for answer in done}) == 1
    assert len(await world.rows(Waiver)) == 1
    assert len(await world.rows(Change, kind="fee_waiver_asked")) == 1
    assert len(await world.rows(Notification, kind="fee_waiver_asked")) == 1


@pytest.mark.parametrize("verb", ["grant", "uphold"])
async def test_an_answer_in_time_and_a_lapse_at_once(
    api: Api, world: World, engine: AsyncEngine, verb: str
) -> None:
    """The answer's request came in time, and waits; the worker's clock is past the last instant."""
    late = NOW + WEEK + MINUTE

    async def lapse(fee_id: UUID) -> None:
        await transact(engine, lambda db: lapse_waiver(db, world.practice_id, fee_id, late))

    for number in range(ROUNDS):
        fee_id = await asked(api, world, number)
        link = by_link(api, world, fee_id)
        answer, _ = await asyncio.gather(
            link.post(f"/v1/waivers/{fee_id}/{verb}", {}), lapse(fee_id)
        )
        status, state = await state_of(world, fee_id)
        if answer.status_code == 200:
            assert state == ("granted" if verb == "grant" else "declined")
        else:
            assert (answer.status_code, status, state) == (409, "due", "lapsed")
        assert await ends_told(world, fee_id) == 1


async def test_settled_and_granted_at_once(api: Api, staff: Api, world: World) -> None:
    for number in range(ROUNDS):
        fee_id = await asked(api, world, number)
        settled, granted = await answers(
            staff.post(f"/v1/practice/fees/{fee_id}/settle", {"payment_reference": "INV-1"}),
            by_link(api, world, fee_id).post(f"/v1/waivers/{fee_id}/grant", {}),
        )
        assert sorted((settled, granted)) == [200, 409]
        wanted = ("settled", "void") if settled == 200 else ("waived", "granted")
        assert await state_of(world, fee_id) == wanted
        assert await ends_told(world, fee_id) == int(granted == 200)


async def test_taken_back_and_granted_at_once(api: Api, world: World) -> None:
    for number in range(ROUNDS):
        fee_id = await asked(api, world, number)
        (fee,) = await world.rows(Fee, id=fee_id)
        undone, granted = await answers(
            api.post(f"/v1/sessions/{fee.session_id}/undo", None),
            by_link(api, world, fee_id).post(f"/v1/waivers/{fee_id}/grant", {}),
        )
        assert undone == 200
        wanted = ("waived", "granted") if granted == 200 else ("void", "void")
        assert await state_of(world, fee_id) == wanted


async def test_asked_and_settled_at_once(api: Api, staff: Api, world: World) -> None:
    for number in range(ROUNDS):
        fee_id = await cancelled(api, world, number)
        settled, question = await answers(
            staff.post(f"/v1/practice/fees/{fee_id}/settle", {"payment_reference": "INV-1"}),
            api.post(f"/v1/fees/{fee_id}/ask-waiver", {"note": WORDS}),
        )
        assert settled == 200
        waivers = await world.rows(Waiver, id=fee_id)
        assert [row.state for row in waivers] == (["void"] if question == 200 else [])


@pytest.mark.alone
async def test_several_workers_let_a_question_lapse_once(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    fees = [await asked(api, world, number) for number in range(3)]
    late = NOW + WEEK + MINUTE
    await asyncio.gather(
        *(lapse_waivers(engine, late) for _ in range(4)),
        *(announce_fees(engine, late) for _ in range(2)),
    )
    await announce_fees(engine, late)
    for fee_id in fees:
        assert await state_of(world, fee_id) == ("due", "lapsed")
        assert await ends_told(world, fee_id) == 1
        entries = [row.kind for row in await world.rows(Change, subject_id=fee_id)]
        assert entries.count("fee_collectable") == 1
