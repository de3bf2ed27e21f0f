"""Statements on one practitioner's time off and busy times. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    DateTime,
    Uuid,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Part, in_order
from app.directory.practice.repository import PracticeRepository
from app.domain.errors import NotFoundError
from app.schedule.time_off.records import Absence, BusyTime, Following, Window
from app.tables.practices import BusyInterval

_ABSENCE = (
    BusyInterval.id,
    BusyInterval.practitioner_id,
    BusyInterval.starts_at,
    BusyInterval.ends_at,
    BusyInterval.external_ref,
)
_INSTANT = DateTime(timezone=True)


class BusyRepository:
    """Time off and busy times of one practitioner of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID, practitioner_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id
        self._practitioner_id = practitioner_id

    async def absence(self, absence_id: UUID) -> Absence:
        """Read time off of the practitioner.

        Raises:
            NotFoundError: the practitioner has no such time off.
        """
        row = (
            await self._db.execute(
                select(*_ABSENCE).where(*self._own("time_off"), BusyInterval.id == absence_id)
            )
        ).one_or_none()
        if row is None:
            raise NotFoundError
        return Absence(*row)

    async def absence_by_ref(self, external_ref: str) -> Absence | None:
        """Find time off by its `external_ref`, of any practitioner of the practice."""
        row = (
            await self._db.execute(
                select(*_ABSENCE).where(
                    BusyInterval.practice_id == self._practice_id,
                    BusyInterval.external_ref == external_ref,
                )
            )
        ).one_or_none()
        return None if row is None else Absence(*row)

    async def add_absence(
        self, starts_at: datetime, ends_at: datetime, external_ref: str | None
    ) -> Absence:
        """Insert time off."""
        absence_id = await PracticeRepository(self._db, self._practice_id).add(
            BusyInterval,
            practitioner_id=self._practitioner_id,
            kind="time_off",
            external_ref=external_ref,
            starts_at=starts_at,
            ends_at=ends_at,
        )
        return Absence(absence_id, self._practitioner_id, starts_at, ends_at, external_ref)

    async def change_absence(self, absence: Absence) -> None:
        """Update the start, the end and the reference of time off."""
        await self._db.execute(
            update(BusyInterval)
            .where(*self._own("time_off"), BusyInterval.id == absence.id)
            .values(
                starts_at=absence.starts_at,
                ends_at=absence.ends_at,
                external_ref=absence.external_ref,
            )
        )

    async def remove_absence(self, absence_id: UUID) -> None:
        """Delete time off."""
        await self._db.execute(
            delete(BusyInterval).where(*self._own("time_off"), BusyInterval.id == absence_id)
        )

    async def absences(self, window: Window, part: Part[Following]) -> list[Absence]:
        """List a page of the time off that overlaps a window, by start."""
        statement = self._within(select(*_ABSENCE), "time_off", window, part)
        return [Absence(*row) for row in (await self._db.execute(statement)).all()]

    async def busy_times(self, window: Window, part: Part[Following]) -> list[BusyTime]:
        """List a page of the busy times that overlap a window, by start."""
        table = BusyInterval
        columns = select(table.id, table.source, table.starts_at, table.ends_at)
        if "source" in part.filters:
            columns = columns.where(table.source == part.filters["source"])
        statement = self._within(columns, "external", window, part)
        return [BusyTime(*row) for row in (await self._db.execute(statement)).all()]

    async def times_of(self, source: str) -> list[tuple[datetime, datetime]]:
        """List all busy times of one source, by start."""
        rows = await self._db.execute(
            select(BusyInterval.starts_at, BusyInterval.ends_at)
            .where(*self._own("external"), BusyInterval.source == source)
            .order_by(BusyInterval.starts_at)
        )
        return [(row.starts_at, row.ends_at) for row in rows.all()]

    async def replace_times(self, source: str, times: Sequence[tuple[datetime, datetime]]) -> None:
        """Replace all busy times of one source, with two statements for any number of them."""
        await self._db.execute(
            delete(BusyInterval).where(*self._own("external"), BusyInterval.source == source)
        )
        new = (
            func.unnest(
                bindparam("ids", [uuid4() for _ in times], ARRAY(Uuid)),
                bindparam("starts", [start for start, _ in times], ARRAY(_INSTANT)),
                bindparam("ends", [end for _, end in times], ARRAY(_INSTANT)),
            )
            .table_valued(
                column("id", Uuid), column("starts_at", _INSTANT), column("ends_at", _INSTANT)
            )
            .render_derived()
        )
        rows = select(
            literal(self._practice_id, Uuid),
            new.c.id,
            literal(self._practitioner_id, Uuid),
            literal("external"),
            literal(source),
            new.c.starts_at,
            new.c.ends_at,
        )
        names = ["practice_id", "id", "practitioner_id", "kind", "source", "starts_at", "ends_at"]
        await self._db.execute(insert(BusyInterval).from_select(names, rows))

    def _own(self, kind: str) -> tuple[Any, ...]:
        return (
            BusyInterval.practice_id == self._practice_id,
            BusyInterval.practitioner_id == self._practitioner_id,
            BusyInterval.kind == kind,
        )

    def _within(
        self,
        statement: Any,  # noqa: ANN401 - a statement over any columns
        kind: str,
        window: Window,
        part: Part[Following],
    ) -> Any:  # noqa: ANN401
        table = BusyInterval
        statement = statement.where(*self._own(kind), table.ends_at > window.since)
        if window.until is not None:
            statement = statement.where(table.starts_at < window.until)
        after = None if part.after is None else (part.after.starts_at, part.after.id)
        return in_order(statement, (table.starts_at, table.id), after, part.limit)
