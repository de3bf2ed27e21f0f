"""Statements on the practice itself, and writing its first records. Nothing here commits."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.policy.document import parse_rules
from app.tables.base import Identified
from app.tables.practices import PolicyVersion, Practice


async def lock_practice(db: AsyncConnection, practice_id: UUID) -> None:
    """Lock the practice's row, so that commands that count its records run one at a time."""
    own = Practice.practice_id == practice_id
    await db.execute(select(Practice.practice_id).where(own).with_for_update(key_share=True))


async def write_practice(db: AsyncConnection, practice_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of the practice."""
    own = Practice.practice_id == practice_id
    await db.execute(update(Practice).where(own).values(**values))


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
        await lock_practice(self._db, self._practice_id)
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
