"""Write sessions and groups as they stand, in the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.taken_times import TAKING_FOR_SESSION, taken_values
from app.database.statements import Read
from app.database.writing import Write
from app.domain.session import Format, Occupancy
from app.tables.credits import credits_in_use
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Package, PolicyVersion, ServiceFormat
from app.tables.sessions import CreditRedemption, Fee, Session

_TAKE = Write(TAKING_FOR_SESSION)
# The other columns have their defaults.
_COLUMNS = (
    "practice_id",
    "id",
    "client_id",
    "practitioner_id",
    "service_id",
    "policy_version_id",
    "policy_time_zone",
    "status",
    "version",
    "calendar_sequence",
    "starts_at",
    "ends_at",
    "taken_until",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "format",
    "location_id",
    "join_url",
    "instructions",
    "price_minor",
    "currency",
    "booked_starts_at",
    "client_moves",
    "carried_fee_minor",
    "carried_forfeit",
    "carried_since",
    "link_generation",
    "external_ref",
    "group_id",
    "seat",
    "moved_by_practice",
    "paid_before_minor",
    "grace_from",
    "confirmed_at",
    "frozen_deadlines",
    "pushed",
)
_ADD = Write(insert(Session), *_COLUMNS)
_INSTRUCTIONS = Read(
    select(ServiceFormat.instructions).where(
        of_practice(
            PRACTICE,
            ServiceFormat,
            ServiceFormat.service_id == bindparam("service_id"),
            ServiceFormat.format == bindparam("format"),
            ServiceFormat.location_id.is_not_distinct_from(bindparam("location_id")),
        )
    )
)


class ReplayRepository:
    """Writes sessions and groups of one practice that have already happened elsewhere."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def add_session(self, session_id: UUID, values: dict[str, Any]) -> None:
        """Insert a session with these columns."""
        await _ADD.run(self._db, {"practice_id": self._practice_id, "id": session_id, **values})

    async def take_time(self, practitioner_id: UUID, session_id: UUID, taken: Occupancy) -> None:
        """Take a time of the practitioner for a session. The caller has checked that it is free."""
        await _TAKE.run(
            self._db, taken_values(self._practice_id, practitioner_id, session_id, taken)
        )

    async def add_group(self, group_id: UUID, values: dict[str, Any]) -> None:
        """Insert a group with these columns."""
        await self._db.execute(
            insert(Group).values(practice_id=self._practice_id, id=group_id, **values)
        )

    async def instructions(
        self, service_id: UUID, kind: Format, location_id: UUID | None
    ) -> str | None:
        """Read how clients of a service join in a format; None: the service does not say."""
        row = await _INSTRUCTIONS.one(
            self._db,
            {
                "practice_id": self._practice_id,
                "service_id": service_id,
                "format": kind,
                "location_id": location_id,
            },
        )
        return None if row is None else row["instructions"]

    async def rules_of(self, version_id: UUID) -> dict[str, Any] | None:
        """Read the rules of a policy version, which exists."""
        rules: dict[str, Any] | None = await self._db.scalar(
            select(PolicyVersion.rules).where(
                of_practice(self._practice_id, PolicyVersion, PolicyVersion.id == version_id)
            )
        )
        return rules

    async def credits_left(self, package_id: UUID, client_id: UUID, service_id: UUID) -> int | None:
        """Lock a package and count its free credits; None: the client has no such package."""
        own = of_practice(
            self._practice_id,
            Package,
            Package.id == package_id,
            Package.client_id == client_id,
            Package.service_id == service_id,
        )
        credits_of_it = await self._db.scalar(
            select(Package.credits).where(own).with_for_update(key_share=True)
        )
        if credits_of_it is None:
            return None
        in_use = await self._db.scalar(credits_in_use(self._practice_id, package_id))
        return credits_of_it - (in_use or 0)

    async def add_redemption(self, **values: UUID | datetime | None) -> None:
        """Insert the credit that pays, or has paid, for a session."""
        await self._db.execute(
            insert(CreditRedemption).values(practice_id=self._practice_id, id=uuid4(), **values)
        )

    async def set_fee(self, change_id: UUID, **values: object) -> None:
        """Set the state of the fee of a change."""
        await self._db.execute(
            update(Fee)
            .where(of_practice(self._practice_id, Fee, Fee.change_id == change_id))
            .values(**values)
        )
