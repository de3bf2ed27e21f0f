"""Statements that write pictures, and what shows them. Nothing here commits."""

from uuid import UUID

from sqlalchemy import delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.pictures.checking import CheckedPicture
from app.domain.errors import NotFoundError
from app.tables.joins import of_practice
from app.tables.pictures import Picture
from app.tables.practices import Practice, Practitioner


async def add_picture(db: AsyncConnection, practice_id: UUID, picture: CheckedPicture) -> None:
    """Insert a picture, unless the practice has it."""
    await db.execute(
        insert(Picture)
        .values(
            practice_id=practice_id,
            name=picture.name,
            content=picture.content,
            small=picture.small,
        )
        .on_conflict_do_nothing(index_elements=("practice_id", "name"))
    )


async def delete_unshown(db: AsyncConnection, practice_id: UUID, name: str | None) -> None:
    """Delete a picture that nothing of its practice shows any more."""
    is_logo = exists().where(of_practice(practice_id, Practice, Practice.logo == name))
    is_photo = exists().where(of_practice(practice_id, Practitioner, Practitioner.photo == name))
    unshown = of_practice(practice_id, Picture, Picture.name == name, ~is_logo, ~is_photo)
    await db.execute(delete(Picture).where(unshown))


async def read_logo(db: AsyncConnection, practice_id: UUID) -> str | None:
    """Read the name of the practice's logo; None: it has none."""
    logo: str | None = await db.scalar(
        select(Practice.logo).where(Practice.practice_id == practice_id)
    )
    return logo


async def write_logo(db: AsyncConnection, practice_id: UUID, name: str | None) -> None:
    """Show another picture as the practice's logo, or none."""
    own = Practice.practice_id == practice_id
    await db.execute(update(Practice).where(own).values(logo=name))


async def lock_photo(db: AsyncConnection, practice_id: UUID, practitioner_id: UUID) -> str | None:
    """Lock a practitioner, and read the name of their photo; None: they have none.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    own = of_practice(practice_id, Practitioner, Practitioner.id == practitioner_id)
    found = await db.execute(select(Practitioner.photo).where(own).with_for_update(key_share=True))
    row = found.one_or_none()
    if row is None:
        raise NotFoundError
    photo: str | None = row.photo
    return photo


async def write_photo(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, name: str | None
) -> None:
    """Show another picture as a practitioner's photo, or none."""
    own = of_practice(practice_id, Practitioner, Practitioner.id == practitioner_id)
    await db.execute(update(Practitioner).where(own).values(photo=name))
