"""What the calls about pictures take and answer."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Request
from pydantic import Field

from app.directory.pictures.checking import CheckedPicture, check_picture
from app.web.body_limit import PICTURE_TYPES
from app.web.json import Answer


class PictureView(Answer):
    """Where a picture is served."""

    url: str = Field(
        description="Path of the picture at this API. It contains the hash of the content.",
        examples=[f"/v1/pictures/3f0c7f2e-8a1b-4c6d-9e3f-0a1b2c3d4e5f/{'b1946ac9' * 8}.png"],
    )


async def _uploaded(request: Request) -> CheckedPicture:
    """Check the picture in the body, in a thread: decoding takes processor time."""
    return await asyncio.to_thread(check_picture, await request.body())


Uploaded = Annotated[CheckedPicture, Depends(_uploaded)]

# FastAPI describes no body that is not JSON.
PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The picture itself, not a form: at most 100 KiB, and 1,024 pixels a side.",
        "content": {kind: {"schema": {"type": "string"}} for kind in sorted(PICTURE_TYPES)},
    }
}
