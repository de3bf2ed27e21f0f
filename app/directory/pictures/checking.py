"""Check a picture that staff upload, by decoding it and encoding it again.

What is served was written by us: nothing of the upload but its pixels is kept. So it has no
metadata, no animation, and nothing that is a picture for one program and a script for another.
"""

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any

from PIL import Image, ImageOps

from app.domain.errors import InvalidInputError

MAX_PIXELS = 1024
# A mail shows the small picture at half its size, so that it is sharp on dense screens.
MAIL_WIDTH, MAIL_HEIGHT = 400, 112
# Progressive JPEGs have about ten. Each is decoded over the whole picture.
MAX_SCANS = 100
_SCAN = b"\xff\xda"
_ENDINGS = {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}
# MPO is what Pillow calls a JPEG with a second picture behind the first, as some phones write it.
_KINDS = {"PNG": "PNG", "JPEG": "JPEG", "MPO": "JPEG", "WEBP": "WEBP"}
_QUALITY = 90


@dataclass(frozen=True, slots=True)
class CheckedPicture:
    """A picture as it is kept; `small` is a PNG or JPEG for mails."""

    name: str
    content: bytes
    small: bytes


def check_picture(uploaded: bytes) -> CheckedPicture:
    """Decode a PNG, JPEG or WebP and encode it again. Takes up to a tenth of a second.

    Raises:
        InvalidInputError: it is not such a picture, or damaged, or too large.
    """
    try:
        # Reads only the header; `_decoded` reads the pixels after their number is known.
        with Image.open(BytesIO(uploaded), formats=tuple(_ENDINGS)) as opened:
            kind = _KINDS[opened.format or ""]
            is_large = max(opened.size) > MAX_PIXELS
            pixels = None if is_large or _has_many_scans(kind, uploaded) else _decoded(opened)
    except Exception:  # noqa: BLE001 - the decoders raise whatever they meet in damaged data
        raise InvalidInputError("", "field.picture") from None
    if is_large:
        raise InvalidInputError("", "field.picture-size", most=MAX_PIXELS)
    if pixels is None:
        raise InvalidInputError("", "field.picture")
    content = _encoded(pixels, kind)
    return CheckedPicture(
        name=f"{sha256(content).hexdigest()}.{_ENDINGS[kind]}",
        content=content,
        small=_small(pixels),
    )


def _has_many_scans(kind: str, uploaded: bytes) -> bool:
    return kind == "JPEG" and uploaded.count(_SCAN) > MAX_SCANS


def _decoded(opened: Image.Image) -> Image.Image:
    """Read the first frame, upright, as RGB or RGBA."""
    opened.load()
    upright = ImageOps.exif_transpose(opened)
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _encoded(pixels: Image.Image, kind: str) -> bytes:
    options: dict[str, Any] = {"PNG": {"optimize": True}}.get(kind, {"quality": _QUALITY})
    # A new image has no metadata that an encoder could write.
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    file = BytesIO()
    bare.save(file, kind, **options)
    return file.getvalue()


def _small(pixels: Image.Image) -> bytes:
    """Encode the picture for mails, whose programs do not all know WebP."""
    fitting = pixels.copy()
    fitting.thumbnail((MAIL_WIDTH, MAIL_HEIGHT), Image.Resampling.LANCZOS)
    return _encoded(fitting, "PNG" if pixels.mode == "RGBA" else "JPEG")
