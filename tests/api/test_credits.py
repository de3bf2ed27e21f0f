"""Package credits (product.md sections 2 and 10, "Credits")."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.errors import CreditUnavailableError, InvalidInputError
from app.tables.sessions import CreditRedemption, Fee, Session
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
LATE = START - timedelta(hours=3)
DAY = timedelta(days=1)
GRACE = timedelta(days=14)
FEES = [{"deadline": {"before_minutes": 1440}, "percent": "50"}]
FORFEITED = {"cancel": {"fees": FEES, "late_credit": "forfeited"}}
RETURNED = {"cancel": {"fees": FEES, "late_credit": "returned"}}


async def credits_left(api: Api) -> list[int]:
    items = (await api.get("/v1/packages")).json()["items"]
    return [item["credits_left"] for item in items]


async def quoted_cancel(api: Api, session_id: UUID) -> Any:
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    answer = await api.cancel(session_id, quote=quote)
    assert answer.status_code == 200
    return answer.json()


async def test_booking_with_a_package_takes_one_credit(api: Api, world: World) -> None:
    package_id = await world.add_package(credits=6)
    session_id = await world.book(START, package_id=package_id)
    assert await credits_left(api) == [5]
    shown = (await api.session(session_id))["package"]
    assert shown == {"id": str(package_id), "name": "Six follow-ups", "credits_left": 5}


async def test_cancelling_in_time_returns_the_credit(api: Api, world: World) -> None:
    await world.add_policy(FORFEITED)
    session_id = await world.book(START, package_id=await world.add_package())
    answer = (await api.cancel(session_id)).json()
    assert (answer["fee"], answer["credit"]) == (None, "returned")
    assert answer["session"]["package"]["credits_left"] == 6
    assert await credits_left(api) == [6]


async def test_cancelling_again_returns_the_credit_once(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START, package_id=await world.add_package())
    for later in range(3):
        clock.now = NOW + timedelta(hours=later)
        answer = (await api.cancel(session_id)).json()
        assert answer["credit"] == "returned"
    (redemption,) = await world.rows(CreditRedemption)
    assert redemption.returned_at == NOW
    assert await credits_left(api) == [6]


async def test_a_forfeited_credit_needs_a_quote(api: Api, world: World, clock: TestClock) -> None:
    await world.add_policy(FORFEITED)
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = LATE
    problem = (await api.cancel(session_id)).json()
    assert problem["code"] == "quote-required"
    assert (problem["decision"]["fee"], problem["decision"]["credit"]) == (None, "forfeited")
    assert await credits_left(api) == [5]


async def test_a_forfeited_credit_replaces_the_fee_and_does_not_come_back(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(FORFEITED)
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = LATE
    answer = await quoted_cancel(api, session_id)
    assert (answer["fee"], answer["credit"]) == (None, "forfeited")
    assert await credits_left(api) == [5]
    assert await world.rows(Fee) == []
    (redemption,) = await world.rows(CreditRedemption)
    assert (redemption.forfeited_at, redemption.returned_at) == (LATE, None)


async def test_cancelling_again_returns_the_credit_that_was_forfeited(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(FORFEITED)
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = LATE
    await quoted_cancel(api, session_id)
    again = await api.cancel(session_id)
    assert (again.status_code, again.json()["credit"]) == (200, "forfeited")
    assert await credits_left(api) == [5]


async def test_a_late_credit_that_is_returned_leaves_the_fee(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(RETURNED)
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = LATE
    answer = await quoted_cancel(api, session_id)
    assert answer["fee"] == {"amount_minor": 6000, "currency": "USD", "decimals": 2}
    assert answer["credit"] == "returned"
    assert await credits_left(api) == [6]


async def test_a_quote_that_returned_the_credit_is_honoured_after_the_deadline(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(FORFEITED)
    session_id = await world.book(START, package_id=await world.add_package())
    clock.now = START - DAY
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    clock.now = START - DAY + timedelta(minutes=5)
    answer = (await api.cancel(session_id, quote=quote)).json()
    assert (answer["fee"], answer["credit"]) == (None, "returned")
    assert await credits_left(api) == [6]


async def test_a_move_keeps_the_credit_where_it_is(api: Api, world: World) -> None:
    session_id = await world.book(START, package_id=await world.add_package())
    answer = (await api.reschedule(session_id, START + DAY)).json()
    assert answer["credit"] == "kept"
    assert answer["session"]["package"]["credits_left"] == 5
    assert len(await world.rows(CreditRedemption)) == 1


async def test_without_a_package_no_credit_is_mentioned(api: Api, world: World) -> None:
    session_id = await world.book(START)
    assert (await api.cancel(session_id)).json()["credit"] is None


async def test_a_package_without_credits_cannot_pay(world: World) -> None:
    package_id = await world.add_package(credits=1)
    await world.book(START, package_id=package_id)
    with pytest.raises(CreditUnavailableError):
        await world.book(START + DAY, package_id=package_id)
    assert len(await world.rows(Session)) == 1


async def test_an_expired_package_cannot_pay(world: World) -> None:
    package_id = await world.add_package(expires_at=NOW)
    with pytest.raises(CreditUnavailableError):
        await world.book(START, package_id=package_id)
    assert await world.rows(CreditRedemption) == []


async def test_a_package_pays_until_the_instant_it_expires(world: World) -> None:
    package_id = await world.add_package(expires_at=NOW + timedelta(microseconds=1))
    await world.book(START, package_id=package_id)
    assert len(await world.rows(CreditRedemption)) == 1


async def test_a_package_of_another_client_or_service_cannot_pay(world: World) -> None:
    other = await world.add_client(name="Ben")
    service_id = await world.add_service(name="Massage")
    for mismatch in ({"client_id": other}, {"service_id": service_id}):
        package_id = await world.add_package(**mismatch)
        with pytest.raises(InvalidInputError) as refused:
            await world.book(START, package_id=package_id)
        assert refused.value.pointer == "/package_id"


async def usable_until(api: Api) -> str | None:
    (package,) = (await api.get("/v1/packages")).json()["items"]
    found: str | None = package["usable_until"]
    return found


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [
        (NOW + timedelta(hours=1), "2026-12-14T10:00:00-05:00"),
        (NOW + GRACE - timedelta(microseconds=1), "2026-12-14T10:00:00-05:00"),
        (NOW + GRACE + timedelta(microseconds=1), None),
        (None, None),
    ],
    ids=["soon", "within-grace", "beyond-grace", "never"],
)
async def test_a_credit_that_comes_back_near_the_expiry_stays_usable_for_fourteen_days(
    api: Api, world: World, expires_at: datetime | None, expected: str | None
) -> None:
    package_id = await world.add_package(expires_at=expires_at)
    session_id = await world.book(START, package_id=package_id)
    await api.cancel(session_id)
    assert await usable_until(api) == expected


async def test_a_credit_that_comes_back_after_the_expiry_stays_usable_for_fourteen_days(
    api: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(expires_at=NOW + DAY)
    session_id = await world.book(START, package_id=package_id)
    clock.now = NOW + 2 * DAY
    await api.cancel(session_id)
    assert await usable_until(api) == "2026-12-16T10:00:00-05:00"


async def test_a_credit_that_came_back_late_books_exactly_one_session(
    api: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(expires_at=NOW + DAY)
    session_id = await world.book(START, package_id=package_id)
    clock.now = NOW + 2 * DAY
    await api.cancel(session_id)
    later = clock.now + GRACE - timedelta(microseconds=1)
    await world.book(START + 20 * DAY, package_id=package_id, now=later)
    with pytest.raises(CreditUnavailableError):
        await world.book(START + 21 * DAY, package_id=package_id, now=later)


async def test_a_credit_that_came_back_late_is_gone_after_its_fourteen_days(
    api: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(expires_at=NOW + DAY)
    session_id = await world.book(START, package_id=package_id)
    clock.now = NOW + 2 * DAY
    await api.cancel(session_id)
    with pytest.raises(CreditUnavailableError):
        await world.book(START + 20 * DAY, package_id=package_id, now=clock.now + GRACE)


async def test_two_credits_that_came_back_late_book_two_sessions(
    api: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(expires_at=NOW + DAY)
    booked = [await world.book(START + day * DAY, package_id=package_id) for day in range(2)]
    clock.now = NOW + 2 * DAY
    for session_id in booked:
        await api.cancel(session_id)
    for day in (20, 21):
        await world.book(START + day * DAY, package_id=package_id, now=clock.now)
    with pytest.raises(CreditUnavailableError):
        await world.book(START + 22 * DAY, package_id=package_id, now=clock.now)


async def test_a_reused_credit_that_comes_back_again_is_usable_again(
    api: Api, world: World, clock: TestClock
) -> None:
    package_id = await world.add_package(expires_at=NOW + DAY)
    session_id = await world.book(START, package_id=package_id)
    clock.now = NOW + 2 * DAY
    await api.cancel(session_id)
    again = await world.book(START + 20 * DAY, package_id=package_id, now=clock.now)
    await api.cancel(again)
    await world.book(START + 20 * DAY, package_id=package_id, now=clock.now)
    assert await credits_left(api) == [5]
