"""The table of allowance uses, and the expression that reads those of a client.

Source: docs/decisions/0047-allowance.md.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, Text, case, cast, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.policy.allowance import MOST_FREE
from app.tables.base import Base, Identified, reference
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import PolicyVersion


class AllowanceUse(Identified, Base):
    """One use of a client's allowance, over all sessions of the practice. Never deleted.

    `id` is the id of the entry of the audit log that made it: a change of a session, or an
    adjustment by staff, which has no `session_id`. It counts until it is given back, at
    `given_back_at`.
    """

    __tablename__ = "allowance_uses"
    client_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    used_at: Mapped[datetime]
    given_back_at: Mapped[datetime | None]
    given_back_by: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        reference("id", "changes"),
        reference("client_id", "clients"),
        reference("session_id", "sessions"),
        CheckConstraint("given_back_by IN ('undo', 'refill', 'staff')", name="given_back_by"),
        CheckConstraint("(given_back_at IS NULL) = (given_back_by IS NULL)", name="given_back"),
        Index(
            "ix_allowance_uses_standing",
            "practice_id",
            "client_id",
            "used_at",
            postgresql_where=text("given_back_at IS NULL"),
        ),
        Index(None, "practice_id", "client_id", "used_at", "id"),
        Index(
            None,
            "practice_id",
            "session_id",
            postgresql_where=text("session_id IS NOT NULL"),
        ),
    )


def latest_uses_of(client_id: Any) -> ColumnElement[str]:  # noqa: ANN401 - a column
    """Select when a client has used their allowance, as JSON text; null if never.

    The latest of those that were not given back. `uses_of` (app/sessions/read/rows.py) parses it.
    """
    latest = (
        select(AllowanceUse.used_at)
        .where(
            of_practice(
                PRACTICE,
                AllowanceUse,
                AllowanceUse.client_id == client_id,
                AllowanceUse.given_back_at.is_(None),
            )
        )
        .order_by(AllowanceUse.used_at.desc())
        .limit(MOST_FREE)
        .correlate(client_id.table)
        .subquery("latest_uses")
    )
    return select(cast(func.json_agg(latest.c.used_at), Text)).scalar_subquery()


def allowance_uses_of(client_id: Any) -> ColumnElement[str]:  # noqa: ANN401 - a column
    """Select `latest_uses_of` a client; null if the session's policy has no allowance.

    The policy is `PolicyVersion` in the statement.
    """
    return case((PolicyVersion.rules.has_key("allowance"), latest_uses_of(client_id)))
