"""Writing a practice's records. Nothing here commits, and no row forgets its tenant."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, equal, in_order, matching
from app.directory.search_queries import contains_part
from app.domain.errors import NotFoundError
from app.domain.policy.document import parse_rules
from app.tables.base import Identified
from app.tables.joins import of_practice
from app.tables.practices import (
    Client,
    Location,
    Package,
    PolicyVersion,
    Practice,
    Practitioner,
    Service,
)

Record = Mapping[str, Any]
RecordTable = type[Practitioner] | type[Location] | type[Service] | type[Client] | type[Package]


class NamePosition(NamedTuple):
    """The position of a record in a list by name."""

    name: str
    record_id: UUID


class RecordRepository:
    """Reads and writes the records of one kind: rows of one table, with the names of the wire.

    A kind whose records have more than the table's columns overrides `shown` and `write_parts`.
    """

    def __init__(self, table: RecordTable) -> None:
        self.table = table

    def filters(self) -> dict[str, Filter]:
        """Name the filters of the list of these records."""
        table = self.table
        return {"active": equal(table.active), "name": lambda part: contains_part(table.name, part)}

    def shown(self, practice_id: UUID) -> Select[*tuple[Any, ...]]:  # noqa: ARG002 - others join
        """Select all that an answer shows of a record."""
        columns = self.table.__table__.c
        return select(*(column for column in columns if column.name != "practice_id"))

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
        self, db: AsyncConnection, practice_id: UUID, part: Part[NamePosition]
    ) -> Sequence[Record]:
        """List records by name."""
        rows = await db.execute(self.list_statement(practice_id, part))
        return [row._asdict() for row in rows]

    def list_statement(self, practice_id: UUID, part: Part[NamePosition]) -> Select[Any]:
        """Build the statement that reads a part of the list."""
        conditions = matching(self.filters(), part.filters)
        wanted = self.shown(practice_id).where(of_practice(practice_id, self.table, *conditions))
        return in_order(wanted, (self.table.name, self.table.id), part.after, part.limit)

    async def id_of_ref(self, db: AsyncConnection, practice_id: UUID, ref: str) -> UUID | None:
        """Find the record with this id of the practice's own software."""
        return await db.scalar(
            select(self.table.id).where(
                self.table.practice_id == practice_id, self.table.external_ref == ref
            )
        )

    async def lock(self, db: AsyncConnection, practice_id: UUID, record_id: UUID) -> None:
        """Lock a record, if there is one."""
        own = self._own(practice_id, record_id)
        await db.execute(select(self.table.id).where(*own).with_for_update(key_share=True))

    async def add(
        self, db: AsyncConnection, practice_id: UUID, record_id: UUID, columns: Record
    ) -> None:
        """Write a new record."""
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
        """Write what a record has in other tables."""

    async def _one(
        self, db: AsyncConnection, practice_id: UUID, condition: ColumnElement[bool]
    ) -> Record:
        wanted = self.shown(practice_id).where(of_practice(practice_id, self.table, condition))
        row = (await db.execute(wanted)).one_or_none()
        if row is None:
            raise NotFoundError
        return row._asdict()

    def _own(self, practice_id: UUID, record_id: UUID) -> tuple[ColumnElement[bool], ...]:
        return (self.table.practice_id == practice_id, self.table.id == record_id)


class PracticeRepository:
    """The records of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def open_practice(
        self, *, name: str, currency: str, email: str, phone: str | None = None
    ) -> None:
        """Write the practice itself, which everything else refers to."""
        await self._db.execute(
            insert(Practice).values(
                practice_id=self._practice_id,
                name=name,
                currency=currency,
                email=email,
                phone=phone,
            )
        )

    async def add(self, table: type[Identified], **values: Any) -> UUID:  # noqa: ANN401
        """Write one record and give its id. What is not named stays without a value."""
        record_id = values.pop("id", None) or uuid4()
        await self._db.execute(
            insert(table).values(practice_id=self._practice_id, id=record_id, **values)
        )
        return record_id

    async def add_policy_version(
        self,
        *,
        text: str,
        rules: dict[str, Any] | None,
        now: datetime,
        practitioner_id: UUID | None = None,
        service_id: UUID | None = None,
    ) -> UUID:
        """Write the next version of a service's, a practitioner's, or the practice's policy.

        Sessions booked from now on come under it; those booked before keep theirs. Without rules
        there is no policy of its own from now on. Who writes a version holds the practice's row, so
        that of two written at once each gets a number of its own.

        Raises:
            ValueError, KeyError: the rules have no meaning.
        """
        if rules is not None:
            parse_rules(rules)
        await self._db.execute(
            select(Practice.practice_id)
            .where(Practice.practice_id == self._practice_id)
            .with_for_update(key_share=True)
        )
        number = await self._db.scalar(
            select(func.coalesce(func.max(PolicyVersion.number), 0) + 1).where(
                PolicyVersion.practice_id == self._practice_id,
                PolicyVersion.practitioner_id.is_not_distinct_from(practitioner_id),
                PolicyVersion.service_id.is_not_distinct_from(service_id),
            )
        )
        return await self.add(
            PolicyVersion,
            practitioner_id=practitioner_id,
            service_id=service_id,
            number=number,
            text=text,
            rules=rules,
            created_at=now,
        )
