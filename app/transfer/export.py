"""Read all lines of an export, in the order in which an import takes them."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.transactions import snapshot
from app.directory.practice.queries import read_practice
from app.schedule.holidays.repository import read_closed_times
from app.tables.practices import Location, Practitioner, Service
from app.transfer import export_lines as lines
from app.transfer.export_lines import Fields
from app.transfer.lines import LineKind
from app.transfer.queries import (
    busy_statement,
    groups_statement,
    overrides_statement,
    policies_statement,
    records_statement,
    refs_of,
    sessions_statement,
    time_off_statement,
    weeks_statement,
)
from app.transfer.record_commands import RECORDS
from app.transfer.schemas import PracticeLine

# Rows that are in memory at once.
ROWS = 200


async def read_lines_of_practice(engine: AsyncEngine, practice_id: UUID) -> AsyncIterator[Fields]:
    """Read the practice line by line, with a cursor in one transaction: all lines show one state.

    In memory are `ROWS` rows, and the references of locations, practitioners and services.
    """
    async with snapshot(engine) as db:
        places = await refs_of(db, practice_id, Location)
        people = await refs_of(db, practice_id, Practitioner)
        services = await refs_of(db, practice_id, Service)
        yield await _practice(db, practice_id)
        yield await _holidays(db, practice_id)

        async def rows(
            statement: Select[*tuple[Any, ...]], present: Callable[[Any], Fields]
        ) -> AsyncIterator[Fields]:
            by_row = statement.execution_options(yield_per=ROWS)
            async with db.stream(by_row, {"practice_id": practice_id}) as found:
                async for row in found.mappings():
                    yield present(row)

        def records(kind: LineKind) -> AsyncIterator[Fields]:
            commands, schema = RECORDS[kind]
            return rows(
                records_statement(commands),
                lambda row: lines.record_line(kind, schema, row, services, places),
            )

        for part in (
            records(LineKind.LOCATION),
            records(LineKind.PRACTITIONER),
            rows(weeks_statement(), lambda row: lines.week_line(row, places)),
            rows(overrides_statement(), lambda row: lines.override_line(row, places)),
            rows(time_off_statement(), lambda row: lines.time_off_line(row, people)),
            rows(busy_statement(), lines.busy_line),
            records(LineKind.SERVICE),
            rows(policies_statement(), lines.policy_line),
            records(LineKind.CLIENT),
            records(LineKind.PACKAGE),
            rows(groups_statement(), lines.group_line),
            rows(sessions_statement(), lines.session_line),
        ):
            async for line in part:
                yield line


async def _practice(db: AsyncConnection, practice_id: UUID) -> Fields:
    practice = await read_practice(db, practice_id)
    return {"kind": LineKind.PRACTICE} | {
        name: practice[name] for name in PracticeLine.model_fields
    }


async def _holidays(db: AsyncConnection, practice_id: UUID) -> Fields:
    closed = await read_closed_times(db, practice_id)
    return {
        "kind": LineKind.HOLIDAYS,
        "dates": [{"date": one.date, "name": one.name} for one in closed.holidays],
        "closed_weekdays": closed.weekdays,
    }
