"""A late cancellation is forgiven if others take the freed time (product.md, "Refill")."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.session import Format
from app.fees.announcing import announce_fees
from app.fees.refilling import judge_due_refills
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Refill
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.payload import load_events
from tests.described import is_event_as_described
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat
from tests.world import NOW, REASON, Api, TestClock, World

# The worker looks at the cancellations of all practices.
pytestmark = pytest.mark.alone

START = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
LATE = {"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}
REFILLED = {"cancel": {"fees": [LATE], "refilled": {"covered_percent": 80}}}
WHY = {"reason": {"note": "It was our mistake."}}
GRACE = timedelta(days=14)

Judge = Callable[..., Awaitable[None]]


@pytest.fixture
async def ben(world: World) -> UUID:
    """Another client; and an endpoint that is told of everything."""
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(REFILLED)
    return await world.add_client(name="Ben", email="ben@client.example")


@pytest.fixture
def judge(engine: AsyncEngine) -> Judge:
    """Let the worker judge and announce, a minute after the freed start by default."""

    async def run(at: Any = START + MINUTE) -> None:
        await judge_due_refills(engine, at, credit_grace=GRACE)
        await announce_fees(engine, at)

    return run


async def cancel_late(api: Api, session_id: UUID) -> None:
    decision = (await api.session(session_id))["actions"]["cancel"]
    assert decision["forgiven_if_refilled"] is True
    answer = await api.cancel(session_id, quote=decision["quote"])
    assert answer.status_code == 200, answer.text


async def told(world: World, *kinds: str) -> list[tuple[str, str]]:
    rows = await world.rows(Notification)
    return sorted((row.kind, row.recipient) for row in rows if row.kind in kinds)


COST = ("fee.collectable", "fee.forgiven", "fee.refundable", "fee_forgiven", "credit_returned",
        "session.credit_returned")  # fmt: skip


async def test_the_fee_is_forgiven_when_somebody_else_has_the_time(
    api: Api, world: World, ben: UUID, judge: Judge
) -> None:
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    (fee,) = await world.rows(Fee)
    assert (fee.status, fee.collect_after) == ("due", START)
    await world.book(START, client_id=ben)
    await judge(START)
    assert [row.status for row in await world.rows(Fee)] == ["due"]
    for at in (START + MINUTE, START + 2 * MINUTE, START + DAY):
        await judge(at)
    (own,) = (await api.get("/v1/fees")).json()["items"]
    assert own["status"] == "forgiven"
    assert await told(world, *COST) == [("fee.forgiven", "webhook"), ("fee_forgiven", "client")]
    (change,) = await world.rows(Change, kind="fee_forgiven")
    assert (change.actor, change.session_id, change.fee_minor) == ("system", session_id, 4500)
    assert change.details is None


async def test_without_a_filler_the_fee_can_be_collected_at_the_start(
    api: Api, world: World, ben: UUID, judge: Judge
) -> None:
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    await world.book(START + timedelta(minutes=50), client_id=ben)
    await judge()
    await judge(START + DAY)
    assert [row.status for row in await world.rows(Fee)] == ["due"]
    assert await told(world, *COST) == [("fee.collectable", "webhook")]
    (refill,) = await world.rows(Refill)
    assert (refill.state, refill.covered_by) == ("open", [])


async def test_a_late_worker_judges_as_of_the_freed_start(
    api: Api, world: World, staff: Api, ben: UUID, judge: Judge, clock: TestClock
) -> None:
    """The filler leaves after the start; another one comes after the start of another time."""
    one, other = await world.book(START), await world.book(START + DAY)
    await cancel_late(api, one)
    await cancel_late(api, other)
    filler = await world.book(START, client_id=ben)
    clock.now = START + 5 * MINUTE
    path = f"/v1/practice/sessions/{filler}/cancel"
    assert (await staff.post(path, {"charge_fee": False, **WHY})).status_code == 200
    late = START + DAY + MINUTE
    await world.book(START + DAY, client_id=ben, now=late)
    await judge(START + 3 * DAY)
    states = {row.session_id: row.state for row in await world.rows(Refill)}
    assert states == {one: "refilled", other: "open"}


@pytest.mark.parametrize("leaves", ["cancelled", "moved"])
async def test_a_filler_that_has_left_before_the_start_fills_nothing(
    api: Api, world: World, staff: Api, ben: UUID, judge: Judge, leaves: str
) -> None:
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    filler = await world.book(START, client_id=ben)
    if leaves == "cancelled":
        path = f"/v1/practice/sessions/{filler}/cancel"
        done = await staff.post(path, {"charge_fee": False, **WHY})
    else:
        done = await staff.reschedule_by_staff(filler, START + DAY)
    assert done.status_code == 200
    await judge(START + 3 * DAY)
    assert [row.state for row in await world.rows(Refill)] == ["open"]


async def test_one_filler_forgives_one_fee_the_latest(
    api: Api, world: World, ben: UUID, judge: Judge, clock: TestClock
) -> None:
    eva = await world.add_client(name="Eva", email="eva@client.example")
    first = await world.book(START)
    await cancel_late(api, first)
    clock.now += MINUTE
    second = await world.book(START, client_id=ben)
    await cancel_late(api.signed_in(world.token(ben)), second)
    await world.book(START, client_id=eva)
    await judge()
    states = {row.session_id: row.state for row in await world.rows(Refill)}
    assert states == {first: "open", second: "refilled"}


async def test_a_forfeited_credit_comes_back(
    api: Api, world: World, ben: UUID, judge: Judge
) -> None:
    policy = {"cancel": REFILLED["cancel"] | {"late_credit": "forfeited"}}
    await world.add_policy(policy)
    session_id = await world.book(START, package_id=await world.add_package())
    await cancel_late(api, session_id)
    assert (await api.session(session_id))["package"]["credits_left"] == 5
    await world.book(START, client_id=ben)
    await judge()
    await judge(START + DAY)
    assert (await api.session(session_id))["package"]["credits_left"] == 6
    (redemption,) = await world.rows(CreditRedemption)
    assert (redemption.returned_at, redemption.forfeited_at) == (START + MINUTE, None)
    assert await told(world, *COST) == [
        ("credit_returned", "client"),
        ("session.credit_returned", "webhook"),
    ]


@pytest.mark.parametrize(
    ("verb", "body", "status", "events"),
    [
        ("settle", {"payment_reference": "INV-1"}, "settled", [("fee.refundable", "webhook")]),
        ("waive", WHY, "waived", []),
    ],
)
async def test_a_fee_that_has_ended_stays_as_it_is(
    api: Api,
    staff: Api,
    world: World,
    ben: UUID,
    judge: Judge,
    verb: str,
    body: dict[str, Any],
    status: str,
    events: list[tuple[str, str]],
) -> None:
    await cancel_late(api, await world.book(START))
    (fee,) = await world.rows(Fee)
    await staff.post(f"/v1/practice/fees/{fee.id}/{verb}", body)
    await world.book(START, client_id=ben)
    await judge()
    assert [row.status for row in await world.rows(Fee)] == [status]
    assert await told(world, *COST) == events


async def test_an_undone_cancellation_is_not_judged(
    api: Api, world: World, ben: UUID, judge: Judge
) -> None:
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    assert (await api.post(f"/v1/sessions/{session_id}/undo", None)).status_code == 200
    assert ben
    await judge()
    assert [row.state for row in await world.rows(Refill)] == ["void"]
    assert await told(world, *COST) == []


async def test_the_events_are_as_described(
    api: Api, staff: Api, world: World, ben: UUID, judge: Judge, engine: AsyncEngine
) -> None:
    policy = {"cancel": REFILLED["cancel"] | {"late_credit": "forfeited"}}
    await world.add_policy(policy)
    paid = await world.book(START, package_id=await world.add_package())
    plain, settled = await world.book(START + 60 * MINUTE), await world.book(START + 120 * MINUTE)
    for session_id in (paid, plain, settled):
        await cancel_late(api, session_id)
    (fee,) = await world.rows(Fee, session_id=settled)
    await staff.post(f"/v1/practice/fees/{fee.id}/settle", {"payment_reference": "INV-1"})
    for number in range(3):
        await world.book(START + number * 60 * MINUTE, client_id=ben)
    await judge(START + DAY)
    for kind in ("fee.forgiven", "fee.refundable", "session.credit_returned"):
        (row,) = await world.rows(Notification, kind=kind)
        async with engine.connect() as db:
            (event,) = await load_events(db, [(world.practice_id, row.id)])
        assert event is not None
        is_event_as_described(event.body)
        assert "Ben" not in event.body
        assert str(ben) not in event.body


async def test_a_carried_cost_is_not_forgiven(api: Api, world: World) -> None:
    """The time that was given up late is another one."""
    await world.add_policy({**REFILLED, "reschedule": {"fees": []}})
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    assert (await api.reschedule(session_id, START + DAY, quote=quote)).status_code == 200
    decision = (await api.session(session_id))["actions"]["cancel"]
    assert (decision["fee"]["amount_minor"], decision["forgiven_if_refilled"]) == (4500, False)
    assert (await api.cancel(session_id, quote=decision["quote"])).status_code == 200
    assert await world.rows(Refill) == []
    (fee,) = await world.rows(Fee)
    assert fee.collect_after == NOW + 5 * MINUTE


async def test_what_costs_nothing_has_nothing_to_forgive(
    api: Api, staff: Api, world: World, ben: UUID
) -> None:
    free = await world.book(START + 20 * DAY)
    assert (await api.session(free))["actions"]["cancel"]["forgiven_if_refilled"] is False
    assert (await api.cancel(free)).status_code == 200
    by_staff, missed = await world.book(START), await world.book(START + DAY, client_id=ben)
    await staff.post(f"/v1/practice/sessions/{by_staff}/cancel", {"charge_fee": False, **WHY})
    await staff.post(f"/v1/practice/sessions/{missed}/noshow", {"charge_fee": True})
    assert await world.rows(Refill) == []


async def test_a_cancellation_that_staff_charge_is_judged_too(
    staff: Api, world: World, ben: UUID, judge: Judge
) -> None:
    session_id = await world.book(START)
    await staff.post(f"/v1/practice/sessions/{session_id}/cancel", {"charge_fee": True, **WHY})
    await world.book(START, client_id=ben)
    await judge()
    assert [row.status for row in await world.rows(Fee)] == ["forgiven"]


@pytest.mark.parametrize(("takers", "state"), [(1, "open"), (2, "refilled")])
async def test_a_seat_is_filled_again_only_if_its_group_is_full(
    api: Api, world: World, judge: Judge, ben: UUID, takers: int, state: str
) -> None:
    group_id = await add_group(world, seats=2)
    seat = await add_seat(world, group_id)
    await cancel_late(api, seat)
    assert ben
    for client_id in await add_clients(world, takers):
        await add_seat(world, group_id, client_id=client_id, now=NOW + MINUTE)
    await judge(CLASS + MINUTE)
    assert [row.state for row in await world.rows(Refill)] == [state]


@pytest.mark.parametrize(("before", "after", "state"), [(1, 3, "refilled"), (3, 1, "open")])
async def test_whether_a_group_is_full_is_judged_as_of_the_freed_start(
    api: Api, staff: Api, world: World, judge: Judge, ben: UUID, before: int, after: int, state: str
) -> None:
    group_id = await add_group(world, seats=before)
    await cancel_late(api, await add_seat(world, group_id))
    await add_seat(world, group_id, client_id=ben, now=NOW + MINUTE)
    api.clock.now = CLASS + timedelta(seconds=1)
    changed = await staff.patch(f"/v1/practice/groups/{group_id}", {"seats": after})
    assert changed.status_code == 200, changed.text
    await judge(CLASS + MINUTE)
    assert [row.state for row in await world.rows(Refill)] == [state]


async def test_a_seat_that_is_booked_again_in_its_group_fills_another_one(
    api: Api, world: World, judge: Judge, ben: UUID
) -> None:
    """Ben has cancelled first, and takes the seat again after the other cancellation."""
    await world.add_policy(REFILLED | {"rebook": {"days": 30, "fee": "stands"}})
    group_id = await add_group(world, seats=1)
    bens = await add_seat(world, group_id, client_id=ben)
    own = api.signed_in(world.token(ben))
    await cancel_late(own, bens)
    api.clock.now += MINUTE
    await cancel_late(api, await add_seat(world, group_id, now=api.clock.now))
    api.clock.now += MINUTE
    order = {"group_id": str(group_id), "reason": REASON}
    booked = await own.post(f"/v1/sessions/{bens}/reschedule", order)
    assert booked.status_code == 200, booked.text
    await judge(CLASS + MINUTE)
    rows = await world.rows(Refill)
    assert {row.client_id: row.state for row in rows} == {
        ben: "open",
        world.client_id: "refilled",
    }


@pytest.mark.parametrize("how", ["moved", "moved back", "cancelled"])
async def test_a_seat_whose_group_has_moved_or_was_cancelled_is_not_filled_again(
    api: Api, staff: Api, world: World, judge: Judge, ben: UUID, how: str
) -> None:
    """Whoever has the practitioner's time then has another one than the seat."""
    group_id = await add_group(world, seats=1)
    await cancel_late(api, await add_seat(world, group_id))
    path = f"/v1/practice/groups/{group_id}"
    if how == "moved back":
        await add_seat(world, group_id, client_id=ben, now=NOW + MINUTE)
    api.clock.now += HOUR
    for start in [CLASS + DAY, CLASS][: ["cancelled", "moved", "moved back"].index(how)]:
        body = {"start": start.isoformat(), "force": True, **WHY}
        moved = await staff.post(f"{path}/move", body)
        assert moved.status_code == 200, moved.text
        api.clock.now += MINUTE
    if how == "cancelled":
        assert (await staff.post(f"{path}/cancel", WHY)).status_code == 200
    if how != "moved back":
        await world.book(CLASS, client_id=ben, now=api.clock.now)
    await judge(CLASS + MINUTE)
    assert [row.state for row in await world.rows(Refill)] == ["open"]


async def test_a_group_that_takes_the_time_fills_it_with_its_seats(
    api: Api, world: World, judge: Judge, ben: UUID
) -> None:
    await cancel_late(api, await world.book(START))
    group_id = await add_group(world, START, format=Format.VIDEO, location_id=None)
    await judge(START - DAY)
    await add_seat(world, group_id, client_id=ben)
    await judge()
    assert [row.state for row in await world.rows(Refill)] == ["refilled"]


async def test_a_policy_says_how_much_must_be_covered(staff: Api) -> None:
    for share, code in ((0, 422), (101, 422), (1, 201), (100, 201)):
        rules = {"cancel": {"refilled": {"covered_percent": share}}}
        answer = await staff.post("/v1/practice/policies", {"text": "", "rules": rules})
        assert answer.status_code == code
    assert answer.json()["rules"] == {"cancel": {"refilled": {"covered_percent": 100}}}
    none = {"cancel": {"refilled": None}}
    answer = await staff.post("/v1/practice/policies", {"text": "", "rules": none})
    assert answer.json()["rules"] == {"cancel": {}}
