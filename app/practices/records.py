"""The records that a practice keeps: read, created, changed and pushed again, all in one way.

A record is a mapping with the names that it has on the wire. Each kind of record says in a class
of its own what is special about it: app/practices/clients/records.py, and so on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic_core import to_jsonable_python
from sqlalchemy import ColumnElement, Select, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.changes.trail import Subject, write_change
from app.domain.errors import NotFoundError, RefTakenError
from app.practices.models import Client, Location, Package, Practitioner, Service
from app.practices.names import contains_part

Record = Mapping[str, Any]
Statement = Select[*tuple[Any, ...]]
Table = type[Practitioner] | type[Location] | type[Service] | type[Client] | type[Package]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list goes on: after the record of this name and id."""

    name: str
    record_id: UUID


@dataclass(frozen=True, slots=True)
class Pushed:
    """A record that was written by its `external_ref`, and whether it had to be made for that."""

    record: Record
    is_new: bool


class Records:
    """One kind of record. `told` are the fields whose values the trail tells: nothing personal."""

    told: frozenset[str] = frozenset()

    def __init__(self, table: Table, subject: Subject) -> None:
        self.table = table
        self.subject = subject

    # What a kind may say otherwise

    def shown(self) -> Statement:
        """Select all that an answer shows of a record."""
        columns = self.table.__table__.c
        return select(*(column for column in columns if column.name != "practice_id"))

    def matching(self, filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
        """Turn the filters of a list into conditions."""
        found: list[ColumnElement[bool]] = []
        if "active" in filters:
            found.append(self.table.active == filters["active"])
        if "name" in filters:
            found.append(contains_part(self.table.name, filters["name"]))
        return found

    def is_same(self, name: str, before: Any, after: Any) -> bool:  # noqa: ANN401, ARG002 - a field
        """Tell whether a field would stay as it is."""
        return bool(before == after)

    async def check(
        self, db: AsyncConnection, practice_id: UUID, before: Record | None, changed: Record
    ) -> None:
        """Refuse what the practice's other records do not allow; `before` is None for a new one."""

    def columns(self, before: Record | None, changed: Record) -> dict[str, Any]:  # noqa: ARG002
        """Give the columns that change, with those that follow from them."""
        return dict(changed)

    async def write_parts(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, changed: Record
    ) -> None:
        """Write what a record has in other tables."""

    # Reading

    async def find(self, db: AsyncConnection, practice_id: UUID, record_id: UUID) -> Record:
        """Read one record.

        Raises:
            NotFoundError: the practice has none with this id.
        """
        return await self._one(db, practice_id, self.table.id == record_id)

    async def find_by_ref(self, db: AsyncConnection, practice_id: UUID, ref: str) -> Record:
        """Read the record that the practice's own software knows by this id.

        Raises:
            NotFoundError: the practice has none.
        """
        return await self._one(db, practice_id, self.table.external_ref == ref)

    async def list(
        self,
        db: AsyncConnection,
        practice_id: UUID,
        filters: Mapping[str, Any],
        *,
        after: Position | None,
        limit: int,
    ) -> Sequence[Record]:
        """List records by name, `limit` at most."""
        key = (self.table.name, self.table.id)
        wanted = self.shown().where(self.table.practice_id == practice_id, *self.matching(filters))
        if after is not None:
            wanted = wanted.where(tuple_(*key) > tuple_(after.name, after.record_id))
        rows = await db.execute(wanted.order_by(*key).limit(limit))
        return [row._asdict() for row in rows]

    async def _one(
        self, db: AsyncConnection, practice_id: UUID, condition: ColumnElement[bool]
    ) -> Record:
        wanted = self.shown().where(self.table.practice_id == practice_id, condition)
        row = (await db.execute(wanted)).one_or_none()
        if row is None:
            raise NotFoundError
        return row._asdict()

    # Writing

    async def create(
        self, db: AsyncConnection, staff: Staff, values: Record, now: datetime
    ) -> Record:
        """Make a record.

        Raises:
            InvalidInputError: it does not go with the practice's other records.
        """
        record_id = uuid4()
        await self._check_ref(db, staff.practice_id, record_id, values)
        return await self._make(db, staff, record_id, values, now)

    async def _make(
        self, db: AsyncConnection, staff: Staff, record_id: UUID, values: Record, now: datetime
    ) -> Record:
        await self.check(db, staff.practice_id, None, values)
        await db.execute(
            insert(self.table).values(
                practice_id=staff.practice_id, id=record_id, **self.columns(None, values)
            )
        )
        await self.write_parts(db, staff.practice_id, record_id, values)
        await self._record(db, staff, record_id, None, values, now)
        return await self.find(db, staff.practice_id, record_id)

    async def change(
        self, db: AsyncConnection, staff: Staff, record_id: UUID, values: Record, now: datetime
    ) -> Record:
        """Change the fields that are named and differ; where none does, nothing is written.

        The record is locked first. A practitioner's lock is that of his time, a package's that of
        its credits, so neither changes under a session that is just being booked.

        Raises:
            NotFoundError: the practice has no such record.
            InvalidInputError: it would not go with the practice's other records.
        """
        own = (self.table.practice_id == staff.practice_id, self.table.id == record_id)
        await db.execute(select(self.table.id).where(*own).with_for_update(key_share=True))
        before = await self.find(db, staff.practice_id, record_id)
        changed = {
            name: value
            for name, value in values.items()
            if not self.is_same(name, before[name], value)
        }
        if not changed:
            return before
        await self._check_ref(db, staff.practice_id, record_id, changed)
        await self.check(db, staff.practice_id, before, changed)
        columns = self.columns(before, changed)
        if columns:
            await db.execute(update(self.table).where(*own).values(**columns))
        await self.write_parts(db, staff.practice_id, record_id, changed)
        await self._record(db, staff, record_id, before, changed, now)
        return await self.find(db, staff.practice_id, record_id)

    async def push(
        self, db: AsyncConnection, staff: Staff, ref: str, values: Record, now: datetime
    ) -> Pushed:
        """Write the record with this `external_ref`, whether it is there already or not.

        Of two pushes at once the later fails on the table's own key; `transact` runs it again, and
        then it finds the record there.

        Raises:
            InvalidInputError: it does not go with the practice's other records.
        """
        record_id = await self._id_of(db, staff.practice_id, ref)
        if record_id is None:
            # Looking for the ref again could find it made meanwhile, and call that a mistake.
            made = await self._make(db, staff, uuid4(), {**values, "external_ref": ref}, now)
            return Pushed(made, is_new=True)
        return Pushed(await self.change(db, staff, record_id, values, now), is_new=False)

    async def _id_of(self, db: AsyncConnection, practice_id: UUID, ref: str) -> UUID | None:
        return await db.scalar(
            select(self.table.id).where(
                self.table.practice_id == practice_id, self.table.external_ref == ref
            )
        )

    async def _check_ref(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, values: Record
    ) -> None:
        ref = values.get("external_ref")
        if ref is None:
            return
        found = await self._id_of(db, practice_id, ref)
        if found is not None and found != record_id:
            raise RefTakenError(f"field.ref-taken.{self.subject}", found)

    async def _record(
        self,
        db: AsyncConnection,
        staff: Staff,
        record_id: UUID,
        before: Record | None,
        changed: Record,
        now: datetime,
    ) -> None:
        await write_change(
            db,
            staff.practice_id,
            staff.actor,
            now,
            subject=self.subject,
            subject_id=record_id,
            kind=_kind(before, changed),
            details=self._details(before, changed),
        )

    def _details(self, before: Record | None, changed: Record) -> dict[str, Any]:
        """Name what has changed, and tell the values of what is not personal."""
        told = sorted(self.told & changed.keys())
        fields = [name for name, value in changed.items() if before or value is not None]
        details: dict[str, Any] = {"fields": sorted(fields)}
        if told and before is not None:
            details["before"] = {name: before[name] for name in told}
        if told:
            details["after"] = {name: changed[name] for name in told}
        plain: dict[str, Any] = to_jsonable_python(details)
        return plain


def _kind(before: Record | None, changed: Record) -> str:
    if before is None:
        return "created"
    if "active" in changed:
        return "reactivated" if changed["active"] else "deactivated"
    return "updated"
