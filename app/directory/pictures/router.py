"""`PUT` and `DELETE` of the logo and of photos, and the pictures as they are served."""

import re

from fastapi import APIRouter, Response

from app.directory.pictures.commands import change_logo, change_photo
from app.directory.pictures.queries import read_picture
from app.directory.pictures.schemas import PICTURE_BODY, PictureView, Uploaded
from app.domain.errors import NotFoundError
from app.identity.staff_dependencies import AdminWriting, StaffAdmin, StaffWriter, StaffWriting
from app.web.dependencies import Now, Reading
from app.web.pictures import PICTURES, picture_path
from app.web.problems.catalogue import WRITING_BY_STAFF, responses
from app.web.responses import answered, done
from app.web.types import PathId, PractitionerId

router = APIRouter()

_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
_NAME = re.compile(r"[0-9a-f]{64}\.(?P<ending>png|jpg|webp)", re.ASCII)
# Of what is at such a path, only the absence can change.
_SERVED = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    # Portals of other origins show pictures too.
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_LOGO = "/v1/practice/logo"
_PHOTO = "/v1/practice/practitioners/{practitioner_id}/photo"
_RECORDS = "Practice: records"


@router.put(
    _LOGO,
    tags=[_RECORDS],
    summary="Set the practice's logo",
    response_model=PictureView,
    responses=responses(*WRITING_BY_STAFF),
    openapi_extra=PICTURE_BODY,
)
async def put_logo(staff: StaffAdmin, picture: Uploaded, now: Now, write: AdminWriting) -> Response:
    """Set the logo that pages and emails show. The body is a PNG, JPEG or WebP.

    The picture is decoded and encoded again: metadata and animation are lost. SVG is refused. A
    logo that is as wide as high, or wider, fits best.
    """
    return await write(
        lambda db: change_logo(db, staff.practice_id, picture, actor=staff.actor, now=now),
        lambda _: answered(PictureView(url=picture_path(staff.practice_id, picture.name))),
    )


@router.delete(
    _LOGO,
    tags=[_RECORDS],
    status_code=204,
    summary="Remove the practice's logo",
    responses=responses(*WRITING_BY_STAFF),
)
async def delete_logo(staff: StaffAdmin, now: Now, write: AdminWriting) -> Response:
    """Remove the logo. Without one, nothing changes."""
    return await write(
        lambda db: change_logo(db, staff.practice_id, None, actor=staff.actor, now=now), done
    )


@router.put(
    _PHOTO,
    tags=[_RECORDS],
    summary="Set a practitioner's photo",
    response_model=PictureView,
    responses=responses(*WRITING_BY_STAFF, "not-found"),
    openapi_extra=PICTURE_BODY,
)
async def put_photo(
    practitioner_id: PractitionerId,
    staff: StaffWriter,
    picture: Uploaded,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Set the photo that pages show of a practitioner, as for the practice's logo."""
    return await write(
        lambda db: change_photo(
            db, staff.practice_id, practitioner_id, picture, actor=staff.actor, now=now
        ),
        lambda _: answered(PictureView(url=picture_path(staff.practice_id, picture.name))),
    )


@router.delete(
    _PHOTO,
    tags=[_RECORDS],
    status_code=204,
    summary="Remove a practitioner's photo",
    responses=responses(*WRITING_BY_STAFF, "not-found"),
)
async def delete_photo(
    practitioner_id: PractitionerId, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Remove a practitioner's photo. Without one, nothing changes."""
    return await write(
        lambda db: change_photo(
            db, staff.practice_id, practitioner_id, None, actor=staff.actor, now=now
        ),
        done,
    )


@router.get(f"{PICTURES}/{{practice_id}}/{{name}}", include_in_schema=False)
async def get_picture(practice_id: PathId, name: str, db: Reading) -> Response:
    """Show a picture. It needs no token, and can be cached for ever: its path names its content."""
    known = _NAME.fullmatch(name)
    content = None if known is None else await read_picture(db, practice_id, name)
    if known is None or content is None:
        raise NotFoundError
    return Response(content, headers=_SERVED, media_type=_TYPES[known["ending"]])
