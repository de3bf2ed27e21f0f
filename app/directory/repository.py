"""Statements on a practice's records. Nothing here commits; each statement names the practice."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, insert, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.database.lists import Filter, Part, equal, in_order, matching
from app.directory.search_queries import contains_part
from app.domain.errors import NotFoundError
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import (
    Client,
    Location,
    Package,
    Practitioner,
    Service,
)

Record = Mapping[str, Any]
RecordTable = type[Practitioner] | type[Location] | type[Service] | type[Client] | type[Package]


class RecordPosition(NamedTuple):
    """The position of a record in a list by name.

    Addresses are logged and cursors can be read, so the name is not in it.
    """

    record_id: UUID


class RecordRepository:
    """Reads and writes one kind of record: rows of one table, with the field names of the API.

    A kind whose records contain data of other tables overrides `shown` and `write_parts`.
    """

    def __init__(self, table: RecordTable) -> None:
        self.table = table

    def filters(self) -> dict[str, Filter]:
        """Return the filters of the list by name."""
        table = self.table
        return {"active": equal(table.active), "name": lambda part: contains_part(table.name, part)}

    def shown(self) -> Select[*tuple[Any, ...]]:
        """Select what an answer contains of a record. Parameter: `practice_id`."""
        columns = self.table.__table__.c
        return select(*(column for column in columns if column.name != "practice_id"))

    async def find(self, db: AsyncConnection, practice_id: UUID, record_id: UUID) -> Record:
        """Read one record.

        Raises:
            NotFoundError: the practice has no record with this id.
        """
        return await self._one(db, practice_id, self.table.id == record_id)

    async def find_by_ref(self, db: AsyncConnection, practice_id: UUID, ref: str) -> Record:
        """Read one record by its `external_ref`.

        Raises:
            NotFoundError: the practice has no record with this reference.
        """
        return await self._one(db, practice_id, self.table.external_ref == ref)

    async def list(
        self, db: AsyncConnection, practice_id: UUID, part: Part[RecordPosition]
    ) -> Sequence[Record]:
        """List records in the order of their names.

        A page begins after the name that the last record of the page before has by then.
        """
        rows = await db.execute(self.list_statement(part), {"practice_id": practice_id})
        return [row._asdict() for row in rows]

    def list_statement(self, part: Part[RecordPosition]) -> Select[Any]:
        """Build the statement that reads a part of the list."""
        conditions = matching(self.filters(), part.filters)
        if part.after is not None:
            conditions.append(self._is_after(part.after.record_id))
        wanted = self.shown().where(of_practice(PRACTICE, self.table, *conditions))
        return in_order(wanted, (self.table.name, self.table.id), None, part.limit)

    def _is_after(self, record_id: UUID) -> ColumnElement[bool]:
        last, last_id = aliased(self.table), literal(record_id, Uuid)
        name = select(last.name).where(of_practice(PRACTICE, last, last.id == last_id))
        return tuple_(self.table.name, self.table.id) > tuple_(name.scalar_subquery(), last_id)

    async def id_of_ref(self, db: AsyncConnection, practice_id: UUID, ref: str) -> UUID | None:
        """Return the id of the record with this `external_ref`, or None."""
        return await db.scalar(
            select(self.table.id).where(
                self.table.practice_id == practice_id, self.table.external_ref == ref
            )
        )

    async def lock(self, db: AsyncConnection, practice_id: UUID, record_id: UUID) -> None:
        """Lock a record, if it exists."""
        own = self._own(practice_id, record_id)
        await db.execute(select(self.table.id).where(*own).with_for_update(key_share=True))

    async def add(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, columns: Record
    ) -> None:
        """Insert a record."""
        await db.execute(
            insert(self.table).values(practice_id=practice_id, id=record_id, **columns)
        )

    async def change(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, columns: Record
    ) -> None:
        """Change columns of a record."""
        if columns:
            own = self._own(practice_id, record_id)
            await db.execute(update(self.table).where(*own).values(**columns))

    async def write_parts(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, changed: Record
    ) -> None:
        """Write the changed parts of a record that are in other tables. By default none are."""

    async def _one(
        self, db: AsyncConnection, practice_id: UUID, condition: ColumnElement[bool]
    ) -> Record:
        wanted = self.shown().where(of_practice(PRACTICE, self.table, condition))
        row = (await db.execute(wanted, {"practice_id": practice_id})).one_or_none()
        if row is None:
            raise NotFoundError
        return row._asdict()

    def _own(self, practice_id: UUID, record_id: UUID) -> tuple[ColumnElement[bool], ...]:
        return (self.table.practice_id == practice_id, self.table.id == record_id)
