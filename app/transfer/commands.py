"""Import lines in transactions of at most `MOST_LINES`, each line in a savepoint of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime
from time import monotonic
from typing import Any, Protocol, TypeVar

import asyncpg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.transactions import UNIQUE_VIOLATION, sqlstate
from app.domain.errors import (
    DomainError,
    InvalidInputError,
    PayloadTooLargeError,
    UnavailableError,
)
from app.identity.api_keys.keys import Staff
from app.schedule.holidays.repository import lock_all_practitioners
from app.transfer.batch import Batch, OwnIdError, as_ref
from app.transfer.group_commands import import_group
from app.transfer.lines import Done, LineKind, LineResult, RawLine, parse_line
from app.transfer.record_commands import import_policy, import_practice, import_record
from app.transfer.schedule_commands import (
    import_busy_intervals,
    import_holidays,
    import_override,
    import_time_off,
    import_working_hours,
)
from app.transfer.session_commands import import_session

T = TypeVar("T")
MOST_LINES = 500
# A transaction keeps its locks until its end, and other commands wait for a lock for three seconds
# at most (app/database/bounds.py).
LONGEST_SECONDS = 1.0

# What ends a transaction, and with it the import.
_NOT_COMMITTED = (
    DomainError,
    DBAPIError,
    PoolTimeoutError,
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

_WITHOUT_REF: dict[LineKind, Callable[[Batch, dict[str, Any]], Awaitable[Done]]] = {
    LineKind.PRACTICE: import_practice,
    LineKind.HOLIDAYS: import_holidays,
    LineKind.WORKING_HOURS: import_working_hours,
    LineKind.HOURS_OVERRIDE: import_override,
    LineKind.BUSY_INTERVALS: import_busy_intervals,
    LineKind.POLICY: import_policy,
}


class RunInTransaction(Protocol):
    """Runs a command in one transaction of its own."""

    async def __call__(self, command: Callable[[AsyncConnection], Awaitable[T]], /) -> T:
        """Run a command, and give its result."""
        ...


async def import_lines(
    run: RunInTransaction, staff: Staff, lines: Sequence[RawLine], now: datetime
) -> AsyncIterator[list[LineResult]]:
    """Import lines in their order, and give the results of each transaction after its commit.

    If the first transaction fails, nothing is written and its error is raised. If a later one
    fails, its lines and all that follow have its error as their result.
    """
    position = 0
    while position < len(lines):
        part = lines[position : position + MOST_LINES]
        try:
            results = await run(lambda db, part=part: import_part(db, staff, part, now))  # type: ignore[misc]
        except _NOT_COMMITTED as error:
            if position == 0:
                raise
            yield [_not_tried(line, error) for line in lines[position:]]
            return
        yield results
        position += len(results)


async def import_part(
    db: AsyncConnection, staff: Staff, lines: Sequence[RawLine], now: datetime
) -> list[LineResult]:
    """Import lines for at most `LONGEST_SECONDS`, and at least one.

    Lines come in any order, and so would their locks. Commands lock the practice before services,
    and practitioners before groups, sessions and clients (app/calendar/locks.py).
    """
    await lock_all_practitioners(db, staff.practice_id)
    started, batch = monotonic(), Batch(db, staff, now)
    results: list[LineResult] = []
    for line in lines:
        results.append(await _import_line(batch, line))
        if monotonic() - started > LONGEST_SECONDS:
            break
    return results


async def _import_line(batch: Batch, line: RawLine) -> LineResult:
    """Import a line, or nothing of it.

    If another request has just written the same record, the second attempt finds it.
    """
    result = LineResult(line.number)
    try:
        fields = parse_line(line.text, result)
    except (InvalidInputError, PayloadTooLargeError) as error:
        result.error = error
        return result
    try:
        await _attempt(batch, result, fields)
    except (DBAPIError, asyncpg.PostgresError) as error:
        if sqlstate(error) != UNIQUE_VIOLATION:
            raise
        await _attempt(batch, result, fields)
    return result


async def _attempt(batch: Batch, result: LineResult, fields: dict[str, Any]) -> None:
    try:
        async with batch.db.begin_nested():
            result.done = await _write(batch, result, fields)
    except InvalidInputError as error:
        if not isinstance(error, OwnIdError):
            error.pointer = as_ref(error.pointer)
        result.error = error
    except (DomainError, ValidationError) as error:
        result.error = error


async def _write(batch: Batch, result: LineResult, fields: dict[str, Any]) -> Done:
    kind, ref = result.kind, result.external_ref
    assert kind is not None  # noqa: S101 - `parse_line` has set it
    if ref is None:
        return await _WITHOUT_REF[kind](batch, fields)
    if kind is LineKind.TIME_OFF:
        return await import_time_off(batch, ref, fields)
    if kind is LineKind.GROUP:
        return await import_group(batch, ref, fields)
    if kind is LineKind.SESSION:
        return await import_session(batch, ref, fields)
    return await import_record(batch, kind, ref, fields)


def _not_tried(line: RawLine, error: Exception) -> LineResult:
    result = LineResult(line.number)
    with suppress(InvalidInputError, PayloadTooLargeError):
        parse_line(line.text, result)
    is_ours = isinstance(error, DomainError)
    result.error = error if is_ours else UnavailableError("The database is not available.")
    return result
