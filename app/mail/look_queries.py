"""The columns with the look of the practice that a mail comes from."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.mail.brand import Look
from app.tables.joins import PRACTICE, of_practice
from app.tables.pictures import Picture
from app.tables.practices import Practice

# The condition on which the logo is joined. It may be missing.
IS_LOGO = of_practice(PRACTICE, Picture, Picture.name == Practice.logo)
LOOK_COLUMNS = (
    Practice.sender_name.label("look_sender_name"),
    Practice.accent.label("look_accent"),
    Picture.small.label("look_logo"),
    Practice.website.label("look_website"),
    Practice.address.label("look_address"),
    Practice.footer.label("look_footer"),
)


def to_look(row: Mapping[Any, Any]) -> Look:
    """Read the look from `LOOK_COLUMNS`."""
    return Look(
        sender_name=row["look_sender_name"],
        accent=row["look_accent"],
        logo=row["look_logo"],
        website=row["look_website"],
        address=row["look_address"],
        footer=row["look_footer"],
    )


async def read_look(db: AsyncConnection, practice_id: UUID) -> Look:
    """Read the look of a practice, which must exist."""
    wanted = select(*LOOK_COLUMNS).select_from(Practice).outerjoin(Picture, IS_LOGO)
    of_one = wanted.where(of_practice(PRACTICE, Practice))
    found = await db.execute(of_one, {"practice_id": practice_id})
    return to_look(found.mappings().one())
