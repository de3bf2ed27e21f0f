"""Statements on the practice itself, and inserts of its first records. Nothing here commits."""

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
    """Inserts the records of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def open_practice(
        self, *, name: str, currency: str, email: str, phone: str | None = None
    ) -> None:
        """Insert the practice itself, which all its records refer to."""
        record = {"name": name, "currency": currency, "email": email, "phone": phone}
        await self._db.execute(insert(Practice), {"practice_id": self._practice_id, **record})

    async def add(self, table: type[Identified], **values: Any) -> UUID:  # noqa: ANN401
        """Insert one record and give its id. Columns that are not given get their defaults."""
        record_id = values.pop("id", None) or uuid4()
        keys = {"practice_id": self._practice_id, "id": record_id}
        await self._db.execute(insert(table), {**keys, **values})
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
