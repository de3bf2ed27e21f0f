"""Change the practice's logo, and the photos of its practitioners."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.directory.pictures.checking import CheckedPicture
from app.directory.pictures.repository import (
    add_picture,
    delete_unshown,
    lock_photo,
    read_logo,
    write_logo,
    write_photo,
)
from app.directory.practice.repository import lock_practice


async def change_logo(
    db: AsyncConnection,
    practice_id: UUID,
    picture: CheckedPicture | None,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Set the practice's logo, or remove it. If it is the same already, nothing is written."""
    # All writes of pictures take this lock: one may not delete what another begins to show.
    await lock_practice(db, practice_id)
    name, before = _name_of(picture), await read_logo(db, practice_id)
    if name == before:
        return
    if picture is not None:
        await add_picture(db, practice_id, picture)
    await write_logo(db, practice_id, name)
    await delete_unshown(db, practice_id, before)
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="practice",
        subject_id=practice_id,
        kind="updated",
        details={"fields": ["logo"]},
    )


async def change_photo(
    db: AsyncConnection,
    practice_id: UUID,
    practitioner_id: UUID,
    picture: CheckedPicture | None,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Set a practitioner's photo, or remove it. If it is the same already, nothing is written.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    await lock_practice(db, practice_id)
    name, before = _name_of(picture), await lock_photo(db, practice_id, practitioner_id)
    if name == before:
        return
    if picture is not None:
        await add_picture(db, practice_id, picture)
    await write_photo(db, practice_id, practitioner_id, name)
    await delete_unshown(db, practice_id, before)
    await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="practitioner",
        subject_id=practitioner_id,
        kind="updated",
        details={"fields": ["photo"]},
    )


def _name_of(picture: CheckedPicture | None) -> str | None:
    return None if picture is None else picture.name
