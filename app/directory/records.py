"""Create, change and push a practice's records, in the same way for all kinds.

A record is a mapping with the field names of the API. A kind with rules of its own has a subclass,
for example in app/directory/clients/records.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Subject, write_change
from app.directory.repository import Record, RecordRepository
from app.domain.errors import RefTakenError
from app.identity.api_keys.keys import Staff


@dataclass(frozen=True, slots=True)
class Replaced:
    """A record after a change, and whether any field differed."""

    record: Record
    is_changed: bool


@dataclass(frozen=True, slots=True)
class Pushed:
    """A record that was written by its `external_ref`, and whether it is new."""

    record: Record
    is_new: bool


class Records:
    """The commands on one kind of record.

    `audited_fields`: the fields whose values the audit log contains. They must not be personal
    data. A kind with rules of its own overrides `is_same`, `heeded`, `check` and `columns`.
    """

    audited_fields: frozenset[str] = frozenset()

    def __init__(self, rows: RecordRepository, subject: Subject) -> None:
        self.rows = rows
        self.subject = subject

    def is_same(self, name: str, before: Any, after: Any) -> bool:  # noqa: ANN401, ARG002 - a field
        """Return whether two values of a field are equal."""
        return bool(before == after)

    def heeded(self, before: Record, values: Record) -> Record:  # noqa: ARG002 - others look at it
        """Return the values that a change may set; the others are left as they are."""
        return values

    async def check(
        self, db: AsyncConnection, practice_id: UUID, before: Record | None, changed: Record
    ) -> None:
        """Check a change against the practice's other records. `before` is None for a new one."""

    def columns(
        self,
        before: Record | None,  # noqa: ARG002
        changed: Record,
        now: datetime,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return the columns to write for the changed fields."""
        return dict(changed)

    async def create(
        self, db: AsyncConnection, staff: Staff, values: Record, now: datetime
    ) -> Record:
        """Create a record.

        Raises:
            InvalidInputError: it conflicts with the practice's other records.
        """
        record_id = uuid4()
        await self._check_ref(db, staff.practice_id, record_id, values)
        return await self._make(db, staff, record_id, values, now)

    async def _make(
        self, db: AsyncConnection, staff: Staff, record_id: UUID, values: Record, now: datetime
    ) -> Record:
        await self.check(db, staff.practice_id, None, values)
        await self.rows.add(db, staff.practice_id, record_id, self.columns(None, values, now))
        await self.rows.write_parts(db, staff.practice_id, record_id, values)
        await self._record(db, staff, record_id, None, values, now)
        return await self.rows.find(db, staff.practice_id, record_id)

    async def change(
        self, db: AsyncConnection, staff: Staff, record_id: UUID, values: Record, now: datetime
    ) -> Record:
        """Change the given fields that differ. If no field differs, nothing is written.

        The record is locked first. A booking takes the same lock of its practitioner and of its
        package, so neither changes while a session is being booked.

        Raises:
            NotFoundError: the practice has no such record.
            InvalidInputError: the change conflicts with the practice's other records.
        """
        return (await self.replace(db, staff, record_id, values, now)).record

    async def replace(
        self, db: AsyncConnection, staff: Staff, record_id: UUID, values: Record, now: datetime
    ) -> Replaced:
        """Change a record as `change` does, and tell whether any field differed."""
        await self.rows.lock(db, staff.practice_id, record_id)
        before = await self.rows.find(db, staff.practice_id, record_id)
        changed = {
            name: value
            for name, value in self.heeded(before, values).items()
            if not self.is_same(name, before[name], value)
        }
        if not changed:
            return Replaced(before, is_changed=False)
        await self._check_ref(db, staff.practice_id, record_id, changed)
        await self.check(db, staff.practice_id, before, changed)
        columns = self.columns(before, changed, now)
        await self.rows.change(db, staff.practice_id, record_id, columns)
        await self.rows.write_parts(db, staff.practice_id, record_id, changed)
        await self._record(db, staff, record_id, before, changed, now)
        after = await self.rows.find(db, staff.practice_id, record_id)
        return Replaced(after, is_changed=True)

    async def push(
        self, db: AsyncConnection, staff: Staff, ref: str, values: Record, now: datetime
    ) -> Pushed:
        """Create or change the record with this `external_ref`.

        If two requests push a new record at the same time, the second one fails on the unique
        constraint; `transact` runs it again, and then it finds the record.

        Raises:
            InvalidInputError: the record conflicts with the practice's other records.
        """
        record_id = await self.rows.id_of_ref(db, staff.practice_id, ref)
        if record_id is None:
            # A second lookup could find the row that a concurrent push inserted and report a false
            # conflict.
            made = await self._make(db, staff, uuid4(), {**values, "external_ref": ref}, now)
            return Pushed(made, is_new=True)
        return Pushed(await self.change(db, staff, record_id, values, now), is_new=False)

    async def _check_ref(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, values: Record
    ) -> None:
        ref = values.get("external_ref")
        if ref is None:
            return
        found = await self.rows.id_of_ref(db, practice_id, ref)
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
        """Return the names of the changed fields, and the values of those in `audited_fields`."""
        audited = sorted(self.audited_fields & changed.keys())
        fields = [name for name, value in changed.items() if before or value is not None]
        details: dict[str, Any] = {"fields": sorted(fields)}
        if audited and before is not None:
            details["before"] = {name: before[name] for name in audited}
        if audited:
            details["after"] = {name: changed[name] for name in audited}
        plain: dict[str, Any] = to_jsonable_python(details)
        return plain


def _kind(before: Record | None, changed: Record) -> str:
    if before is None:
        return "created"
    if "active" in changed:
        return "reactivated" if changed["active"] else "deactivated"
    return "updated"
