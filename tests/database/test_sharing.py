"""Commands that share a transaction: committed together, or each alone."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.sharing import AT_ONCE, MOST, Command, SharedTransactions


async def transaction(db: AsyncConnection, subjects: Sequence[str]) -> list[str]:
    """Return for each subject the id of the transaction."""
    number = await db.scalar(text("SELECT pg_current_xact_id()::text"))
    return [str(number)] * len(subjects)


async def echo(_: AsyncConnection, subjects: Sequence[str]) -> list[tuple[str, ...]]:
    """Return for each subject itself, then those that it was run with."""
    return [(one, *subjects) for one in subjects]


async def fail(db: AsyncConnection, _: Sequence[str]) -> list[str]:
    await db.execute(text("SELECT 1 / 0"))
    raise AssertionError


async def test_what_waits_shares_a_transaction(engine: AsyncEngine) -> None:
    shared = SharedTransactions(engine)
    ids = await asyncio.gather(*(shared.transact(transaction, "") for _ in range(AT_ONCE + MOST)))
    # Those that came first found nobody else.
    assert len(set(ids)) == AT_ONCE + 1
    assert await shared.transact(transaction, "") not in ids


async def test_a_command_runs_once_for_all_that_wait_for_it(engine: AsyncEngine) -> None:
    shared = SharedTransactions(engine)
    first = [asyncio.create_task(shared.transact(transaction, "")) for _ in range(AT_ONCE)]
    wanted = [("echo", "a"), ("number", "b"), ("echo", "c")]
    of_name: dict[str, Command[str, object]] = {"echo": echo, "number": transaction}
    a, b, c = await asyncio.gather(
        *(shared.transact(of_name[name], subject) for name, subject in wanted)
    )
    assert (a, c) == (("a", "a", "c"), ("c", "a", "c"))
    assert b not in await asyncio.gather(*first)


async def test_a_command_that_fails_does_not_harm_the_others(engine: AsyncEngine) -> None:
    shared = SharedTransactions(engine)
    commands = [transaction] * AT_ONCE + [transaction, fail, transaction]
    found = await asyncio.gather(
        *(shared.transact(command, "") for command in commands), return_exceptions=True
    )
    failed = [isinstance(one, Exception) for one in found]
    assert failed == [False] * AT_ONCE + [False, True, False]
    assert len(set(found)) == len(commands)  # each was run again in its own transaction


async def test_a_command_whose_caller_is_cancelled_is_not_run(engine: AsyncEngine) -> None:
    shared, ran = SharedTransactions(engine), list[str]()

    async def note(_: AsyncConnection, subjects: Sequence[str]) -> Sequence[str]:
        ran.extend(subjects)
        return subjects

    first = [asyncio.create_task(shared.transact(transaction, "")) for _ in range(AT_ONCE)]
    waiting = asyncio.create_task(shared.transact(note, ""))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(*first)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not ran


async def test_when_the_one_that_runs_is_cancelled_the_others_fail(engine: AsyncEngine) -> None:
    shared, began = SharedTransactions(engine), asyncio.Event()

    async def hang(_: AsyncConnection, __: Sequence[str]) -> list[str]:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    tasks = [asyncio.create_task(shared.transact(transaction, "")) for _ in range(AT_ONCE)]
    runs = asyncio.create_task(shared.transact(hang, ""))
    shares = asyncio.create_task(shared.transact(transaction, ""))
    await began.wait()
    runs.cancel()
    with pytest.raises(ConnectionError):
        await shares
    await asyncio.gather(*tasks)
    with pytest.raises(asyncio.CancelledError):
        await runs


async def test_a_command_alone_has_its_own_transaction(engine: AsyncEngine) -> None:
    shared = SharedTransactions(engine)
    ids = await asyncio.gather(
        *(shared.transact_alone(transaction, "") for _ in range(2 * AT_ONCE))
    )
    assert len(set(ids)) == len(ids)
