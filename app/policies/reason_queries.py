"""Read the codes of the practice's own reasons."""

from uuid import UUID

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.joins import of_practice
from app.tables.practices import PolicyVersion


async def read_own_codes(db: AsyncConnection, practice_id: UUID) -> list[str]:
    """Read the codes of all policy versions, also of earlier ones, in alphabetical order.

    Sessions keep the version of their booking, so earlier codes stay in use.
    """
    listed = func.jsonb_array_elements(PolicyVersion.rules["reasons"]).table_valued("value")
    code = cast(listed.c.value, JSONB)["code"].astext
    statement = (
        select(code)
        .distinct()
        .select_from(PolicyVersion)
        .join(listed, of_practice(practice_id, PolicyVersion))
        .order_by(code)
    )
    return list((await db.scalars(statement)).all())
