"""The looks of the demo's practices: colours, logos and photos, which are drawn here."""

from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import NamedTuple
from uuid import UUID

from PIL import Image, ImageDraw
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import OPERATOR
from app.demo.records import HARBOR, LENA, LUMIERE, MAYA, PARK, DemoPractitioner
from app.directory.pictures.checking import check_picture
from app.directory.pictures.commands import change_logo, change_photo
from app.directory.practice.commands import change_practice

# Drawn four times as large, so that edges are smooth.
_SIDE, _SCALE = 128, 4
_WHITE = "#ffffff"
Drawing = Callable[[ImageDraw.ImageDraw, int, str], None]


class _Look(NamedTuple):
    """The look of one practice."""

    accent: str
    draw: Drawing
    values: dict[str, str]


def _waves(draw: ImageDraw.ImageDraw, side: int, accent: str) -> None:
    draw.ellipse((0, 0, side - 1, side - 1), fill=accent)
    step = side // 4
    for row in range(3):
        top = side * (34 + 16 * row) // 100
        for left in range(side // 8, side * 3 // 4, step):
            box = (left, top, left + step, top + step // 2)
            draw.arc(box, 180, 360, fill=_WHITE, width=side // 28)


def _leaf(draw: ImageDraw.ImageDraw, side: int, accent: str) -> None:
    draw.rounded_rectangle((0, 0, side - 1, side - 1), side // 5, fill=accent)
    left, top, right, bottom = (side * part // 100 for part in (20, 14, 80, 74))
    draw.ellipse((left, top, right, bottom), fill=_WHITE)
    middle, width = side // 2, side // 24
    draw.line((middle, side * 30 // 100, middle, side * 88 // 100), fill=accent, width=width)
    draw.rectangle((middle - width, bottom, middle + width, side * 88 // 100), fill=_WHITE)


def _sun(draw: ImageDraw.ImageDraw, side: int, accent: str) -> None:
    box = tuple(side * part // 100 for part in (22, 22, 78, 78))
    for start in range(0, 360, 45):
        draw.pieslice((0, 0, side - 1, side - 1), start, start + 18, fill=accent)
    draw.ellipse(box, fill=_WHITE)
    draw.ellipse(tuple(side * part // 100 for part in (28, 28, 72, 72)), fill=accent)


def _person(draw: ImageDraw.ImageDraw, side: int, accent: str) -> None:
    draw.rectangle((0, 0, side, side), fill=accent)
    draw.ellipse(tuple(side * part // 100 for part in (34, 18, 66, 52)), fill=_WHITE)
    draw.ellipse(tuple(side * part // 100 for part in (16, 58, 84, 140)), fill=_WHITE)


_LOOKS = {
    HARBOR: _Look(
        "#2a6f6b",
        _waves,
        {
            "address": "12 Harbor Street\nNew York, NY 10004",
            "website": "https://harbor.example",
            "welcome": "Welcome to Harbor Wellness. Life happens: change your session here.",
            "footer": "Harbor Wellness LLC",
        },
    ),
    PARK: _Look(
        "#8a5a00",
        _leaf,
        {
            "address": "Parkstraße 7\n10115 Berlin",
            "website": "https://park.example",
            "sender_name": "Ihre Praxis am Park",
            "footer": "Praxis am Park, Dr. Lena Vogt",
        },
    ),
    LUMIERE: _Look(
        "#6d3fc0",
        _sun,
        {
            "address": "8 rue des Lilas\n75011 Paris",
            "website": "https://lumiere.example",
            "welcome": "Bienvenue au Cabinet Lumière.",
        },
    ),
}
_PHOTOS: tuple[tuple[DemoPractitioner, str], ...] = ((MAYA, "#b3643c"), (LENA, "#4a6b8a"))


async def write_looks(db: AsyncConnection, now: datetime) -> None:
    """Give each practice its look, and two practitioners a photo."""
    for practice_id, look in _LOOKS.items():
        values = {"accent": look.accent, **look.values}
        await change_practice(db, practice_id, OPERATOR, values=values, now=now)
        logo = check_picture(_drawn(look.draw, look.accent))
        await change_logo(db, practice_id, logo, actor=OPERATOR, now=now)
    for who, colour in _PHOTOS:
        await _write_photo(db, who.practice_id, who.id, colour, now)


async def _write_photo(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, colour: str, now: datetime
) -> None:
    photo = check_picture(_drawn(_person, colour))
    await change_photo(db, practice_id, practitioner_id, photo, actor=OPERATOR, now=now)


def _drawn(draw: Drawing, accent: str) -> bytes:
    side = _SIDE * _SCALE
    image = Image.new("RGBA", (side, side))
    draw(ImageDraw.Draw(image), side, accent)
    file = BytesIO()
    image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS).save(file, "PNG")
    return file.getvalue()
