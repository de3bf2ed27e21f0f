"""Statements on a practice's records. Nothing here commits; each statement names the practice."""

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
    """Reads and writes one kind of record: rows of one table, with the field names of the API.

    A kind whose records contain data of other tables overrides `shown` and `write_parts`.
    """

    def __init__(self, table: RecordTable) -> None:
        self.table = table

    def filters(self) -> dict[str, Filter]:
        """Return the filters of the list by name."""
        table = self.table
        return {"active": equal(table.active), "name": lambda part: contains_part(table.name, part)}

    def shown(self, practice_id: UUID) -> Select[*tuple[Any, ...]]:  # noqa: ARG002 - others join
        """Select what an answer contains of a record."""
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
        self, db: AsyncConnection, practice_id: UUID, part: Part[NamePosition]
    ) -> Sequence[Record]:
        """List records in the order of their names."""
        rows = await db.execute(self.list_statement(practice_id, part))
        return [row._asdict() for row in rows]

    def list_statement(self, practice_id: UUID, part: Part[NamePosition]) -> Select[Any]:
        """Build the statement that reads a part of the list."""
        conditions = matching(self.filters(), part.filters)
        wanted = self.shown(practice_id).where(of_practice(practice_id, self.table, *conditions))
        return in_order(wanted, (self.table.name, self.table.id), part.after, part.limit)

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
        wanted = self.shown(practice_id).where(of_practice(practice_id, self.table, condition))
        row = (await db.execute(wanted)).one_or_none()
        if row is None:
            raise NotFoundError
        return row._asdict()

    def _own(self, practice_id: UUID, record_id: UUID) -> tuple[ColumnElement[bool], ...]:
        return (self.table.practice_id == practice_id, self.table.id == record_id)


class PracticeRepository:
    """Inserts the records of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def open_practice(
        self, *, name: str, currency: str, email: str, phone: str | None = None
    ) -> None:
        """Insert the practice itself, which all its records refer to."""
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
        """Insert one record and return its id. Columns that are not given get their defaults."""
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
        """Insert the next version of the policy of a service, a practitioner or the practice.

        It applies to sessions booked from now on; sessions booked before keep their version. A
        version without rules ends the policy. The practice's row is locked, so that concurrent
        versions get different numbers.

        Raises:
            ValueError, KeyError: the rules are invalid.
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
