"""The expression that counts the credits of a package."""

from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Select, func, select

from app.tables.joins import of_practice
from app.tables.sessions import CreditRedemption


def credits_in_use(
    practice_id: UUID | BindParameter[UUID],
    package_id: Any,  # noqa: ANN401 - a UUID or a column
) -> Select[int]:
    """Count the credits of a package that are in use: also the forfeited, not the returned ones."""
    return select(func.count()).where(
        of_practice(
            practice_id,
            CreditRedemption,
            CreditRedemption.package_id == package_id,
            CreditRedemption.returned_at.is_(None),
        )
    )
