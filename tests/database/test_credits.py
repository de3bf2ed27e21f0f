"""Database constraints on credits and fees."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.world import NOW, World

START = NOW + timedelta(days=3)


async def redeem(owner: asyncpg.Connection, world: World, **values: Any) -> UUID:
    redemption_id = uuid4()
    row = {
        "practice_id": world.practice_id,
        "id": redemption_id,
        "redeemed_at": NOW,
        **values,
    }
    names = ", ".join(row)
    marks = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await owner.execute(
        f"INSERT INTO credit_redemptions ({names}) VALUES ({marks})",  # noqa: S608
        *row.values(),
    )
    return redemption_id


@pytest.fixture
async def paid(world: World) -> dict[str, UUID]:
    """A session paid by a package."""
    package_id = await world.add_package()
    return {"package_id": package_id, "session_id": await world.book(START)}


async def test_a_session_is_paid_by_one_credit_at_a_time(
    owner: asyncpg.Connection, world: World, paid: dict[str, UUID]
) -> None:
    await redeem(owner, world, **paid)
    with pytest.raises(asyncpg.UniqueViolationError):
        await redeem(owner, world, **paid)


async def test_a_forfeited_credit_still_counts_as_the_sessions(
    owner: asyncpg.Connection, world: World, paid: dict[str, UUID]
) -> None:
    await redeem(owner, world, **paid, forfeited_at=NOW)
    with pytest.raises(asyncpg.UniqueViolationError):
        await redeem(owner, world, **paid)


async def test_after_its_credit_was_returned_a_session_may_be_paid_again(
    owner: asyncpg.Connection, world: World, paid: dict[str, UUID]
) -> None:
    await redeem(owner, world, **paid, returned_at=NOW)
    await redeem(owner, world, **paid, returned_at=NOW)
    await redeem(owner, world, **paid)


async def test_a_credit_cannot_be_returned_and_forfeited(
    owner: asyncpg.Connection, world: World, paid: dict[str, UUID]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await redeem(owner, world, **paid, returned_at=NOW, forfeited_at=NOW)


async def test_a_returned_credit_is_reused_once(
    owner: asyncpg.Connection, world: World, paid: dict[str, UUID]
) -> None:
    first = await redeem(owner, world, **paid, returned_at=NOW, usable_until=NOW)
    await redeem(owner, world, **paid, returned_at=NOW, reused_redemption_id=first)
    with pytest.raises(asyncpg.UniqueViolationError):
        await redeem(owner, world, **paid, reused_redemption_id=first)


async def test_one_change_causes_one_fee_at_most(owner: asyncpg.Connection, world: World) -> None:
    session_id = await world.book(START)
    insert = (
        "INSERT INTO fees (practice_id, id, session_id, change_id, amount_minor, currency, "
        "status, recorded_at) SELECT practice_id, gen_random_uuid(), session_id, id, 500, 'USD', "
        "'due', now() FROM changes WHERE session_id = $1"
    )
    await owner.execute(insert, session_id)
    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(insert, session_id)


async def test_a_fee_of_nothing_is_refused(owner: asyncpg.Connection, world: World) -> None:
    session_id = await world.book(START)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(
            "INSERT INTO fees (practice_id, id, session_id, change_id, amount_minor, currency, "
            "status, recorded_at) SELECT practice_id, gen_random_uuid(), session_id, id, 0, "
            "'USD', 'due', now() FROM changes WHERE session_id = $1",
            session_id,
        )
